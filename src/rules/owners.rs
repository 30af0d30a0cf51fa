//! Texts that must be unique, and the row that owns each.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::iter;

use super::ids::TABLES;

/// The owner of each text. ASCII case does not matter.
///
/// A text takes its bytes and at most 64 more: 24 for its entry, and 17 for a slot in a hash table that is at least
/// 7/16 full. The tables hold hashes, and the texts stand one after another in a single buffer, because a box for each
/// would take much more.
#[derive(Debug, Default)]
pub struct Owners {
    /// The texts in lower case.
    texts: Vec<u8>,
    entries: Vec<Entry>,
    /// How many entries there were once the latest one with a hash was added, in several tables because one that grows
    /// takes both its old and its new memory for a moment.
    latest: [HashMap<u64, u32>; TABLES],
    hasher: RandomState,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    owner: i64,
    /// Where its text ends; it starts where the one before ends.
    end: usize,
    /// The same as in `latest` for the entry with this hash that came before; 0 if there is none.
    earlier: u32,
}

impl Owners {
    /// The owner of a text, if it has one.
    pub fn get(&self, text: &[u8]) -> Option<i64> {
        self.find(text, self.hash(text))
    }

    /// Makes a row the owner of a text, unless it has one already.
    pub fn insert(&mut self, text: &[u8], owner: i64) {
        let hash = self.hash(text);
        if self.find(text, hash).is_some() {
            return;
        }
        self.texts.extend(text.iter().map(u8::to_ascii_lowercase));
        let count = u32::try_from(self.entries.len() + 1).unwrap_or(u32::MAX);
        let earlier = self.latest[hash as usize % TABLES].insert(hash, count);
        self.entries.push(Entry {
            owner,
            end: self.texts.len(),
            earlier: earlier.unwrap_or(0),
        });
    }

    fn find(&self, text: &[u8], hash: u64) -> Option<i64> {
        let entry = |count: u32| Some((count, *self.entries.get(count as usize - 1)?));
        let latest = self.latest[hash as usize % TABLES].get(&hash);
        let mut same_hash =
            iter::successors(latest.and_then(|count| entry(*count)), |(_, last)| {
                (last.earlier > 0).then(|| entry(last.earlier))?
            });
        let (_, found) = same_hash.find(|(count, entry)| {
            let before = (*count as usize).checked_sub(2);
            let start = before.map_or(0, |before| self.entries[before].end);
            self.texts[start..entry.end].eq_ignore_ascii_case(text)
        })?;
        Some(found.owner)
    }

    fn hash(&self, text: &[u8]) -> u64 {
        self.hasher.hash_one(text.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_owner_keeps_a_text() {
        let mut owners = Owners::default();
        for (text, owner) in [("a@b.co", 1), ("A@b.co", 2), ("", 3), ("b@b.co", 4)] {
            owners.insert(text.as_bytes(), owner);
        }
        let found = ["A@B.CO", "", "B@b.co", "c@b.co"].map(|text| owners.get(text.as_bytes()));
        assert_eq!(found, [Some(1), Some(3), Some(4), None]);
    }

    #[test]
    fn texts_with_the_same_hash_are_told_apart() {
        let mut owners = Owners::default();
        owners.insert(b"a", 1);
        // As if both had the hash of the first.
        let hash = owners.hash(b"a");
        owners.texts.push(b'b');
        let end = owners.texts.len();
        owners.entries.push(Entry {
            owner: 2,
            end,
            earlier: 1,
        });
        owners.latest[hash as usize % TABLES].insert(hash, 2);
        let found = [&b"a"[..], b"b", b"c"].map(|text| owners.find(text, hash));
        assert_eq!(found, [Some(1), Some(2), None]);
    }
}
