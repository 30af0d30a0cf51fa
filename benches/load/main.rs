//! Large CSV files: what `tradexa` does with them, which checks everything, against three `sqlite3` shells that import
//! the same files side by side with the same durability and check nothing.
//!
//!     cargo bench --bench load
//!     cargo bench --bench load -- --rows 300000 --runs 5 --shapes counting,shuffled,random
//!
//! The programs run in turn, each round in fresh folders below that for temporary files (`TMPDIR`): name one on the
//! disk that is to be measured. What counts is the median of the ratios within a round. A first round that is not timed
//! is watched for memory (that of the three shells taken together) and for processor time, on Linux only. It needs the
//! `sqlite3` shell. By default it takes three to four minutes on 2 cores.

#[path = "../common/mod.rs"]
mod common;
mod files;
#[path = "../common/large.rs"]
mod large;
mod threads;

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use clap::Parser;
use common::{DIR, cores, median, need, ratio, time, tradexa};
use files::{Shape, generate};
use large::{CHANGED, print_line, thousands};
use rusqlite::Connection;
use tempfile::TempDir;
use threads::{Seen, see};

/// Measure loads of large files
#[derive(Parser)]
struct Options {
    /// Rows of each table [default: 300000 of each shape, and 1000000 that count up]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    rows: Option<u64>,
    /// How often to run each program
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// How the ids of the rows lie
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "counting,shuffled,random"
    )]
    shapes: Vec<Shape>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Where a round takes place.
struct Place<'a> {
    /// The folder of the CSV files.
    files: &'a Path,
    /// The folder of the databases of the shells.
    shells: &'a Path,
    /// The folder of the databases of `tradexa`.
    ours: &'a Path,
}

