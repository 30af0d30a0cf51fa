//! What `--update` must know before rows replace stored ones.

use std::sync::Arc;

use super::super::Databases;
use crate::database::Problem;
use crate::insert::TableLoad;
use crate::row::Header;
use crate::schema::Table;

/// For each column of a table, the tables that refer to it, with a verb that agrees: `orders refers`.
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

/// The columns that a file does not have and that stay as they are stored, but that take part in rules for other columns.
pub fn kept_columns(table: &Table, header: &Header) -> Vec<usize> {
    let is_absent = |column: &usize| !header.has(*column) && !table.columns[*column].generated;
    if !header.has_key(table) {
        return Vec::new();
    }
    // A generated column may be made of any other.
    let any_generated = table.columns.iter().any(|column| column.generated);
    let takes_part = |column: &usize| {
        let declared = &table.columns[*column];
        let name = declared.name.to_ascii_lowercase();
        let mentions = |sql: &str| any_generated || sql.to_ascii_lowercase().contains(&name);
        let unique = table.keys.iter().any(|key| {
            let is_part = key.columns.contains(column) || key.filter.is_some_and(mentions);
            !key.is_primary() && is_part
        });
        let refers = table.references.iter().any(|reference| {
            let decides = reference.columns.len() > 1 || declared.default.is_some();
            reference.columns.contains(column) && decides
        });
        unique || refers || table.checks.iter().any(|check| mentions(check.sql))
    };
    (0..table.columns.len())
        .filter(|column| is_absent(column) && takes_part(column))
        .collect()
}
