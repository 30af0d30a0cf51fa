//! Large CSV files: `tradexa insert --from`, which checks everything, against `sqlite3` shells that import the same
//! files with the same durability and check nothing.
//!
//! Run with `cargo bench --bench load`, or `cargo bench --bench load -- ROWS RUNS`. They run in turn, and what counts
//! is the median of the ratios. It needs the `sqlite3` shell.

mod common;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use common::{Contender, Result, init, insert, print_results, ratio, run_in_turn};

const SHELL: &str = "sqlite3 -bail \"$1/$2.db\" 'PRAGMA journal_mode = WAL' 'PRAGMA synchronous = FULL' \
                     \".import --csv --skip 1 '$3/$2.csv' $2\"";

fn main() -> Result<()> {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|word| word.parse().ok());
    let rows: u64 = numbers.next().unwrap_or(1_000_000);
    let runs = numbers.next().unwrap_or(11) as usize;
    let input = tempfile::tempdir()?;
    let tenth = tempfile::tempdir()?;
    generate(input.path(), rows)?;
    generate(tenth.path(), rows / 10)?;
    let import = |folder: &Path, joined: &str| {
        let script = format!(
            "import() {{ {SHELL}; }}\nfor table in users products orders; do import \"$1\" $table \"$2\" {joined} done; wait"
        );
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(script)
            .arg("sh")
            .arg(folder)
            .arg(input.path());
        command
    };
    let load = |folder: &Path, input: &Path| insert(folder, &[Path::new("--from"), input]);
    let contenders = [
        Contender {
            name: "tradexa insert --from",
            prepare: init,
            command: Box::new(|folder| load(folder, input.path())),
        },
        Contender {
            name: "three sqlite3 shells side by side",
            prepare: create,
            command: Box::new(|folder| import(folder, "&")),
        },
        Contender {
            name: "three sqlite3 shells one after the other",
            prepare: create,
            command: Box::new(|folder| import(folder, ";")),
        },
        Contender {
            name: "tradexa insert --from, a tenth of the rows",
            prepare: init,
            command: Box::new(|folder| load(folder, tenth.path())),
        },
    ];
    let seconds = run_in_turn(&contenders, runs)?;
    let cores = std::thread::available_parallelism()?;
    println!("{cores} cores, {rows} rows per table, {runs} runs in turn, medians");
    print_results(&contenders, &seconds)?;
    let per_row = ratio(&seconds[0], &seconds[3]) / 10.0;
    println!("time per row, all against a tenth of the rows: {per_row:.2}");
    Ok(())
}

/// The same tables, as a shell's user would create them.
fn create(folder: &Path) -> Result<()> {
    for (table, columns) in [
        ("users", "id INTEGER PRIMARY KEY, name TEXT, email TEXT"),
        ("products", "id INTEGER PRIMARY KEY, name TEXT, price REAL"),
        (
            "orders",
            "id INTEGER PRIMARY KEY, user_id INTEGER, product_id INTEGER, quantity INTEGER",
        ),
    ] {
        let connection = rusqlite::Connection::open(folder.join(format!("{table}.db")))?;
        connection.execute_batch(&format!("CREATE TABLE {table} ({columns})"))?;
    }
    Ok(())
}

/// Writes the three files. The numbers are the same for every run.
fn generate(folder: &Path, rows: u64) -> Result<()> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let names = [
        "Alice", "Bob", "Charlie", "David", "Eve", "Frank", "Grace", "Henry",
    ];
    let things = [
        "Laptop",
        "Smartphone",
        "Headphones",
        "Monitor",
        "Keyboard",
        "Mouse",
    ];
    fs::create_dir_all(folder)?;
    let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    let (mut users, mut products) = (create("users.csv")?, create("products.csv")?);
    let mut orders = create("orders.csv")?;
    writeln!(users, "id,name,email")?;
    writeln!(products, "id,name,price")?;
    writeln!(orders, "id,user_id,product_id,quantity")?;
    for id in 1..=rows {
        let name = names[random.below(names.len() as u64) as usize];
        writeln!(
            users,
            "{id},{name} {},{}{id}@example.com",
            id % 997,
            name.to_lowercase()
        )?;
        let thing = things[random.below(things.len() as u64) as usize];
        let cents = 1 + random.below(100_000);
        writeln!(
            products,
            "{id},{thing} {id},{}.{:02}",
            cents / 100,
            cents % 100
        )?;
        let (user, product) = (1 + random.below(rows), 1 + random.below(rows));
        writeln!(orders, "{id},{user},{product},{}", 1 + random.below(9))?;
    }
    for file in [&mut users, &mut products, &mut orders] {
        file.flush()?;
    }
    Ok(())
}

/// Marsaglia's xorshift64 (Journal of Statistical Software 8(14), 2003): reproducible, and random enough.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
