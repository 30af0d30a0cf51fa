//! The ids that a table's rows have used, and the line that used each.

mod lines;

use std::collections::HashMap;

use lines::Lines;

/// How many neighbouring ids share an entry.
const IDS_PER_BLOCK: u64 = 63;

/// Marks an entry that holds a single id and its line instead of a bit for each of its ids.
const SINGLE: u64 = 1 << 63;

/// How many bits the line of such an entry has.
const LINE_BITS: u32 = 57;

/// How many hash tables the entries are spread over. One that grows takes both its old and its new memory for a moment,
/// and only one grows at a time.
const TABLES: usize = 16;

/// The ids used so far, each with the line of the file that used it first.
///
/// Neighbouring ids share an entry of a hash table, a bit each. An entry and its control byte are 17 bytes, and a table
/// is at least 7/16 full once it has grown: 2 to 5 bits an id where ids are dense, and 20 to 40 bytes where each has a
/// block to itself. The line of such an id stands in its entry; the lines of other ids are kept apart, if at all.
#[derive(Debug, Default)]
pub struct UsedIds {
    /// The entries by their blocks, in the table that [`table`] says.
    blocks: [HashMap<u64, u64>; TABLES],
    /// The block used last and its entry, which moves to `blocks` when another block is used: ids that count up need no
    /// search.
    last: (u64, u64),
    lines: Option<Lines>,
}

impl UsedIds {
    /// No ids yet; their lines will be kept.
    pub fn with_lines() -> UsedIds {
        UsedIds {
            lines: Some(Lines::default()),
            ..UsedIds::default()
        }
    }

    /// Records that `line` uses `id`, unless an earlier line does.
    pub fn insert(&mut self, id: i64, line: u64) {
        let (block, bit) = locate(id);
        if self.last.0 != block {
            let entry = self.entry(block);
            let (before, its_entry) = std::mem::replace(&mut self.last, (block, entry));
            if its_entry != 0 {
                self.blocks[table(before)].insert(before, its_entry);
            }
        }
        let entry = &mut self.last.1;
        if *entry == 0 && line < 1 << LINE_BITS {
            *entry = SINGLE | (bit << LINE_BITS) | line;
            return;
        }
        if *entry & SINGLE != 0 {
            let (other, its_line) = single(*entry);
            if other == bit {
                return;
            }
            *entry = 1 << other;
            if let Some(lines) = &mut self.lines {
                lines.insert(block * IDS_PER_BLOCK + other, its_line);
            }
        }
        if *entry & (1 << bit) == 0 {
            *entry |= 1 << bit;
            if let Some(lines) = &mut self.lines {
                lines.insert(block * IDS_PER_BLOCK + bit, line);
            }
        }
    }

    /// The line that used this id first, or `None` if no line did or lines are not kept.
    pub fn line(&self, id: i64) -> Option<u64> {
        let (block, bit) = locate(id);
        match self.entry(block) {
            entry if entry & SINGLE != 0 => {
                let (other, line) = single(entry);
                (other == bit).then_some(line)
            }
            entry if entry & (1 << bit) != 0 => {
                self.lines.as_ref()?.get(block * IDS_PER_BLOCK + bit)
            }
            _ => None,
        }
    }

    /// The same ids without their lines, for many look-ups.
    pub fn into_set(mut self) -> IdSet {
        if self.last.1 != 0 {
            self.blocks[table(self.last.0)].insert(self.last.0, self.last.1);
        }
        let blocks = || self.blocks.iter().flat_map(HashMap::keys).copied();
        let first = blocks().min().unwrap_or(0);
        let last = blocks().max().unwrap_or(0);
        // While the vector is built, it needs 8 bytes for each block in addition to the tables, so at most 8 for each
        // id.
        let ids = self.blocks.iter().flat_map(HashMap::values);
        let ids = ids.map(|entry| {
            if entry & SINGLE != 0 {
                1
            } else {
                u64::from(entry.count_ones())
            }
        });
        if last - first > ids.sum() {
            return IdSet::Sparse(Box::new(self.blocks));
        }
        let mut row = vec![0; (last - first + 1) as usize];
        for (block, entry) in self.blocks.into_iter().flatten() {
            row[(block - first) as usize] = entry;
        }
        IdSet::Dense { first, row }
    }

    fn entry(&self, block: u64) -> u64 {
        if self.last.0 == block {
            self.last.1
        } else {
            self.blocks[table(block)].get(&block).copied().unwrap_or(0)
        }
    }
}

/// A complete set of used ids, without their lines.
#[derive(Debug)]
pub enum IdSet {
    /// Most blocks between the first and the last have ids: one entry after another.
    Dense {
        /// The block of the first entry.
        first: u64,
        /// The entries.
        row: Vec<u64>,
    },
    /// The entries by their blocks.
    Sparse(Box<[HashMap<u64, u64>; TABLES]>),
}

impl Default for IdSet {
    /// No ids.
    fn default() -> IdSet {
        UsedIds::default().into_set()
    }
}

impl IdSet {
    /// Whether this is one of the ids.
    pub fn contains(&self, id: i64) -> bool {
        let (block, bit) = locate(id);
        let entry = match self {
            // What does not fit into a `usize` lies beyond the row.
            IdSet::Dense { first, row } => usize::try_from(block.wrapping_sub(*first))
                .ok()
                .and_then(|index| row.get(index)),
            IdSet::Sparse(blocks) => blocks[table(block)].get(&block),
        };
        entry.is_some_and(|entry| has(*entry, bit))
    }
}

/// Whether an entry has the id with this bit.
fn has(entry: u64, bit: u64) -> bool {
    if entry & SINGLE != 0 {
        single(entry).0 == bit
    } else {
        entry & (1 << bit) != 0
    }
}

/// The table that has the entry of a block, by its product with 2^64 over the golden ratio, which spreads blocks at any
/// distance from each other (Knuth, The Art of Computer Programming, volume 3, section 6.4).
fn table(block: u64) -> usize {
    (block.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % TABLES
}

/// The block of an id, and its bit in the entry.
fn locate(id: i64) -> (u64, u64) {
    let id = id as u64;
    (id / IDS_PER_BLOCK, id % IDS_PER_BLOCK)
}

/// The bit of the only id of an entry, and its line.
fn single(entry: u64) -> (u64, u64) {
    let rest = entry & !SINGLE;
    (rest >> LINE_BITS, rest & ((1 << LINE_BITS) - 1))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn id() -> impl Strategy<Value = i64> {
        prop_oneof![-100..200_i64, 1..100_000_i64, Just(i64::MAX), any::<i64>()]
    }

    proptest! {
        #[test]
        fn remembers_the_first_line_of_every_id(
            rows in prop::collection::vec((id(), 1..5_u64), 0..3000),
        ) {
            let mut ids = UsedIds::with_lines();
            let mut model = HashMap::new();
            let mut line = 1;
            for (id, step) in &rows {
                line += step;
                model.entry(*id).or_insert(line);
                ids.insert(*id, line);
                prop_assert_eq!(ids.line(*id), model.get(id).copied());
            }
            let set = {
                let mut ids = UsedIds::default();
                rows.iter().for_each(|(id, _)| ids.insert(*id, 0));
                ids.into_set()
            };
            for id in rows.iter().flat_map(|(id, _)| [*id, id.saturating_add(1)]) {
                prop_assert_eq!(set.contains(id), model.contains_key(&id));
                prop_assert_eq!(ids.line(id), model.get(&id).copied());
            }
        }
    }
}