/// A step of a round: what it is called, and the programs that do it side by side.
type Step = (&'static str, fn(&Place) -> Vec<Command>);

/// What a round consists of, in this order.
const STEPS: [Step; 6] = [
    ("3 shells", |place| {
        TABLES.map(|(table, _)| import(place, table)).into()
    }),
    ("first load", |place| vec![load(place.ours, place.files)]),
    ("again", |place| vec![load(place.ours, place.files)]),
    ("dry run", |place| {
        let mut load = load(place.ours, place.files);
        load.arg("--dry-run");
        vec![load]
    }),
    ("check", |place| vec![tradexa(DIR, place.ours, &["check"])]),
    ("update", |place| {
        let mut load = load(place.ours, &place.files.join(CHANGED));
        load.arg("--update");
        vec![load]
    }),
];

/// The place of the first load among the steps.
const FIRST_LOAD: usize = 1;

/// The tables, as the user of a shell would declare them.
const TABLES: [(&str, &str); 3] = [
    ("users", "id INTEGER PRIMARY KEY, name TEXT, email TEXT"),
    ("products", "id INTEGER PRIMARY KEY, name TEXT, price REAL"),
    (
        "orders",
        "id INTEGER PRIMARY KEY, user_id INTEGER, product_id INTEGER, quantity INTEGER",
    ),
];

fn main() -> Result<()> {
    let options = Options::parse();
    need("sqlite3")?;
    let (cores, runs) = (cores(), options.runs);
    println!("\nLarge files against 3 sqlite3 shells; {cores}, medians of {runs} runs in turn\n");
    print!("{:<10}{:>10}{:>7}", "ids", "rows", "");
    for (step, _) in STEPS {
        print!("{step:>12}");
    }
    println!();
    let rows = options.rows.unwrap_or(300_000);
    let mut sizes: Vec<_> = options.shapes.iter().map(|shape| (*shape, rows)).collect();
    if options.rows.is_none() && options.shapes.contains(&Shape::Counting) {
        sizes.insert(0, (Shape::Counting, 1_000_000));
    }
    let mut first = None;
    for (shape, rows) in sizes {
        let first_load = measure(shape, rows, runs)?;
        first.get_or_insert((shape, rows, first_load));
    }
    if let Some((shape, rows, first_load)) = first
        && !first_load.is_empty()
    {
        let (shape, rows) = (shape.name(), thousands(rows));
        println!("\nProcessor time of the first load, {shape} ids, {rows} rows\n");
        first_load.print();
    }
    let ratio = at_once(rows, runs)?;
    println!("\nTwo loads at once into one folder, by the same loads in turn: {ratio:.2}");
    Ok(())
}

/// Measures all steps, prints the results, and returns what was seen of the first load.
fn measure(shape: Shape, rows: u64, runs: u64) -> Result<Seen> {
    let files = tempfile::tempdir()?;
    generate(files.path(), shape, 1, rows, None)?;
    let changed = files.path().join(CHANGED);
    std::fs::create_dir(&changed)?;
    generate(&changed, shape, 1, rows, Some(10))?;
    let mut seen = round(files.path(), rows, see)?;
    let mut steps = STEPS.map(|_| Vec::new());
    for _ in 0..runs {
        let round = round(files.path(), rows, time)?;
        for (step, seconds) in steps.iter_mut().zip(round) {
            step.push(seconds);
        }
    }
    let ratios = steps.iter().map(|step| ratio(step, &steps[0]));
    let ms = steps.iter().map(|step| median(step) * 1e3);
    print!("{:<10}{:>10}", shape.name(), thousands(rows));
    print_line("ratio", 2, ratios);
    print!("{:20}", "");
    print_line("ms", 0, ms);
    print!("{:20}", "");
    print_line("MiB", 0, seen.iter().map(|seen| seen.peak));
    Ok(seen.swap_remove(FIRST_LOAD))
}

/// Goes through all steps in fresh folders, and returns what was measured.
fn round<T>(files: &Path, rows: u64, measure: fn(Vec<Command>) -> Result<T>) -> Result<Vec<T>> {
    let (shells, ours) = (tempfile::tempdir()?, tempfile::tempdir()?);
    for (table, columns) in TABLES {
        let sql = format!("CREATE TABLE {table} ({columns})");
        database(shells.path(), table)?.execute_batch(&sql)?;
    }
    time(vec![tradexa(DIR, ours.path(), &["init"])])?;
    let place = Place {
        files,
        shells: shells.path(),
        ours: ours.path(),
    };
    let steps = STEPS.iter().map(|(_, commands)| measure(commands(&place)));
    let measured = steps.collect::<Result<_>>()?;
    for folder in [place.shells, place.ours] {
        complete(folder, rows)?;
    }
    Ok(measured)
}

/// Makes sure that all rows are stored.
fn complete(folder: &Path, rows: u64) -> Result<()> {
    for (table, _) in TABLES {
        let sql = format!("SELECT count(*) FROM {table}");
        let stored: i64 = database(folder, table)?.query_row(&sql, [], |row| row.get(0))?;
        ensure!(
            stored.unsigned_abs() == rows,
            "{table}: {stored} of {rows} rows were stored"
        );
    }
    Ok(())
}

fn database(folder: &Path, table: &str) -> Result<Connection> {
    Ok(Connection::open(folder.join(format!("{table}.db")))?)
}

fn load(databases: &Path, files: &Path) -> Command {
    let mut command = tradexa(DIR, databases, &["insert", "--strict", "--from"]);
    command.arg(files);
    command
}

fn import(place: &Place, table: &str) -> Command {
    let mut shell = Command::new("sqlite3");
    shell.current_dir(place.files).arg("-bail");
    shell.arg(place.shells.join(format!("{table}.db")));
    shell.args(["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"]);
    shell.arg(format!(".import --csv --skip 1 {table}.csv {table}"));
    shell
}

/// How long two loads of different rows into one folder take at once, by how long they take one after the other.
fn at_once(rows: u64, runs: u64) -> Result<f64> {
    let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
    generate(first.path(), Shape::Counting, 1, rows, None)?;
    generate(second.path(), Shape::Counting, rows + 1, rows, None)?;
    let mut ratios = Vec::new();
    for _ in 0..runs {
        let (at_once, in_turn) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let load = |folder: &TempDir, files: &TempDir| load(folder.path(), files.path());
        time(vec![tradexa(DIR, at_once.path(), &["init"])])?;
        time(vec![tradexa(DIR, in_turn.path(), &["init"])])?;
        let both = time(vec![load(&at_once, &first), load(&at_once, &second)])?;
        let one = time(vec![load(&in_turn, &first)])?;
        let other = time(vec![load(&in_turn, &second)])?;
        ratios.push(both / (one + other));
        complete(at_once.path(), 2 * rows)?;
    }
    Ok(median(&ratios))
}
