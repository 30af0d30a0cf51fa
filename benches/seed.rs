//! The embedded seed: the whole `tradexa insert` process against a floor, a program that does nothing but write the
//! same rows with the same durability, and against a Python program that does what the assignment prescribes.
//!
//! Run with `cargo bench --bench seed`. They run in turn, and what counts is the median of the ratios.

mod common;

use std::path::Path;
use std::process::Command;

use common::{Contender, Result, init, insert, print_results, run_in_turn};
use rusqlite::{Connection, params};

const RUNS: usize = 101;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|word| word == "floor") {
        return floor(Path::new(&arguments.next().ok_or("floor needs a folder")?));
    }
    let this = std::env::current_exe()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contenders = [
        Contender {
            name: "tradexa insert",
            prepare: init,
            command: Box::new(|folder| insert(folder, &[])),
        },
        Contender {
            name: "floor: one connection per database, one transaction per row",
            prepare: init,
            command: Box::new(|folder| {
                let mut command = Command::new(&this);
                command.arg("floor").arg(folder);
                command
            }),
        },
        Contender {
            name: "Python: one thread and one connection per record",
            prepare: |_| Ok(()),
            command: Box::new(|folder| {
                let mut command = Command::new("python3");
                command.arg(root.join("benches/threads.py"));
                command.arg(root.join("seed")).arg(folder);
                command
            }),
        },
    ];
    let seconds = run_in_turn(&contenders, RUNS)?;
    println!(
        "{} cores, {RUNS} runs in turn, medians",
        std::thread::available_parallelism()?
    );
    print_results(&contenders, &seconds)
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
