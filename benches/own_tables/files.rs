//! The CSV files that are loaded. They are the same in every run.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use crate::large::Random;

/// In which order the text keys of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Keys {
    /// They count up: `C0000001`.
    Counting,
    /// They are 12 random hexadecimal digits.
    Random,
}

impl Keys {
    /// As the options name it.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn make(self, rows: u64, letter: char, random: &mut Random) -> Vec<String> {
        let key = |number| match self {
            Self::Counting => format!("{letter}{number:07}"),
            // 300,000 of these have a twin among them once in six thousand times.
            Self::Random => format!("{:012x}", random.below(1 << 48)),
        };
        (1..=rows).map(key).collect()
    }
}

/// Writes the three files, with this many rows each. With `change`, one row in that many has a different value.
///
/// # Errors
///
/// If a file cannot be written.
pub fn generate(folder: &Path, keys: Keys, rows: u64, change: Option<u64>) -> Result<()> {
    let mut random = Random::new(1);
    let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    let more = |row: u64| u64::from(change.is_some_and(|change| row.is_multiple_of(change)));

    let customers = keys.make(rows, 'C', &mut random);
    let mut file = create("customers.csv")?;
    writeln!(file, "code,email,name,country")?;
    for (row, code) in (0..).zip(&customers) {
        let country = random.one_of(&["DE", "FR", "US", "IN"]);
        let name = ["Name", "Other name"][more(row) as usize];
        writeln!(file, "{code},{code}@example.com,{name} of {code},{country}")?;
    }
    file.flush()?;

    let products = keys.make(rows, 'P', &mut random);
    let mut file = create("products.csv")?;
    writeln!(file, "sku,name,price")?;
    for (row, sku) in (0..).zip(&products) {
        let cents = 1 + random.below(100_000) + more(row);
        writeln!(
            file,
            "{sku},Product {sku},{}.{:02}",
            cents / 100,
            cents % 100
        )?;
    }
    file.flush()?;

    let mut file = create("lines.csv")?;
    writeln!(file, "customer,number,sku,quantity")?;
    for number in 1..=rows {
        let (customer, sku) = (random.one_of(&customers), random.one_of(&products));
        let quantity = 1 + random.below(9) + more(number);
        writeln!(file, "{customer},{number},{sku},{quantity}")?;
    }
    Ok(file.flush()?)
}
