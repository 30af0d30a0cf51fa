//! The CSV files that are loaded. They are the same in every run.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use crate::large::Random;

/// In which order and how far apart the ids of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// They count up.
    Counting,
    /// They have no gaps, and no order.
    Shuffled,
    /// They are all over 63 bits, in no order.
    Random,
}

impl Shape {
    /// As the options name it.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

const NAMES: [&str; 8] = [
    "Alice", "Bob", "Charlie", "David", "Eve", "Frank", "Grace", "Henry",
];

const THINGS: [&str; 6] = [
    "Laptop",
    "Smartphone",
    "Headphones",
    "Monitor",
    "Keyboard",
    "Mouse",
];

/// Writes the three files, with this many rows each. Ids count from `first` on, unless they are random. With `change`, one
/// row in that many has a different value.
///
/// # Errors
///
/// If a file cannot be written.
pub fn generate(
    folder: &Path,
    shape: Shape,
    first: u64,
    rows: u64,
    change: Option<usize>,
) -> Result<()> {
    let mut random = Random::new(first);
    let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    let more = |row: usize| u64::from(change.is_some_and(|change| row.is_multiple_of(change)));

    let users = ids(shape, first, rows, &mut random);
    let mut file = create("users.csv")?;
    writeln!(file, "id,name,email")?;
    for (row, id) in users.iter().enumerate() {
        let name = random.one_of(&NAMES);
        let (family, mailbox) = (id % 997 + more(row), name.to_lowercase());
        writeln!(file, "{id},{name} {family},{mailbox}{id}@example.com")?;
    }
    file.flush()?;

    let products = ids(shape, first, rows, &mut random);
    let mut file = create("products.csv")?;
    writeln!(file, "id,name,price")?;
    for (row, id) in products.iter().enumerate() {
        let (thing, cents) = (random.one_of(&THINGS), 1 + random.below(100_000));
        let cents = cents + more(row);
        let (whole, cents) = (cents / 100, cents % 100);
        writeln!(file, "{id},{thing} {id},{whole}.{cents:02}")?;
    }
    file.flush()?;

    let mut file = create("orders.csv")?;
    writeln!(file, "id,user_id,product_id,quantity")?;
    let orders = ids(shape, first, rows, &mut random);
    for (row, id) in orders.into_iter().enumerate() {
        let (user, product) = (random.one_of(&users), random.one_of(&products));
        let quantity = 1 + random.below(9) + more(row);
        writeln!(file, "{id},{user},{product},{quantity}")?;
    }
    Ok(file.flush()?)
}

fn ids(shape: Shape, first: u64, rows: u64, random: &mut Random) -> Vec<u64> {
    let mut ids: Vec<_> = (first..first + rows).collect();
    match shape {
        Shape::Counting => {}
        Shape::Shuffled => {
            for place in (1..ids.len()).rev() {
                ids.swap(place, random.below(place as u64 + 1) as usize);
            }
        }
        // A million of these have a twin among them once in ten million times.
        Shape::Random => ids.fill_with(|| 1 + random.below(i64::MAX as u64)),
    }
    ids
}
