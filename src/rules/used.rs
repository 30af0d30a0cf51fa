//! Which keys the rows of a table have used, and which rows are told apart by what.

use std::mem::take;

use super::ids::{IdSet, UsedIds};
use super::key_map::KeyMap;
use crate::row::{Given, GivenRow, Key, OwnedValue, User, Value, encode, in_brackets};
use crate::schema::{self, Role, Table};

/// The keys that were used so far.
#[derive(Debug)]
pub struct Used {
    table: &'static Table,
    /// For each key of the table whether it counts.
    enforced: Vec<bool>,
    identity: Identity,
    /// The primary key, if that is a single whole number.
    ids: UsedIds,
    /// The other keys, by their indexes. The owners in that of the primary key are the lines of the rows; in the others
    /// they are the numbers of the rows.
    maps: Vec<KeyMap>,
}

/// What tells the rows of a table apart, and gives each a number.
#[derive(Debug)]
pub enum Identity {
    /// A primary key that is a single whole number. It is the number.
    Integer(usize),
    /// Another primary key. The number is that of the key in its map.
    Key,
    /// All values that the file has. The number is the line of the row; for rows that are stored, it is negative.
    Content(Box<Content>),
    /// SQLite's rowid, of stored rows without a primary key. It is the number.
    Rowid,
}

/// The stored rows of a table that are told apart by all their values.
#[derive(Debug)]
pub struct Content {
    /// The columns of the file.
    columns: Vec<usize>,
    /// The values of the stored rows. The owner is the rowid of the first row that has them.
    rows: KeyMap,
    /// By the numbers in the map less 1, how many rows have these values that no row of the file stands for yet.
    counts: Vec<u32>,
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
    /// The number of the row of this run that used a key.
    pub fn find(&self, key: Key) -> Option<i64> {
        match self {
            UsedKeys::Integers(ids) => integer(key).filter(|id| ids.contains(*id)),
            UsedKeys::Primary(map) => find(map, key).map(i64::from),
            UsedKeys::Others(map) => find(map, key).map(|number| map.owner(number)),
        }
    }
}

/// The number in a map of a key that a row of this run has used.
fn find(map: &KeyMap, key: Key) -> Option<u32> {
    let mut bytes = Vec::new();
    let number = match key {
        Key::Encoded(bytes) => map.find(bytes),
        Key::Integer(integer) => {
            encode([Value::Integer(integer)], &mut bytes);
            map.find(&bytes)
        }
    };
    number.filter(|number| map.is_used(*number))
}

