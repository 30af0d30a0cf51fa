//! Where the rows of each table come from, as the options say.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};

use super::super::{Databases, Messages};
use crate::cli::Insert;
use crate::csv::{Renamed, Source};
use crate::platform;
use crate::schema::Table;
use crate::terminal::show;

/// Where the rows of each table come from; `None` for a table that has no file.
pub fn sources(
    databases: &Databases,
    options: &Insert,
    messages: &mut Messages,
) -> Result<Vec<Option<Source>>> {
    let tables = &databases.tables[..];
    refuse_unsupported(databases, options)?;
    let mut sources = vec![None; tables.len()];
    let files = options.file.iter().map(|file| named_file(tables, file));
    for (table, source) in messages.all(files)? {
        if source == Source::Stdin && sources.contains(&Some(Source::Stdin)) {
            bail!("standard input can be read for one table only: give a file for the others");
        }
        let slot = &mut sources[table];
        if slot.is_some() {
            let name = tables[table].name;
            bail!("--file names two files for {name}: join them, or load one after the other");
        }
        *slot = Some(source);
    }
    let Some(folder) = &options.from else {
        if options.file.is_empty() {
            return Ok(vec![Some(Source::Seed); tables.len()]);
        }
        return Ok(sources);
    };
    if !folder.is_dir() {
        let advice = if folder.exists() {
            "give the folder that contains it with --from, or the file itself with --file"
        } else {
            "choose another one with --from"
        };
        let folder = show(folder);
        bail!("{folder} is not a folder: {advice}");
    }
    let found = sources.into_iter().zip(tables).map(|(named, table)| {
        if named.is_some() {
            return Ok(named);
        }
        let path = folder.join(table.csv());
        Source::in_folder(folder, table).map_err(|problem| anyhow!("{} {problem}", show(&path)))
    });
    messages.all(found.collect::<Vec<_>>().into_iter())
}

/// An error if there is a file for a table that cannot be loaded.
fn refuse_unsupported(databases: &Databases, options: &Insert) -> Result<()> {
    for (table, reasons) in &databases.unsupported {
        let is_named = |file: &OsString| {
            let bytes = file.as_encoded_bytes();
            let name = bytes.get(..table.len()).unwrap_or_default();
            name.eq_ignore_ascii_case(table.as_bytes()) && bytes.get(table.len()) == Some(&b'=')
        };
        let has_file = |folder: &PathBuf| {
            let names = ["csv", "csv.gz"].map(|suffix| format!("{table}.{suffix}"));
            // Such a path may lead out of the folder.
            !table.contains('/') && names.iter().any(|name| folder.join(name).exists())
        };
        if options.file.iter().any(is_named) || options.from.as_ref().is_some_and(has_file) {
            bail!("{table} cannot be loaded: {}", reasons.join("; "));
        }
    }
    Ok(())
}

/// The index of a table, and where its rows come from, given `TABLE=PATH`.
fn named_file(tables: &[&'static Table], given: &OsStr) -> Result<(usize, Source)> {
    let bytes = given.as_encoded_bytes();
    let split = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'=');
    let found = split
        .filter_map(|(end, _)| Some((table(tables, str::from_utf8(&bytes[..end]).ok()?)?, end)))
        .next();
    let Some((index, end)) = found else {
        let given = show(Path::new(given));
        let names = names(tables.iter().map(|table| table.name));
        bail!("--file {given} does not begin with a table and `=`: the tables are {names}");
    };
    let source = match &bytes[end + 1..] {
        b"-" => Source::Stdin,
        path => Source::File(platform::native(path_of(path))),
    };
    Ok((index, source))
}

/// The path that these bytes spell: the end of an argument, after a part that is ASCII.
#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;

    OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// The columns that have other names in the files, given `TABLE.COLUMN=HEADER` each.
pub fn renamed(
    tables: &[&'static Table],
    columns: &[String],
    messages: &mut Messages,
) -> Result<Vec<Renamed>> {
    let renamed = messages.all(columns.iter().map(|given| renamed_column(tables, given)))?;
    for (index, it) in renamed.iter().enumerate() {
        let is_same = |other: &Renamed| (other.table, other.column) == (it.table, it.column);
        if renamed[..index].iter().any(is_same) {
            let (table, column) = (it.table, it.column);
            bail!("--column gives {table}.{column} two names: give it one");
        }
    }
    Ok(renamed)
}

fn renamed_column(tables: &[&'static Table], given: &str) -> Result<Renamed> {
    for (end, _) in given.match_indices('.') {
        let Some(index) = table(tables, &given[..end]) else {
            continue;
        };
        let (table, rest) = (tables[index], &given[end + 1..]);
        for (end, _) in rest.match_indices('=') {
            let mut columns = table.columns.iter();
            let column = columns.find(|column| column.name.eq_ignore_ascii_case(&rest[..end]));
            if let Some(column) = column {
                return Ok(Renamed {
                    table: table.name,
                    column: column.name,
                    header: rest[end + 1..].to_string(),
                });
            }
        }
        let columns = names(table.columns.iter().map(|column| column.name));
        bail!(
            "--column {given} does not name a column of {} and `=`: its columns are {columns}",
            table.name
        );
    }
    let tables = names(tables.iter().map(|table| table.name));
    bail!("--column {given} does not begin with a table and `.`: the tables are {tables}");
}

/// The index of the table of this name.
fn table(tables: &[&'static Table], name: &str) -> Option<usize> {
    let is_named = |table: &&Table| table.name.eq_ignore_ascii_case(name);
    tables.iter().copied().position(|table| is_named(&table))
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
