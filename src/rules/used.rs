//! Which keys the rows of a table have used, and what distinguishes the rows.

use std::collections::{HashMap, VecDeque};
use std::mem::take;

use super::ids::{IdSet, UsedIds};
use super::key_map::KeyMap;
use crate::row::{Key, KeyOwner, Keys, RowSource, RowView, Value, encode, in_brackets};
use crate::schema::{self, Role, Table};

/// The keys that were used so far.
#[derive(Debug)]
pub struct Used {
    table: &'static Table,
    /// For each key of the table whether it counts.
    enforced: Vec<bool>,
    /// The indexes of those that count, apart from the primary one.
    others: Vec<usize>,
    identity: Identity,
    /// The primary key, if that is a single whole number.
    ids: UsedIds,
    /// The other keys, by their indexes. The owners in that of the primary key are the lines of the rows; in the others
    /// they are the numbers of the rows.
    maps: Vec<KeyMap>,
}

/// What identifies the rows of a table, and gives each a number.
#[derive(Debug)]
pub enum Identity {
    /// A primary key that is a single whole number. It is the number.
    Integer,
    /// Another primary key. The number is that of the key in its map.
    Key,
    /// All values that the file has. The number is the line of the row; for rows that are stored, it is negative.
    AllColumns(Box<StoredByValue>),
    /// SQLite's rowid, of stored rows without a primary key. It is the number.
    Rowid,
}

/// The stored rows of a table that are identified by all their values.
#[derive(Debug)]
pub struct StoredByValue {
    /// The columns of the file.
    columns: Vec<usize>,
    /// The values of the stored rows. The owner is the rowid of the first row that has them.
    rows: KeyMap,
    /// Whether the stored row has not been matched by a row of the file yet; indexed by the number in `rows` minus 1.
    free: Vec<bool>,
    /// By number in `rows`, the rowids of further stored rows with the same values that are not matched yet.
    others: HashMap<u32, VecDeque<i64>>,
    /// The greatest rowid.
    greatest: i64,
}

/// One key's values that were used, once all rows have been checked.
#[derive(Debug)]
pub enum UsedKeys {
    /// Whole numbers, which are also the numbers of the rows.
    Integers(IdSet),
    /// The values of a primary key.
    Primary(KeyMap),
    /// The values of another key, owned by the numbers of the rows.
    Others(KeyMap),
}

impl UsedKeys {
    /// For each of these values, the number of the row of this run that used it. `all` holds the used values of every
    /// key of the table, and `index` selects the key; a missing entry means that none of its values was used.
    pub fn find_in(all: &[UsedKeys], index: usize, keys: &Keys) -> Vec<Option<i64>> {
        match all.get(index) {
            Some(used) => used.find(keys),
            None => vec![None; keys.len()],
        }
    }

    /// For each of these keys the number of the row of this run that used it.
    pub fn find(&self, keys: &Keys) -> Vec<Option<i64>> {
        let numbers = |map: &KeyMap, number_of: &dyn Fn(u32) -> i64| {
            let numbers = map.find_all(keys).into_iter();
            let used = numbers.map(|number| number.filter(|number| map.is_used(*number)));
            used.map(|number| number.map(number_of)).collect()
        };
        match self {
            UsedKeys::Integers(ids) => {
                let all = (0..keys.len()).map(|position| keys.get(position)?.integer());
                all.map(|id| id.filter(|id| ids.contains(*id))).collect()
            }
            UsedKeys::Primary(map) => numbers(map, &i64::from),
            UsedKeys::Others(map) => numbers(map, &|number| map.owner(number)),
        }
    }
}

/// The number in a map of a key that a row of this run has used.
fn find(map: &KeyMap, key: Key) -> Option<u32> {
    let number = map.find(key.bytes(&mut Vec::new()));
    number.filter(|number| map.is_used(*number))
}

/// The keys of many rows.
#[derive(Debug, Default)]
pub struct RowKeys {
    /// By the indexes of the table's keys; `None` if one does not count.
    keys: Vec<Option<Keys>>,
    /// All values of each row, for a table whose rows are identified by them.
    all_columns: Option<Keys>,
}

impl RowKeys {
    /// The key of a row, given its index, if it has one that counts.
    pub fn get(&self, position: usize, index: usize) -> Option<Key<'_>> {
        self.keys[index].as_ref()?.get(position)
    }

    /// The keys of a row that count, each with its index.
    pub fn all(&self, position: usize) -> impl Iterator<Item = (usize, Key<'_>)> {
        let indexes = 0..self.keys.len();
        indexes.filter_map(move |index| Some((index, self.get(position, index)?)))
    }

    fn encoded(&self, position: usize, index: usize) -> Option<&[u8]> {
        match self.get(position, index)? {
            Key::Encoded(bytes) => Some(bytes),
            Key::Integer(_) => None,
        }
    }

    fn integer(&self, position: usize) -> Option<i64> {
        match self.get(position, 0)? {
            Key::Integer(integer) => Some(integer),
            Key::Encoded(_) => None,
        }
    }

    fn all_columns(&self, position: usize) -> &[u8] {
        match self
            .all_columns
            .as_ref()
            .and_then(|keys| keys.get(position))
        {
            Some(Key::Encoded(bytes)) => bytes,
            _ => &[],
        }
    }
}

