//! The embedded seed: the whole `tradexa insert` process against a floor, a program that does nothing but write the
//! same rows with the same durability, and against a Python program that gives each record a thread and a connection.
//!
//!     cargo bench --bench seed
//!     cargo bench --bench seed -- --runs 11
//!
//! They run in turn, each in a fresh folder below that for temporary files (`TMPDIR`): name one on the disk that is to
//! be measured. What counts is the median of the ratios. It needs `python3`.

#[path = "../common/mod.rs"]
mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::Result;
use clap::{Parser, Subcommand};
use common::{DIR, cores, median, need, ratio, time, tradexa, watch};
use rusqlite::{Connection, params};

/// Measure the load of the embedded rows
#[derive(Parser)]
struct Options {
    /// How often to run each program
    #[arg(long, default_value_t = 101, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// Be the floor
    #[command(hide = true)]
    Floor { folder: PathBuf },
}

/// A program that inserts the rows.
struct Program {
    name: &'static str,
    /// Prepares the folder; not timed.
    prepare: fn(&Path) -> Result<()>,
    command: fn(&Path) -> Command,
}

/// The interpreter itself: `python3` may be a script that looks for it, which takes longer than the rows.
static PYTHON: LazyLock<String> = LazyLock::new(|| {
    let mut ask = Command::new("python3");
    let output = ask
        .args(["-c", "import sys; print(sys.executable)"])
        .output();
    let output = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_string()
});

const PROGRAMS: [Program; 3] = [
    Program {
        name: "tradexa insert: 25 threads, 25 connections, 25 commits",
        prepare: init,
        command: |folder| tradexa(DIR, folder, &["insert"]),
    },
    Program {
        name: "floor: one connection per database, one transaction per row",
        prepare: init,
        command: |folder| {
            let mut floor = Command::new(std::env::current_exe().unwrap_or_default());
            floor.arg("floor").arg(folder);
            floor
        },
    },
    Program {
        name: "Python: threading, one thread and one connection per record",
        prepare: |_| Ok(()),
        command: |folder| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let mut python = Command::new(&*PYTHON);
            python.arg(root.join("benches/seed/threads.py"));
            python.arg(root.join("seed")).arg(folder);
            python
        },
    },
];

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(Part::Floor { folder }) = options.part {
        return floor(&folder);
    }
    need("python3")?;
    let peaks = round(|command| watch(vec![command], |_| ()))?;
    let mut runs = PROGRAMS.map(|_| Vec::new());
    for _ in 0..options.runs {
        let seconds = round(|command| time(vec![command]))?;
        for (runs, seconds) in runs.iter_mut().zip(seconds) {
            runs.push(seconds);
        }
    }
    let (cores, count) = (cores(), options.runs);
    println!("\nThe embedded rows; {cores}, medians of {count} runs in turn\n");
    println!("      ms  tradexa / this  peak MiB");
    for ((program, seconds), peak) in PROGRAMS.iter().zip(&runs).zip(peaks) {
        let ms = median(seconds) * 1e3;
        let (ratio, name) = (ratio(&runs[0], seconds), program.name);
        println!("{ms:>8.1}  {ratio:>14.2}  {peak:>8.1}  {name}");
    }
    Ok(())
}

/// Runs each program once, in a folder of its own, and returns what was measured.
fn round(mut measure: impl FnMut(Command) -> Result<f64>) -> Result<Vec<f64>> {
    let measure = |program: &Program| {
        let folder = tempfile::tempdir()?;
        (program.prepare)(folder.path())?;
        measure((program.command)(folder.path()))
    };
    PROGRAMS.iter().map(measure).collect()
}

/// Writes the 25 rows of the seed that keep the rules: one connection per database, one transaction per row.
fn floor(folder: &Path) -> Result<()> {
    let open = |name| -> Result<Connection> {
        let connection = Connection::open(folder.join(name))?;
        connection.execute_batch("PRAGMA synchronous = FULL")?;
        Ok(connection)
    };
    let users = open("users.db")?;
    let names = [
        "Alice", "Bob", "Charlie", "David", "Eve", "Frank", "Grace", "Alice", "Henry",
    ];
    for (id, name) in (1..).zip(names) {
        let email = format!("{}@example.com", name.to_lowercase());
        users.execute(
            "INSERT INTO users VALUES (?1, ?2, ?3)",
            params![id, name, email],
        )?;
    }
    let products = open("products.db")?;
    let things = [
        ("Laptop", 1000.0),
        ("Smartphone", 700.0),
        ("Headphones", 150.0),
        ("Monitor", 300.0),
        ("Keyboard", 50.0),
        ("Mouse", 30.0),
        ("Laptop", 1000.0),
        ("Smartwatch", 250.0),
        ("Gaming Chair", 500.0),
    ];
    for (id, (name, price)) in (1..).zip(things) {
        products.execute(
            "INSERT INTO products VALUES (?1, ?2, ?3)",
            params![id, name, price],
        )?;
    }
    let orders = open("orders.db")?;
    for (id, quantity) in (1..).zip([2, 1, 5, 1, 3, 4, 2]) {
        let row = params![id, id, id, quantity];
        orders.execute("INSERT INTO orders VALUES (?1, ?2, ?3, ?4)", row)?;
    }
    Ok(())
}

fn init(folder: &Path) -> Result<()> {
    time(vec![tradexa(DIR, folder, &["init"])]).map(drop)
}
