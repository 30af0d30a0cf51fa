//! What the databases hold after a crash.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use rusqlite::Connection;

use crate::kit::Folder;
use crate::kit::stored::print;
use crate::kit::subject::{Reference, Subject};

/// Printed rows with their counts: a table without a key may hold duplicates.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub struct Rows(BTreeMap<String, usize>);

impl FromIterator<String> for Rows {
    fn from_iter<T: IntoIterator<Item = String>>(rows: T) -> Rows {
        let mut counted = Rows::default();
        for row in rows {
            *counted.0.entry(row).or_default() += 1;
        }
        counted
    }
}

impl Rows {
    #[allow(clippy::len_without_is_empty, reason = "none needs it")]
    pub fn len(&self) -> usize {
        self.0.values().sum()
    }

    /// The multiset difference of two sets of rows.
    pub fn without(&self, those: &Rows) -> Rows {
        let left = self.0.iter().map(|(row, count)| {
            let taken = those.0.get(row).copied().unwrap_or_default();
            (row.clone(), count.saturating_sub(taken))
        });
        Rows(left.filter(|(_, count)| *count > 0).collect())
    }

    /// The multiset union: each row as often as in the operand that has it more often.
    pub fn or(&self, those: &Rows) -> Rows {
        let mut both = self.clone();
        for (row, count) in &those.0 {
            let has = both.0.entry(row.clone()).or_default();
            *has = (*has).max(*count);
        }
        both
    }

    /// Whether there is this row.
    pub fn has(&self, row: &str) -> bool {
        self.0.contains_key(row)
    }

    /// The rows, each once.
    pub fn different(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}

/// The rows of all tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored(pub [Rows; 3]);

impl Stored {
    /// Reads a copy of a folder, so that what a crash left there is still there for the next run.
    ///
    /// Panics if a database is damaged or if a row dangles.
    pub fn read(folder: &Folder) -> Stored {
        let (copy, subject) = (folder.copy(), folder.subject);
        let mut stored = Stored(Default::default());
        for (name, tables) in subject.databases() {
            let rows = sound_rows(&copy.path().join(&name), subject, &tables)
                .unwrap_or_else(|problem| panic!("{name}: {problem}"));
            for (table, rows) in tables.into_iter().zip(rows) {
                stored.0[table] = rows;
            }
        }
        for (table, sample) in subject.tables.iter().enumerate() {
            for reference in sample.references {
                let dangling = dangling(reference, &stored.0[table], &stored.0[reference.table]);
                assert_eq!(dangling, None, "a row of {} dangles", sample.name);
            }
        }
        stored
    }

    /// How many rows each table has.
    pub fn counts(&self) -> [usize; 3] {
        self.0.each_ref().map(Rows::len)
    }
}

/// The rows of some tables of a subject if their database is sound; else what is wrong.
pub fn sound_rows(
    database: &Path,
    subject: &Subject,
    tables: &[usize],
) -> Result<Vec<Rows>, String> {
    let read = || -> rusqlite::Result<_> {
        let connection = Connection::open(database)?;
        let mut problems = print(&connection, "PRAGMA integrity_check")?;
        problems.retain(|problem| problem != "ok");
        let rows = tables.iter().map(|table| {
            let name = subject.tables[*table].name;
            let rows = print(&connection, &format!("SELECT * FROM {name}"))?;
            Ok(Rows::from_iter(rows))
        });
        let rows = rows.collect::<rusqlite::Result<_>>()?;
        for query in subject.never {
            let found = print(&connection, query)?;
            problems.extend(found.iter().map(|row| format!("{row} of {query}")));
        }
        Ok((problems, rows))
    };
    match read() {
        Err(error) => Err(error.to_string()),
        Ok((problems, _)) if !problems.is_empty() => Err(problems.join("; ")),
        Ok((_, rows)) => Ok(rows),
    }
}

/// The first row whose reference goes to none of these parents.
pub fn dangling<'a>(reference: &Reference, rows: &'a Rows, parents: &Rows) -> Option<&'a String> {
    let parents = parents.different().map(|row| cells(row, reference.to));
    let parents: HashSet<_> = parents.collect();
    let is_whole = |row: &&String| {
        let key = cells(row, reference.columns);
        key.contains(&"") || parents.contains(&key)
    };
    rows.different().find(|row| !is_whole(row))
}

/// Some cells of a printed row. An empty one is NULL.
fn cells<'a>(row: &'a str, columns: &[usize]) -> Vec<&'a str> {
    let cells: Vec<_> = row.split('|').collect();
    columns.iter().map(|column| cells[*column]).collect()
}