impl Used {
    /// No keys yet. `unique` says whether keys count that are unique "on request"; `absent`, which columns the file does
    /// not have, or `None` if the rows are stored ones.
    pub fn new(table: &'static Table, unique: bool, absent: Option<&[bool]>) -> Used {
        let is_absent = |column: &usize| absent.is_some_and(|absent| absent[*column]);
        let has_key = |key: &&schema::Key| !key.columns.iter().any(is_absent);
        let identity = match table.primary_key().filter(has_key) {
            None if absent.is_none() => Identity::Rowid,
            None => {
                let columns = (0..table.columns.len()).filter(|column| !is_absent(column));
                Identity::AllColumns(Box::new(StoredByValue {
                    columns: columns.collect(),
                    rows: KeyMap::new(&[]),
                    free: Vec::new(),
                    others: HashMap::new(),
                    greatest: 0,
                }))
            }
            Some(_) => match table.integer_key() {
                Some(_) => Identity::Integer,
                None => Identity::Key,
            },
        };
        let has_key = matches!(identity, Identity::Integer | Identity::Key);
        let enforces = |key: &schema::Key| match key.role {
            Role::Rowid | Role::Primary => has_key,
            Role::Unique => true,
            Role::UniqueOnRequest => unique,
        };
        let enforced: Vec<_> = table.keys.iter().map(enforces).collect();
        let is_other = |key: &usize| enforced[*key] && !table.keys[*key].is_primary();
        let others = (0..enforced.len()).filter(is_other).collect();
        Used {
            table,
            others,
            enforced,
            identity,
            ids: UsedIds::with_lines(),
            maps: (table.keys.iter())
                .map(|key| KeyMap::new(key.collations))
                .collect(),
        }
    }

    /// Whether rows are identified by all values that the file has.
    pub fn is_keyed_by_all_columns(&self) -> bool {
        matches!(self.identity, Identity::AllColumns(_))
    }

    /// The greatest stored id, if the file has no ids: SQLite gives its rows greater ones.
    pub fn greatest_stored_id(&self) -> Option<i64> {
        match &self.identity {
            Identity::AllColumns(stored) => self.table.rowid_key().map(|_| stored.greatest),
            _ => None,
        }
    }

    /// Whether the key with this index counts.
    pub fn enforces(&self, key: usize) -> bool {
        self.enforced[key]
    }

    /// The columns of stored rows that must be known before rows can be checked; `None` if no stored row must be known.
    pub fn stored_columns(&self) -> Option<Vec<usize>> {
        let given = match &self.identity {
            Identity::AllColumns(stored) => &stored.columns[..],
            _ if self.others.is_empty() => return None,
            _ => &[],
        };
        let keys = self.table.keys.iter().zip(&self.enforced);
        let keys: Vec<_> = keys.filter(|(_, enforced)| **enforced).collect();
        // A filter may depend on any column.
        let has_filter = keys.iter().any(|(key, _)| key.filter.is_some());
        let is_needed = |column: &usize| {
            let mut keys = keys.iter();
            has_filter
                || given.contains(column)
                || keys.any(|(key, _)| key.columns.contains(column))
        };
        Some((0..self.table.columns.len()).filter(is_needed).collect())
    }

