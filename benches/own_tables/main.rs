//! Tables of one's own, with keys that are text or of two columns, UNIQUE, CHECKs and references: what `tradexa` takes
//! for them, in a file each and in one file, against one `sqlite3` shell that imports the same files into one file with
//! the same constraints and `foreign_keys = ON`.
//!
//!     cargo bench --bench own_tables
//!     cargo bench --bench own_tables -- --rows 300000 --runs 5 --keys counting,random
//!
//! Three shells that import side by side, with primary keys and no other constraint, are measured too. The programs run
//! in turn, each round in fresh folders (see the benchmark `load`). What counts is the median of the ratios within a
//! round. A first round that is not timed is watched for memory, on Linux only.

#[path = "../common/mod.rs"]
mod common;
mod files;
#[path = "../common/large.rs"]
mod large;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use clap::Parser;
use common::{DIR, cores, median, need, ratio, time, tradexa, watch};
use files::{Keys, generate};
use large::{CHANGED, print_line, thousands};
use rusqlite::Connection;

/// Measure loads of tables of one's own
#[derive(Parser)]
struct Options {
    /// Rows of each table
    #[arg(long, default_value_t = 300_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    rows: u64,
    /// How often to run each program
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// In which order the text keys are
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "counting,random"
    )]
    keys: Vec<Keys>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Parents first, as the shells import them.
const TABLES: [&str; 3] = ["customers", "products", "lines"];

/// The tables with all that SQLite is to enforce.
const SCHEMA: &str = "
CREATE TABLE customers (
    code TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    country TEXT CHECK (length(country) = 2)
);
CREATE TABLE products (
    sku TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    price REAL NOT NULL CHECK (price > 0)
);
CREATE TABLE lines (
    customer TEXT NOT NULL REFERENCES customers (code),
    number INTEGER NOT NULL,
    sku TEXT NOT NULL REFERENCES products (sku),
    quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 1000),
    PRIMARY KEY (customer, number)
);
";

/// The same tables with their primary keys alone.
const KEYS_ONLY: [&str; 3] = [
    "CREATE TABLE customers (code TEXT PRIMARY KEY, email TEXT, name TEXT, country TEXT)",
    "CREATE TABLE products (sku TEXT PRIMARY KEY, name TEXT, price REAL)",
    "CREATE TABLE lines (customer TEXT, number INTEGER, sku TEXT, quantity INTEGER, PRIMARY KEY (customer, number))",
];

/// The folder of a round, with a folder for the databases of each layout.
struct Round<'a> {
    /// The folder of the CSV files and of `schema.sql`.
    files: &'a Path,
    folder: PathBuf,
}

