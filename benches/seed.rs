//! The embedded seed: the whole `tradexa insert` process against a floor, a program that does nothing but write the
//! same rows with the same durability.
//!
//! Run with `cargo bench --bench seed`. The two run in turn, and what counts is the median of the ratios.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use rusqlite::{Connection, params};

const TRADEXA: &str = env!("CARGO_BIN_EXE_tradexa");
const PAIRS: usize = 101;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|word| word == "floor") {
        return floor(Path::new(&arguments.next().ok_or("floor needs a folder")?));
    }
    let mut ours = Vec::new();
    let mut floors = Vec::new();
    for _ in 0..PAIRS {
        ours.push(time(|folder| {
            let mut command = Command::new(TRADEXA);
            command.arg("--dir").arg(folder).arg("insert");
            command
        })?);
        floors.push(time(|folder| {
            let mut command = Command::new(std::env::current_exe().unwrap_or_default());
            command.arg("floor").arg(folder);
            command
        })?);
    }
    let ratios = ours.iter().zip(&floors).map(|(a, b)| a / b).collect();
    println!("cores            {}", std::thread::available_parallelism()?);
    println!("tradexa insert   {:.2} ms", median(ours) * 1e3);
    println!("floor            {:.2} ms", median(floors) * 1e3);
    println!(
        "median of ratios {:.2}  (at most 2.0, aim 1.6)",
        median(ratios)
    );
    Ok(())
}

/// The seconds that a command takes in a folder with fresh databases.
fn time(command: impl Fn(&Path) -> Command) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let init = Command::new(TRADEXA)
        .arg("--dir")
        .arg(folder.path())
        .arg("init")
        .output()?;
    assert!(init.status.success());
    let started = Instant::now();
    let status = command(folder.path()).stdout(Stdio::null()).status()?;
    let seconds = started.elapsed().as_secs_f64();
    assert!(status.success());
    Ok(seconds)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
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
