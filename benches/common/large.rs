//! What the benchmarks of large files share: random values, and how results are printed.

/// The folder with the files for an update, inside the folder of the other files. Every tenth row has a new value there.
pub const CHANGED: &str = "changed";

/// Prints what was measured of each step, with so many decimals.
pub fn print_line(what: &str, decimals: usize, numbers: impl Iterator<Item = f64>) {
    print!("{what:>7}");
    for number in numbers {
        print!("{number:>12.decimals$}");
    }
    println!();
}

/// A number as people write it: `1,000,000`.
pub fn thousands(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", thousands(number / 1000), number % 1000),
    }
}

/// Marsaglia's xorshift64 (Journal of Statistical Software 8(14), 2003): reproducible, and random enough.
pub struct Random(u64);

impl Random {
    /// The numbers that go with this seed.
    pub fn new(seed: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ seed)
    }

    /// A number from 0 up to this limit, without it.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// One of these, which are some.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}