/// A step of a round: what it is called, and the programs that do it side by side.
type Step = (&'static str, fn(&Round) -> Vec<Command>);

/// What a round consists of, in this order. The first one is what the others are compared with.
const STEPS: [Step; 12] = [
    ("1 shell", |round| vec![import_all(round)]),
    ("3 shells", |round| {
        TABLES.map(|table| import(round, table)).into()
    }),
    ("first load", |round| vec![load(round, FILE_EACH, &[])]),
    ("again", |round| vec![load(round, FILE_EACH, &[])]),
    ("dry run", |round| {
        vec![load(round, FILE_EACH, &["--dry-run"])]
    }),
    ("check", |round| vec![check(round, FILE_EACH)]),
    ("update", |round| vec![update(round, FILE_EACH)]),
    ("one file", |round| vec![load(round, ONE_FILE, &[])]),
    ("again", |round| vec![load(round, ONE_FILE, &[])]),
    ("dry run", |round| {
        vec![load(round, ONE_FILE, &["--dry-run"])]
    }),
    ("check", |round| vec![check(round, ONE_FILE)]),
    ("update", |round| vec![update(round, ONE_FILE)]),
];

/// Where `tradexa` has its tables, below the folder of a round.
type Layout = (&'static str, &'static str);

const FILE_EACH: Layout = (DIR, "databases");
const ONE_FILE: Layout = ("--database", "app.db");

fn main() -> Result<()> {
    let options = Options::parse();
    need("sqlite3")?;
    let (cores, runs, rows) = (cores(), options.runs, options.rows);
    println!(
        "\nTables of one's own against 1 sqlite3 shell that enforces the same rules in one file"
    );
    println!(
        "{} rows a table; {cores}, medians of {runs} runs in turn\n",
        thousands(rows)
    );
    print!("{:<10}{:>7}", "keys", "");
    for (step, _) in STEPS {
        print!("{step:>12}");
    }
    println!();
    for keys in options.keys {
        compare(keys, rows, runs)?;
    }
    Ok(())
}

/// Measures all steps, and prints the results.
fn compare(keys: Keys, rows: u64, runs: u64) -> Result<()> {
    let files = tempfile::tempdir()?;
    generate(files.path(), keys, rows, None)?;
    let changed = files.path().join(CHANGED);
    std::fs::create_dir(&changed)?;
    generate(&changed, keys, rows, Some(10))?;
    std::fs::write(files.path().join("schema.sql"), SCHEMA)?;
    let peaks = round(files.path(), rows, |commands| watch(commands, |_| {}))?;
    let mut steps = STEPS.map(|_| Vec::new());
    for _ in 0..runs {
        for (step, seconds) in steps.iter_mut().zip(round(files.path(), rows, time)?) {
            step.push(seconds);
        }
    }
    print!("{:<10}", keys.name());
    print_line("ratio", 2, steps.iter().map(|step| ratio(step, &steps[0])));
    print!("{:10}", "");
    print_line("ms", 0, steps.iter().map(|step| median(step) * 1e3));
    print!("{:10}", "");
    print_line("MiB", 0, peaks.into_iter());
    Ok(())
}

/// Goes through all steps in a fresh folder, and returns what was measured.
fn round(files: &Path, rows: u64, measure: fn(Vec<Command>) -> Result<f64>) -> Result<Vec<f64>> {
    let folder = tempfile::tempdir()?;
    let round = Round {
        files,
        folder: folder.path().to_path_buf(),
    };
    Connection::open(round.folder.join("shell.db"))?.execute_batch(SCHEMA)?;
    for (table, sql) in TABLES.into_iter().zip(KEYS_ONLY) {
        Connection::open(round.folder.join(format!("{table}.db")))?.execute_batch(sql)?;
    }
    for layout in [FILE_EACH, ONE_FILE] {
        time(vec![ours(&round, layout, &["init"])])?;
    }
    let steps = STEPS.iter().map(|(_, commands)| measure(commands(&round)));
    let measured = steps.collect::<Result<_>>()?;
    for table in TABLES {
        let own = format!("{}/{table}.db", FILE_EACH.1);
        for file in [own.as_str(), ONE_FILE.1, "shell.db"] {
            let database = Connection::open(round.folder.join(file))?;
            let sql = format!("SELECT count(*) FROM {table}");
            let stored: i64 = database.query_row(&sql, [], |row| row.get(0))?;
            ensure!(
                stored.unsigned_abs() == rows,
                "{file}: {stored} of {rows} rows of {table} were stored"
            );
        }
    }
    Ok(measured)
}

fn ours(round: &Round, (option, path): Layout, arguments: &[&str]) -> Command {
    let mut command = tradexa(option, &round.folder.join(path), arguments);
    command.env("TRADEXA_SCHEMA", round.files.join("schema.sql"));
    command
}

fn load(round: &Round, layout: Layout, arguments: &[&str]) -> Command {
    let mut command = ours(round, layout, &["insert", "--strict", "--from"]);
    command.arg(round.files).args(arguments);
    command
}

fn update(round: &Round, layout: Layout) -> Command {
    let mut command = ours(round, layout, &["insert", "--strict", "--update", "--from"]);
    command.arg(round.files.join(CHANGED));
    command
}

fn check(round: &Round, layout: Layout) -> Command {
    ours(round, layout, &["check"])
}

/// One shell that imports everything, enforces everything, and is as durable.
fn import_all(round: &Round) -> Command {
    let mut shell = shell(round, "shell.db");
    shell.arg("PRAGMA foreign_keys = ON");
    shell.args(TABLES.map(|table| format!(".import --csv --skip 1 {table}.csv {table}")));
    shell
}

fn import(round: &Round, table: &str) -> Command {
    let mut shell = shell(round, &format!("{table}.db"));
    shell.arg(format!(".import --csv --skip 1 {table}.csv {table}"));
    shell
}

fn shell(round: &Round, database: &str) -> Command {
    let mut shell = Command::new("sqlite3");
    shell.current_dir(round.files).arg("-bail");
    shell.arg(round.folder.join(database));
    shell.args(["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"]);
    shell
}