    /// The keys of many rows, given the value of each column of the row at a position. `counts` tells whether a key with a
    /// filter counts for a row.
    pub fn keys<'v>(
        &self,
        rows: usize,
        value: impl Fn(usize, usize) -> Value<'v>,
        counts: impl Fn(usize, usize) -> bool,
    ) -> RowKeys {
        let keys = self.table.keys.iter().enumerate().map(|(index, key)| {
            self.enforced[index].then(|| {
                let is_number = index == 0 && matches!(self.identity, Identity::Integer);
                if is_number {
                    let column = key.columns[0];
                    let ids = (0..rows).map(|position| value(position, column).integer());
                    return Keys::Integers(ids.collect());
                }
                let mut keys = Keys::encoded();
                for position in 0..rows {
                    if key.filter.is_none() || counts(position, index) {
                        keys.push(key.columns.iter().map(|column| value(position, *column)));
                    } else {
                        keys.push([Value::Null]);
                    }
                }
                keys
            })
        });
        let all_columns = match &self.identity {
            Identity::AllColumns(stored) => {
                let mut keys = Keys::encoded();
                for position in 0..rows {
                    let columns = stored.columns.iter();
                    keys.push_all(columns.map(|column| value(position, *column)));
                }
                Some(keys)
            }
            _ => None,
        };
        RowKeys {
            keys: keys.collect(),
            all_columns,
        }
    }

    /// Notes a stored row, given the position of its keys, and its rowid.
    pub fn note_stored(&mut self, keys: &RowKeys, position: usize, rowid: i64) {
        let number = match &mut self.identity {
            Identity::Integer => match keys.integer(position) {
                Some(number) => number,
                None => return,
            },
            Identity::Key => match keys.encoded(position, 0) {
                Some(key) => self.maps[0].insert(key, 0).into(),
                // A key that contains NULL identifies no row, but the row's other values still count.
                None => -1 - rowid.max(0),
            },
            Identity::AllColumns(stored) => {
                let number = stored.rows.insert(keys.all_columns(position), rowid);
                let is_first = stored.free.is_empty();
                if number as usize > stored.free.len() {
                    stored.free.push(true);
                } else {
                    stored.others.entry(number).or_default().push_back(rowid);
                }
                if is_first || rowid > stored.greatest {
                    stored.greatest = rowid;
                }
                -i64::from(number)
            }
            Identity::Rowid => rowid,
        };
        self.insert_others(keys, position, number, false);
    }

    /// The number of a row if one with the same key is stored, or was accepted, given the position of its keys, and its
    /// line, or its rowid if it is a stored one.
    pub fn number_of(&self, keys: &RowKeys, position: usize, line: u64) -> Option<i64> {
        match &self.identity {
            Identity::Integer => keys.integer(position),
            Identity::Key => self.maps[0].find(keys.encoded(position, 0)?).map(i64::from),
            Identity::AllColumns(stored) => {
                // Only a unique value needs it.
                if self.table.keys.iter().all(|key| key.is_primary()) {
                    return None;
                }
                let number = stored.find(keys.all_columns(position));
                number.map(|number| -i64::from(number))
            }
            Identity::Rowid => Some(line as i64),
        }
    }

    /// The row that already has this value of the key at `index`, unless it is the row with the
    /// [number](Used::number_of) `own`.
    pub fn owner(
        &self,
        index: usize,
        key: Key,
        own: impl FnOnce() -> Option<i64>,
    ) -> Option<KeyOwner> {
        let map = &self.maps[index];
        match (self.table.keys[index].is_primary(), key) {
            (true, Key::Integer(id)) => self.ids.line(id).map(KeyOwner::Line),
            (true, Key::Encoded(_)) => {
                let number = u32::try_from(own()?).ok()?;
                let line = map.owner(number) as u64;
                map.is_used(number).then_some(KeyOwner::Line(line))
            }
            (false, key) => {
                let owner = map.owner(map.find(key.bytes(&mut Vec::new()))?);
                (own() != Some(owner)).then(|| self.row(owner))
            }
        }
    }

    /// The row with this number, as reasons name it.
    fn row(&self, number: i64) -> KeyOwner {
        let primary = self.table.primary_key().map_or(&[][..], |key| key.columns);
        let values = match &self.identity {
            Identity::Integer => number.to_string(),
            Identity::Key if number < 0 => {
                return KeyOwner::Row(format!("rowid {}", -1 - number).into());
            }
            Identity::Key => {
                let key = self.maps[0].key(u32::try_from(number).unwrap_or_default());
                let values = Key::Encoded(key).values();
                let quoted = values.iter().map(|value| value.get().quoted());
                in_brackets(quoted.collect())
            }
            Identity::AllColumns(stored) => match u64::try_from(number) {
                Ok(line) => return KeyOwner::Line(line),
                Err(_) => {
                    let number = number.unsigned_abs() as u32;
                    let key = self.table.rowid_key();
                    let name = key.map_or("rowid", |column| self.table.columns[column].name);
                    return KeyOwner::Row(format!("{name} {}", stored.rows.owner(number)).into());
                }
            },
            Identity::Rowid => return KeyOwner::Row(format!("rowid {number}").into()),
        };
        KeyOwner::Row(format!("{} {values}", self.table.named(primary)).into())
    }

    /// The number of the row of this run that has used a key.
    pub fn find(&self, index: usize, key: Key) -> Option<i64> {
        match (&self.identity, self.table.keys[index].is_primary()) {
            (Identity::Integer, true) => key.integer().filter(|id| self.ids.line(*id).is_some()),
            (_, true) => find(&self.maps[index], key).map(i64::from),
            (_, false) => {
                let map = &self.maps[index];
                find(map, key).map(|number| map.owner(number))
            }
        }
    }

    /// Records the keys at this position as used by the row on this line. Returns the number of the row, and its rowid
    /// if it is known to be stored.
    pub fn accept(&mut self, keys: &RowKeys, position: usize, line: u64) -> (i64, Option<i64>) {
        let mut rowid = None;
        let number = match &mut self.identity {
            Identity::Integer => {
                let id = keys.integer(position).unwrap_or_default();
                self.ids.insert(id, line);
                id
            }
            Identity::Key => match keys.encoded(position, 0) {
                Some(key) => {
                    let number = self.maps[0].insert(key, 0);
                    self.maps[0].use_by(number, line as i64);
                    number.into()
                }
                None => 0,
            },
            Identity::AllColumns(stored) => match stored.find(keys.all_columns(position)) {
                Some(number) => {
                    rowid = stored.take(number);
                    -i64::from(number)
                }
                None => line as i64,
            },
            Identity::Rowid => line as i64,
        };
        if !self.others.is_empty() {
            self.insert_others(keys, position, number, true);
        }
        (number, rowid)
    }

    /// Inserts the keys of a row other than the primary one, which it uses from now on or which are only stored.
    fn insert_others(&mut self, keys: &RowKeys, position: usize, number: i64, used: bool) {
        let mut buffer = Vec::new();
        for index in &self.others {
            let map = &mut self.maps[*index];
            if let Some(key) = keys.get(position, *index) {
                let entry = map.insert(key.bytes(&mut buffer), number);
                if used {
                    map.use_by(entry, number);
                }
            }
        }
    }

    /// What was used, by the indexes of the keys. Nothing is left.
    pub fn take(&mut self) -> Vec<UsedKeys> {
        let integers = matches!(self.identity, Identity::Integer);
        let keys = self.table.keys.iter().zip(take(&mut self.maps));
        let keys = keys.map(|(key, map)| match key.is_primary() {
            true if integers => UsedKeys::Integers(take(&mut self.ids).into_set()),
            true => UsedKeys::Primary(map),
            false => UsedKeys::Others(map),
        });
        keys.collect()
    }
}

