//! The rules of the schema over what is stored: stored rows are records like any others.

use crate::database::{Database, Problem};
use crate::schema::Table;
use crate::validate::{Rejection, Validator};

/// What was found in one table.
#[derive(Debug)]
pub struct Checked {
    /// The table.
    pub table: &'static Table,
    /// How many rows it has.
    pub rows: u64,
    /// How many of them break a rule.
    pub violations: u64,
    /// The first of those.
    pub violating_rows: Vec<Violating>,
}

/// A stored row that breaks rules.
#[derive(Debug)]
pub struct Violating {
    /// Its id.
    pub id: i64,
    /// The broken rules, in the order of the columns.
    pub reasons: Vec<String>,
}

/// Checks all stored rows of all tables, and lists at most `limit` violating rows of each. A table's database comes
/// after those of the tables it refers to.
///
/// # Errors
///
/// If a database is damaged or cannot be read, with its place.
pub fn check(
    databases: &[Database],
    unique: bool,
    limit: usize,
) -> Result<Vec<Checked>, (usize, Problem)> {
    // An order is written after its user and product. Seen in the opposite order, no order that another process
    // writes meanwhile can look as if it dangled.
    for (place, database) in databases.iter().enumerate().rev() {
        database
            .hold_snapshot()
            .map_err(|problem| (place, problem))?;
    }
    let tables = databases.iter().enumerate().map(|(place, database)| {
        check_table(database, &databases[..place], unique, limit)
            .map_err(|problem| (place, problem))
    });
    tables.collect()
}

fn check_table(
    database: &Database,
    earlier: &[Database],
    unique: bool,
    limit: usize,
) -> Result<Checked, Problem> {
    let table = database.table;
    let mut checked = Checked {
        table,
        rows: 0,
        violations: 0,
        violating_rows: Vec::new(),
    };
    let mut validator = Validator::new(table, unique);
    database.check_integrity()?;
    database.own_texts(&mut validator)?;
    database.records(|batch| {
        checked.rows += batch.len() as u64;
        let exists = |parent: &'static Table, id| {
            let parent = earlier
                .iter()
                .find(|database| database.table.name == parent.name);
            parent.map_or(Ok(false), |database| database.contains(id))
        };
        let mut unreadable = None;
        validator.validate(batch, exists, |record, rejection| match rejection {
            Rejection::Rules(rules) => {
                checked.violations += 1;
                if checked.violating_rows.len() < limit {
                    checked.violating_rows.push(Violating {
                        id: String::from_utf8_lossy(record.cell(0))
                            .parse()
                            .unwrap_or_default(),
                        reasons: rules.iter().map(ToString::to_string).collect(),
                    });
                }
            }
            Rejection::Unknown(problem) => unreadable = Some(problem),
        });
        unreadable.map_or(Ok(()), Err)
    })?;
    Ok(checked)
}
