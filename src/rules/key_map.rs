//! Keys that are not a single whole number, and the row that owns each.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::row::{Keys, fold};
use crate::schema::Collation;

/// The owner of each key. Keys are encoded, and compared by their collations.
///
/// A key takes its bytes and at most 36 more: 24 for its entry, and 5 for a slot in a hash table that is at least 7/16
/// full. The keys stand one after another in a single buffer, because a box for each would take much more.
#[derive(Debug)]
pub struct KeyMap {
    collations: &'static [Collation],
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// The numbers of the keys.
    numbers: HashTable<u32>,
    hasher: RandomState,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    owner: i64,
    /// Where its key ends; it starts where the one before ends.
    end: usize,
    hash: u32,
    used: bool,
}

/// A hash for the hash table, which goes by the lowest and the highest bits.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

impl KeyMap {
    /// No keys yet.
    pub fn new(collations: &'static [Collation]) -> KeyMap {
        KeyMap {
            collations,
            bytes: Vec::new(),
            entries: Vec::new(),
            numbers: HashTable::new(),
            hasher: RandomState::new(),
        }
    }

    /// The number of a key, if it has one. Numbers count from 1, in the order in which keys were inserted.
    pub fn find(&self, key: &[u8]) -> Option<u32> {
        let mut buffer = Vec::new();
        let folded = fold(key, self.collations, &mut buffer);
        self.find_folded(folded, self.hash(folded))
    }

    /// The numbers of many keys. One pass hashes them, another finds entries, and a third compares keys, because a processor
    /// waits for the memory of many entries at once, but not while it hashes.
    pub fn find_all(&self, keys: &Keys) -> Vec<Option<u32>> {
        let (mut bytes, mut folded) = (Vec::new(), Vec::new());
        let mut hashes = Vec::with_capacity(keys.len());
        for position in 0..keys.len() {
            hashes.push(keys.get(position).map(|key| {
                let key = key.bytes(&mut bytes);
                self.hash(fold(key, self.collations, &mut folded))
            }));
        }
        let candidates = hashes.iter().map(|hash| {
            let hash = (*hash)?;
            let has_hash = |number: &u32| self.entries[*number as usize - 1].hash == hash;
            self.numbers.find(spread(hash), has_hash).copied()
        });
        let mut numbers: Vec<_> = candidates.collect();
        let mut buffer = Vec::new();
        for (position, number) in numbers.iter_mut().enumerate() {
            if let (Some(candidate), Some(key)) = (*number, keys.get(position)) {
                let key = fold(key.bytes(&mut bytes), self.collations, &mut folded);
                if fold(self.key(candidate), self.collations, &mut buffer) != key {
                    *number = self.find_folded(key, self.hash(key));
                }
            }
        }
        numbers
    }

    /// Inserts a key with its owner, unless it is there already, and returns its number.
    pub fn insert(&mut self, key: &[u8], owner: i64) -> u32 {
        let mut buffer = Vec::new();
        let folded = fold(key, self.collations, &mut buffer);
        let hash = self.hash(folded);
        if let Some(number) = self.find_folded(folded, hash) {
            return number;
        }
        self.bytes.extend_from_slice(key);
        let number = u32::try_from(self.entries.len() + 1).unwrap_or(u32::MAX);
        self.entries.push(Entry {
            owner,
            end: self.bytes.len(),
            hash,
            used: false,
        });
        let entries = &self.entries;
        let hash_of = |number: &u32| spread(entries[*number as usize - 1].hash);
        self.numbers.insert_unique(spread(hash), number, hash_of);
        number
    }

    /// The row that owns the key with this number.
    pub fn owner(&self, number: u32) -> i64 {
        self.entries[number as usize - 1].owner
    }

    /// Whether a row of this run has used the key with this number. Otherwise it is only stored.
    pub fn is_used(&self, number: u32) -> bool {
        self.entries[number as usize - 1].used
    }

    /// A row of this run uses the key with this number, and owns it from now on.
    pub fn use_by(&mut self, number: u32, owner: i64) {
        let entry = &mut self.entries[number as usize - 1];
        (entry.owner, entry.used) = (owner, true);
    }

    /// The key with this number.
    pub fn key(&self, number: u32) -> &[u8] {
        let before = (number as usize).checked_sub(2);
        let start = before.map_or(0, |before| self.entries[before].end);
        &self.bytes[start..self.entries[number as usize - 1].end]
    }

    fn hash(&self, folded: &[u8]) -> u32 {
        self.hasher.hash_one(folded) as u32
    }

    fn find_folded(&self, folded: &[u8], hash: u32) -> Option<u32> {
        let mut buffer = Vec::new();
        let is_equal = |number: &u32| {
            self.entries[*number as usize - 1].hash == hash
                && fold(self.key(*number), self.collations, &mut buffer) == folded
        };
        self.numbers.find(spread(hash), is_equal).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Value, encode};

    const NO_CASE: &[Collation] = &[Collation::NoCase];

    fn key(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode([Value::Text(text.as_bytes())], &mut bytes);
        bytes
    }

    #[test]
    fn the_first_owner_keeps_a_key() {
        let mut keys = KeyMap::new(NO_CASE);
        for (text, owner) in [("a@b.co", 1), ("A@b.co", 2), ("", 3), ("b@b.co", 4)] {
            keys.insert(&key(text), owner);
        }
        let owner = |text| keys.find(&key(text)).map(|number| keys.owner(number));
        let found = ["A@B.CO", "", "B@b.co", "c@b.co"].map(owner);
        assert_eq!(found, [Some(1), Some(3), Some(4), None]);
    }

    #[test]
    fn a_key_is_given_back_as_it_was_inserted() {
        let mut keys = KeyMap::new(NO_CASE);
        keys.insert(&key("first"), 1);
        let number = keys.insert(&key("Second"), 2);
        assert_eq!(keys.key(number), key("Second"));
        assert_eq!(keys.find(&key("SECOND")), Some(number));
    }

    #[test]
    fn keys_with_the_same_hash_are_told_apart() {
        let mut keys = KeyMap::new(NO_CASE);
        keys.insert(&key("a"), 1);
        // As if both had the hash of the first.
        let hash = keys.hash(&key("a"));
        keys.bytes.extend(key("b"));
        keys.entries.push(Entry {
            owner: 2,
            end: keys.bytes.len(),
            hash,
            used: false,
        });
        keys.numbers
            .insert_unique(spread(hash), 2, |_| spread(hash));
        let found = ["a", "b", "c"].map(|text| keys.find_folded(&key(text), hash));
        assert_eq!(found, [Some(1), Some(2), None]);
    }

    #[test]
    fn many_keys_are_found_as_each_of_them_is() {
        let mut map = KeyMap::new(NO_CASE);
        (0..500).for_each(|owner| _ = map.insert(&key(&format!("K{owner}")), owner));
        // Whatever the hash says, a key is compared.
        map.entries[7].hash = map.entries[8].hash;
        let mut keys = Keys::encoded();
        let texts: Vec<_> = (0..600).map(|owner| format!("k{owner}")).collect();
        for text in &texts {
            keys.push([Value::Text(text.as_bytes())]);
        }
        keys.push([Value::Null]);
        let mut each: Vec<_> = texts.iter().map(|text| map.find(&key(text))).collect();
        each.push(None);
        assert_eq!(map.find_all(&keys), each);
    }
}
