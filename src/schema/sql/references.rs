//! Finds the keys that references go to, and the order in which tables come after those they refer to.

use std::collections::VecDeque;

use super::ignored::Ignored;
use super::refusals::Refusals;
use super::tables::{Declared, DeclaredReference};
use crate::schema::Role;

/// A reference whose key was found.
#[derive(PartialEq)]
pub struct Resolved {
    /// The columns in the order of those of the key.
    pub columns: Vec<usize>,
    /// The index of the table that it refers to.
    pub parent: usize,
    /// The index of the key among those of that table.
    pub key: usize,
}

/// Finds the key of each reference of each table. A reference whose key cannot be found is refused.
pub fn resolve(
    tables: &[Declared],
    ignored: &Ignored,
    refusals: &mut Refusals,
) -> Vec<Vec<Resolved>> {
    let of_table = |table: &Declared| {
        let mut resolved = Vec::new();
        for reference in &table.references {
            match find(tables, ignored, table, reference) {
                Ok(found) if resolved.contains(&found) => {}
                Ok(found) => resolved.push(found),
                Err(refusal) => refusals.refuse(table.name, refusal),
            }
        }
        resolved
    };
    tables.iter().map(of_table).collect()
}

fn find(
    tables: &[Declared],
    ignored: &Ignored,
    table: &Declared,
    reference: &DeclaredReference,
) -> Result<Resolved, Refusal> {
    let from = column_names(
        reference
            .columns
            .iter()
            .map(|column| table.columns[*column].name),
    );
    let from = format!("{}.{from}", table.name);
    let parent_name = &reference.parent;
    let parent = tables
        .iter()
        .position(|parent| parent.name.eq_ignore_ascii_case(parent_name));
    let Some(parent) = parent else {
        let what = if ignored.has(&parent_name.to_ascii_lowercase()) {
            "which is not a plain table"
        } else {
            "a table that the schema does not have"
        };
        return Err(format!(
            "{from} refers to {parent_name}, {what}: add its CREATE TABLE, or leave the reference out"
        ));
    };
    let to_table = &tables[parent];
    let Some(to) = &reference.to else {
        let primary = to_table.keys.first().filter(|key| key.is_primary());
        return match primary {
            Some(key) if key.columns.len() == reference.columns.len() => Ok(Resolved {
                columns: reference.columns.clone(),
                parent,
                key: 0,
            }),
            Some(_) => Err(format!(
                "{from} refers to the primary key of {parent_name}, which has a different number of columns: name the columns that it refers to"
            )),
            None => Err(format!(
                "{from} refers to the primary key of {parent_name}, which has none: declare one, or name the columns that it refers to"
            )),
        };
    };
    let matching = to_table.keys.iter().enumerate().find_map(|(index, key)| {
        let columns = key
            .columns
            .iter()
            .zip(key.collations)
            .map(|(column, collation)| {
                let column = &to_table.columns[*column];
                let position = to
                    .iter()
                    .position(|to| to.eq_ignore_ascii_case(column.name))?;
                let is_compared_alike = *collation == column.collation || key.role == Role::Rowid;
                is_compared_alike.then(|| reference.columns[position])
            });
        let is_plain = key.filter.is_none() && key.columns.len() == to.len();
        let columns = if is_plain {
            columns.collect::<Option<_>>()
        } else {
            None
        };
        Some((index, columns?))
    });
    match matching {
        Some((key, columns)) => Ok(Resolved {
            columns,
            parent,
            key,
        }),
        None => Err(format!(
            "{from} refers to {parent_name} ({}), which is neither its primary key nor UNIQUE for all of its rows: declare it as one of them, with the collations of its columns",
            to.join(", ")
        )),
    }
}

type Refusal = String;

fn column_names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    match &names.collect::<Vec<_>>()[..] {
        [only] => only.to_string(),
        several => format!("({})", several.join(", ")),
    }
}

/// The indexes of the tables in an order in which each comes after those it refers to; otherwise as they are declared.
/// Tables that refer to each other in a cycle are refused.
pub fn order(
    tables: &[Declared],
    references: &[Vec<Resolved>],
    refusals: &mut Refusals,
) -> Vec<usize> {
    let parents: Vec<Vec<usize>> = references
        .iter()
        .enumerate()
        .map(|(table, references)| {
            references
                .iter()
                .map(|r| r.parent)
                .filter(|parent| *parent != table)
                .collect()
        })
        .collect();
    let mut order = Vec::new();
    let mut is_in_order = vec![false; tables.len()];
    let is_next = |table: &usize, is_in_order: &[bool]| {
        !is_in_order[*table] && parents[*table].iter().all(|parent| is_in_order[*parent])
    };
    while let Some(next) = (0..tables.len()).find(|table| is_next(table, &is_in_order)) {
        order.push(next);
        is_in_order[next] = true;
    }
    let mut is_in_circle = vec![false; tables.len()];
    for table in 0..tables.len() {
        if is_in_order[table] || is_in_circle[table] {
            continue;
        }
        if let Some(circle) = circle(&parents, table) {
            let names: Vec<_> = circle.iter().map(|table| tables[*table].name).collect();
            circle.iter().for_each(|table| is_in_circle[*table] = true);
            let sentence = format!(
                "{} refers to {}, in a cycle: no order of writing their files satisfies every reference; leave one of these references out",
                names[0],
                [&names[1..], &names[..1]]
                    .concat()
                    .join(", which refers to "),
            );
            names
                .iter()
                .for_each(|name| refusals.refuse(name, sentence.clone()));
        }
    }
    order
}

/// The shortest way from a table back to itself, from parent to parent.
fn circle(parents: &[Vec<usize>], start: usize) -> Option<Vec<usize>> {
    let mut previous = vec![None; parents.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(table) = queue.pop_front() {
        for parent in &parents[table] {
            if *parent == start {
                let mut way = vec![table];
                while let Some(before) = way.last().and_then(|last| previous[*last]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if previous[*parent].is_none() {
                previous[*parent] = Some(table);
                queue.push_back(*parent);
            }
        }
    }
    None
}
