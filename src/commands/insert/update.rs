//! What `--update` must know before rows replace stored ones.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};

use super::super::Databases;
use crate::database::Problem;
use crate::insert::TableLoad;
use crate::row::Header;
use crate::schema::Table;
use crate::terminal::show;

/// For each column of a table which tables refer to it, and the verb: `orders refers`.
pub fn referring(
    databases: &Databases,
    load: &TableLoad,
) -> Result<Arc<[Option<Arc<str>>]>, Problem> {
    let table = load.table;
    let mut by_column: Vec<Vec<String>> = vec![Vec::new(); table.columns.len()];
    let mut add = |column: usize, name: &str| {
        let names = &mut by_column[column];
        if !names.iter().any(|known| known == name) {
            names.push(name.to_string());
        }
    };
    for child in &databases.tables {
        let references = child.references.iter();
        for reference in references.filter(|reference| reference.parent == table.name) {
            for column in table.keys[reference.key].columns {
                add(*column, child.name);
            }
        }
    }
    if databases.in_one_file {
        // Tables that cannot be loaded may refer to it too.
        for (column, child) in load.reader().referring()? {
            match column {
                Some(name) => {
                    let has_name =
                        |column: usize| table.columns[column].name.eq_ignore_ascii_case(&name);
                    (0..table.columns.len())
                        .filter(|column| has_name(*column))
                        .for_each(|column| add(column, &child));
                }
                None => {
                    let key = table.primary_key().map_or(&[][..], |key| key.columns);
                    key.iter().for_each(|column| add(*column, &child));
                }
            }
        }
    }
    let phrase = |names: Vec<String>| match names.len() {
        0 => None,
        1 => Some(format!("{} refers", names[0]).into()),
        _ => Some(format!("{} refer", names.join(" and ")).into()),
    };
    Ok(by_column.into_iter().map(phrase).collect())
}

/// Makes sure that a file has what is needed to check the rows that it updates: a rule for several columns needs them all.
///
/// # Errors
///
/// If it lacks a column.
pub fn check_header(table: &Table, header: &Header, file: &Path) -> Result<()> {
    let is_absent = |column: &usize| !header.has(*column) && !table.columns[*column].generated;
    let has_key = (table.primary_key()).is_some_and(|key| !key.columns.iter().any(is_absent));
    if !has_key {
        return Ok(());
    }
    let absent: Vec<usize> = (0..table.columns.len()).filter(is_absent).collect();
    let takes_part = |column: &usize| {
        let declared = &table.columns[*column];
        let name = declared.name.to_ascii_lowercase();
        let mentions = |sql: &str| sql.to_ascii_lowercase().contains(&name);
        // A generated column may be made of any other.
        let covers = |columns: &[usize]| {
            let is_generated = |column: &usize| table.columns[*column].generated;
            columns.contains(column) || columns.iter().any(is_generated)
        };
        let any_generated = table.columns.iter().any(|column| column.generated);
        table.keys.iter().any(|key| {
            !key.is_primary() && (covers(key.columns) || key.filter.is_some_and(mentions))
        }) || table.references.iter().any(|reference| {
            covers(reference.columns) && (reference.columns.len() > 1 || declared.default.is_some())
        }) || (table.checks.iter()).any(|check| any_generated || mentions(check.sql))
    };
    if let Some(column) = absent.iter().find(|column| takes_part(column)) {
        bail!(
            "{} has no column {:?}, which --update needs to check the rules of {}: add it, or leave --update out",
            show(file),
            table.columns[*column].name,
            table.name
        );
    }
    Ok(())
}
