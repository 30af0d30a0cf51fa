//! The ids that a table's rows have used, and the line that used each: a bit for an id where ids are dense, and next
//! to nothing for a line where the file counts its ids up.

use std::collections::BTreeMap;

use roaring::RoaringTreemap;

/// The ids used so far, each with the line of the file that used it first.
///
/// Asking whether an id is used is cheap. Asking for its line is rare (only a duplicate does), so the lines are kept
/// as a compact log until somebody asks, and only then as a map.
#[derive(Debug, Default)]
pub struct Ids {
    used: RoaringTreemap,
    /// The greatest id used: ids that count up need no search.
    greatest: u64,
    log: Log,
    lines: Option<BTreeMap<u64, Run>>,
}

/// `length` ids, counting up from an id that is kept beside it, on as many lines counting up from `line`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    line: u64,
    length: u64,
}

impl Ids {
    /// Notes that `line` uses `id`. Ids that are not greater than 0 are nobody's and are left out.
    pub fn insert(&mut self, id: i64, line: u64) {
        let Some(id) = positive(id) else { return };
        if self.used.insert(id) {
            self.greatest = self.greatest.max(id);
            match &mut self.lines {
                Some(lines) => add_run(lines, id, Run { line, length: 1 }),
                None => self.log.push(id, line),
            }
        }
    }

    /// Whether a row used this id.
    pub fn contains(&self, id: i64) -> bool {
        positive(id).is_some_and(|id| self.used.contains(id))
    }

    /// The line that used this id first, or `None` if no line did.
    pub fn line(&mut self, id: i64) -> Option<u64> {
        let id = positive(id).filter(|id| *id <= self.greatest && self.used.contains(*id))?;
        let lines = self.lines.get_or_insert_with(|| {
            let mut lines = BTreeMap::new();
            for (id, run) in std::mem::take(&mut self.log).runs() {
                add_run(&mut lines, id, run);
            }
            lines
        });
        let (first, run) = lines.range(..=id).next_back()?;
        Some(run.line + (id - first))
    }
}

fn positive(id: i64) -> Option<u64> {
    u64::try_from(id).ok().filter(|id| *id > 0)
}

/// Adds a run, as an extension of the one before it where it continues that one.
fn add_run(lines: &mut BTreeMap<u64, Run>, id: u64, run: Run) {
    if let Some((first, before)) = lines.range_mut(..=id).next_back()
        && first + before.length == id
        && before.line + before.length == run.line
    {
        before.length += run.length;
    } else {
        lines.insert(id, run);
    }
}

/// Runs of ids, each written as three variable-length numbers: how far its id and its line are from the end of the
/// run before, and its length.
#[derive(Debug, Default)]
struct Log {
    bytes: Vec<u8>,
    /// Where the last run written to `bytes` ends.
    end: (u64, u64),
    /// The run that may still grow.
    open: Option<(u64, Run)>,
}

impl Log {
    fn push(&mut self, id: u64, line: u64) {
        if let Some((first, run)) = &mut self.open
            && *first + run.length == id
            && run.line + run.length == line
        {
            run.length += 1;
            return;
        }
        if let Some((first, run)) = self.open.replace((id, Run { line, length: 1 })) {
            self.write(first, run);
        }
    }

    fn write(&mut self, id: u64, run: Run) {
        for number in [
            zigzag(id.wrapping_sub(self.end.0)),
            zigzag(run.line.wrapping_sub(self.end.1)),
            run.length,
        ] {
            push_number(&mut self.bytes, number);
        }
        self.end = (id + run.length, run.line + run.length);
    }

    fn runs(self) -> impl Iterator<Item = (u64, Run)> {
        let mut at = 0;
        let mut end = (0_u64, 0_u64);
        let bytes = self.bytes;
        let written = std::iter::from_fn(move || {
            let id = end.0.wrapping_add(unzigzag(next_number(&bytes, &mut at)?));
            let line = end.1.wrapping_add(unzigzag(next_number(&bytes, &mut at)?));
            let length = next_number(&bytes, &mut at)?;
            end = (id + length, line + length);
            Some((id, Run { line, length }))
        });
        written.chain(self.open)
    }
}

/// A difference of either sign as a number that is small when the difference is.
fn zigzag(difference: u64) -> u64 {
    (difference << 1) ^ ((difference as i64 >> 63) as u64)
}

fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

/// Appends a number, seven bits to a byte, the lowest first (LEB128).
fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn next_number(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn id() -> impl Strategy<Value = i64> {
        prop_oneof![1..40_i64, 1..100_000_i64, Just(i64::MAX), any::<i64>()]
    }

    proptest! {
        #[test]
        fn remembers_the_first_line_of_every_id(
            rows in prop::collection::vec((id(), 1..5_u64), 0..200),
            ask_after in 0..200_usize,
        ) {
            let mut ids = Ids::default();
            let mut model = HashMap::new();
            let mut line = 1;
            for (index, (id, step)) in rows.iter().enumerate() {
                line += step;
                if *id > 0 {
                    model.entry(*id).or_insert(line);
                }
                ids.insert(*id, line);
                if index == ask_after {
                    ids.line(*id);
                }
            }
            for (id, _) in rows {
                prop_assert_eq!(ids.contains(id), model.contains_key(&id));
                prop_assert_eq!(ids.line(id), model.get(&id).copied());
            }
            prop_assert!(!ids.contains(0));
        }
    }

    #[test]
    fn ids_that_count_up_with_the_lines_need_next_to_no_room() {
        let mut ids = Ids::default();
        for id in 1..=100_000 {
            ids.insert(id, id as u64 + 1);
        }
        assert!(ids.log.bytes.is_empty());
        assert_eq!(ids.line(70_000), Some(70_001));
    }
}