/// All values of some of a table's keys, whatever rules their rows break.
#[derive(Debug)]
pub struct AllKeys {
    table: &'static Table,
    /// For each key whether it is of interest.
    wanted: Vec<bool>,
    ids: UsedIds,
    maps: Vec<KeyMap>,
}

impl AllKeys {
    /// No values yet, for the keys that are `wanted`.
    pub fn new(table: &'static Table, wanted: impl Fn(usize) -> bool) -> AllKeys {
        AllKeys {
            table,
            wanted: (0..table.keys.len()).map(wanted).collect(),
            ids: UsedIds::default(),
            maps: (table.keys.iter())
                .map(|key| KeyMap::new(key.collations))
                .collect(),
        }
    }

    /// Adds the values of some rows.
    pub fn add(&mut self, rows: &impl RowSource) {
        let wanted = self
            .wanted
            .iter()
            .enumerate()
            .filter(|(_, wanted)| **wanted);
        for (index, _) in wanted {
            let columns = self.table.keys[index].columns;
            let is_integer = index == 0 && self.table.integer_key().is_some();
            let mut key = Vec::new();
            for position in 0..rows.len() {
                let row = rows.row(position);
                key.clear();
                if is_integer {
                    if let Value::Integer(id) = row.value(columns[0]) {
                        self.ids.insert(id, 0);
                    }
                } else if encode(columns.iter().map(|column| row.value(*column)), &mut key) {
                    let number = self.maps[index].insert(&key, 0);
                    self.maps[index].use_by(number, 0);
                }
            }
        }
    }

    /// The values, by the indexes of the keys.
    pub fn into_used(self) -> Vec<UsedKeys> {
        let is_integer = self.table.integer_key().is_some();
        let mut ids = Some(self.ids).filter(|_| is_integer);
        let keys = self.table.keys.iter().zip(self.maps);
        let keys = keys.map(|(key, map)| match ids.take_if(|_| key.is_primary()) {
            Some(ids) => UsedKeys::Integers(ids.into_set()),
            None => UsedKeys::Primary(map),
        });
        keys.collect()
    }
}

impl StoredByValue {
    /// The number of a stored row with the same values that no row of the file stands for yet.
    fn find(&self, values: &[u8]) -> Option<u32> {
        let number = self.rows.find(values)?;
        (self.free[number as usize - 1] || self.others.contains_key(&number)).then_some(number)
    }

    /// The rowid of the first such row, given the number of its values. A row of the file stands for it from now on.
    fn take(&mut self, number: u32) -> Option<i64> {
        if take(&mut self.free[number as usize - 1]) {
            return Some(self.rows.owner(number));
        }
        let others = self.others.get_mut(&number)?;
        let rowid = others.pop_front();
        if others.is_empty() {
            self.others.remove(&number);
        }
        rowid
    }
}