/// A key that is a single whole number.
fn integer(key: Key) -> Option<i64> {
    match key {
        Key::Integer(integer) => Some(integer),
        Key::Encoded(_) => match key.values()[..] {
            [OwnedValue::Integer(integer)] => Some(integer),
            _ => None,
        },
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
                Identity::Content(Box::new(Content {
                    columns: columns.collect(),
                    rows: KeyMap::new(&[]),
                    counts: Vec::new(),
                }))
            }
            Some(_) => match table.integer_key() {
                Some(column) => Identity::Integer(column),
                None => Identity::Key,
            },
        };
        let has_key = matches!(identity, Identity::Integer(_) | Identity::Key);
        let enforced = table.keys.iter().map(|key| match key.role {
            Role::Rowid | Role::Primary => has_key,
            Role::Unique => true,
            Role::UniqueOnRequest => unique,
        });
        Used {
            table,
            enforced: enforced.collect(),
            identity,
            ids: UsedIds::with_lines(),
            maps: (table.keys.iter())
                .map(|key| KeyMap::new(key.collations))
                .collect(),
        }
    }

    /// Whether rows are told apart by all values that the file has.
    pub fn is_by_content(&self) -> bool {
        matches!(self.identity, Identity::Content(_))
    }

    /// Whether a key counts.
    pub fn is_enforced(&self, key: usize) -> bool {
        self.enforced[key]
    }

    /// Whether rows cannot be checked before all stored rows are known.
    pub fn depends_on_stored_rows(&self) -> bool {
        let mut keys = self.table.keys.iter().zip(&self.enforced);
        self.is_by_content() || keys.any(|(key, enforced)| *enforced && !key.is_primary())
    }

    /// Notes a stored row. `counts` tells which partial keys count for it.
    pub fn note_stored<'v>(
        &mut self,
        value: impl Fn(usize) -> Value<'v>,
        rowid: i64,
        counts: impl Fn(usize) -> bool,
    ) {
        let number = match &mut self.identity {
            Identity::Integer(column) => match value(*column) {
                Value::Integer(number) => number,
                _ => return,
            },
            Identity::Key => {
                let Some(key) = encoded(self.table.keys[0].columns, &value) else {
                    return;
                };
                self.maps[0].insert(&key, 0).into()
            }
            Identity::Content(content) => {
                let key = whole_row(&content.columns, &value);
                let number = content.rows.insert(&key, rowid);
                match content.counts.get_mut(number as usize - 1) {
                    Some(count) => *count += 1,
                    None => content.counts.push(1),
                }
                -i64::from(number)
            }
            Identity::Rowid => rowid,
        };
        for (index, key) in self.other_keys(&value, &counts) {
            self.maps[index].insert(&key, number);
        }
    }

    /// The number of a row if one with the same key is stored, or was accepted, given also its line, or its rowid if it is
    /// a stored one.
    pub fn number_of<'v>(
        &self,
        value: impl Fn(usize) -> Value<'v>,
        line: impl Fn() -> u64,
    ) -> Option<i64> {
        match &self.identity {
            Identity::Integer(column) => match value(*column) {
                Value::Integer(number) => Some(number),
                _ => None,
            },
            Identity::Key => {
                let key = encoded(self.table.keys[0].columns, &value)?;
                self.maps[0].find(&key).map(i64::from)
            }
            Identity::Content(content) => {
                // Only a unique value needs it.
                let mut keys = self.table.keys.iter();
                if keys.all(|key| key.is_primary()) {
                    return None;
                }
                content.find(&value).map(|number| -i64::from(number))
            }
            Identity::Rowid => Some(line() as i64),
        }
    }

    /// Which row has a key already, other than the row with this number.
    pub fn user<'v>(
        &self,
        index: usize,
        value: impl Fn(usize) -> Value<'v>,
        own: Option<i64>,
    ) -> Option<User> {
        let key = &self.table.keys[index];
        if key.is_primary() {
            return match self.identity {
                Identity::Integer(column) => match value(column) {
                    Value::Integer(id) => self.ids.line(id).map(User::Line),
                    _ => None,
                },
                _ => {
                    let map = &self.maps[0];
                    let number = map.find(&encoded(key.columns, &value)?)?;
                    let line = map.owner(number) as u64;
                    map.is_used(number).then_some(User::Line(line))
                }
            };
        }
        let map = &self.maps[index];
        let owner = map.owner(map.find(&encoded(key.columns, &value)?)?);
        (own != Some(owner)).then(|| self.row(owner))
    }

    /// The row with this number, as reasons name it.
    fn row(&self, number: i64) -> User {
        let primary = self.table.primary_key().map_or(&[][..], |key| key.columns);
        let values = match &self.identity {
            Identity::Integer(_) => number.to_string(),
            Identity::Key => {
                let key = self.maps[0].key(u32::try_from(number).unwrap_or_default());
                let values = Key::Encoded(key).values();
                let quoted = values.iter().map(|value| match value {
                    OwnedValue::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
                    OwnedValue::Blob(bytes) => format!("{:?}", hexadecimal(bytes)),
                    OwnedValue::Integer(number) => number.to_string(),
                    OwnedValue::Real(number) => number.to_string(),
                    OwnedValue::Null => "NULL".to_string(),
                });
                in_brackets(quoted.collect())
            }
            Identity::Content(content) => match u64::try_from(number) {
                Ok(line) => return User::Line(line),
                Err(_) => {
                    let number = number.unsigned_abs() as u32;
                    return User::Row(format!("rowid {}", content.rows.owner(number)).into());
                }
            },
            Identity::Rowid => return User::Row(format!("rowid {number}").into()),
        };
        User::Row(format!("{} {values}", self.table.named(primary)).into())
    }

    /// The number of the row of this run that has used a key.
    pub fn find(&self, index: usize, key: Key) -> Option<i64> {
        match (&self.identity, self.table.keys[index].is_primary()) {
            (Identity::Integer(_), true) => integer(key).filter(|id| self.ids.line(*id).is_some()),
            (_, true) => find(&self.maps[index], key).map(i64::from),
            (_, false) => {
                let map = &self.maps[index];
                find(map, key).map(|number| map.owner(number))
            }
        }
    }

    /// A row uses its keys from now on. Returns its number, and its rowid if it is known to be stored.
    pub fn accept<'v>(
        &mut self,
        value: impl Fn(usize) -> Value<'v>,
        line: u64,
        counts: impl Fn(usize) -> bool,
    ) -> (i64, Option<i64>) {
        let mut rowid = None;
        let number = match &mut self.identity {
            Identity::Integer(column) => match value(*column) {
                Value::Integer(id) => {
                    self.ids.insert(id, line);
                    id
                }
                _ => 0,
            },
            Identity::Key => match encoded(self.table.keys[0].columns, &value) {
                Some(key) => {
                    let number = self.maps[0].insert(&key, 0);
                    self.maps[0].use_by(number, line as i64);
                    number.into()
                }
                None => 0,
            },
            Identity::Content(content) => match content.find(&value) {
                Some(number) => {
                    content.counts[number as usize - 1] -= 1;
                    rowid = Some(content.rows.owner(number));
                    -i64::from(number)
                }
                None => line as i64,
            },
            Identity::Rowid => line as i64,
        };
        for (index, key) in self.other_keys(&value, &counts) {
            let entry = self.maps[index].insert(&key, number);
            self.maps[index].use_by(entry, number);
        }
        (number, rowid)
    }

    /// The keys of a row that count, each with its index.
    pub fn keys_of<'v>(
        &self,
        value: impl Fn(usize) -> Value<'v>,
        counts: impl Fn(usize) -> bool,
    ) -> Vec<(usize, Vec<u8>)> {
        let mut keys = self.other_keys(&value, counts);
        if let Some(primary) = self.table.primary_key()
            && self.enforced[0]
            && let Some(key) = encoded(primary.columns, &value)
        {
            keys.insert(0, (0, key));
        }
        keys
    }

    /// The same without the primary key.
    fn other_keys<'v>(
        &self,
        value: impl Fn(usize) -> Value<'v>,
        counts: impl Fn(usize) -> bool,
    ) -> Vec<(usize, Vec<u8>)> {
        let keys = self.table.keys.iter().enumerate();
        let keys = keys.filter(|(index, key)| {
            !key.is_primary() && self.enforced[*index] && (key.filter.is_none() || counts(*index))
        });
        keys.filter_map(|(index, key)| Some((index, encoded(key.columns, &value)?)))
            .collect()
    }

    /// What was used, by the indexes of the keys. Nothing is left.
    pub fn take(&mut self) -> Vec<UsedKeys> {
        let integers = matches!(self.identity, Identity::Integer(_));
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
    /// No values yet, of the keys that are `wanted`.
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
    pub fn add(&mut self, rows: &impl Given) {
        let wanted = self
            .wanted
            .iter()
            .enumerate()
            .filter(|(_, wanted)| **wanted);
        for (index, _) in wanted {
            let columns = self.table.keys[index].columns;
            let is_integer = index == 0 && self.table.integer_key().is_some();
            for position in 0..rows.len() {
                let row = rows.row(position);
                let value = |column| row.value(column);
                if is_integer {
                    if let Value::Integer(id) = value(columns[0]) {
                        self.ids.insert(id, 0);
                    }
                } else if let Some(key) = encoded(columns, &value) {
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

impl Content {
    /// The number of a stored row with the same values that no row of the file stands for yet.
    fn find<'v>(&self, value: impl Fn(usize) -> Value<'v>) -> Option<u32> {
        let number = self.rows.find(&whole_row(&self.columns, &value))?;
        (self.counts[number as usize - 1] > 0).then_some(number)
    }
}

/// The values of a key, unless one of them is NULL.
fn encoded<'v>(columns: &[usize], value: &impl Fn(usize) -> Value<'v>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    encode(columns.iter().map(|column| value(*column)), &mut bytes).then_some(bytes)
}

/// Values of a row, NULL or not.
fn whole_row<'v>(columns: &[usize], value: &impl Fn(usize) -> Value<'v>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for column in columns {
        // Nothing that is encoded begins like this.
        if !encode([value(*column)], &mut bytes) {
            bytes.push(0);
        }
    }
    bytes
}

/// The hexadecimal digits of bytes.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
