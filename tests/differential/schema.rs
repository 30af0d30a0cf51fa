//! A case: tables as someone might declare them, and a CSV file for each.

use std::collections::HashMap;
use std::fmt::Write;

use super::kinds::{Kind, stored_type};

/// Stands for a byte that is not UTF-8 until the file is written.
pub const NOT_UTF8: char = '\u{f8ff}';

#[derive(Clone, Debug)]
pub struct Case {
    pub tables: Vec<Table>,
    /// Statements and comments between the tables that change nothing.
    pub decorated: bool,
    pub threads: Option<u8>,
    pub layout: Layout,
}

/// Where the program stores the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Plain tables, each in a file of its own.
    FilePerTable,
    /// The tables as declared, in one file.
    OneFile,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub primary: Option<Primary>,
    pub uniques: Vec<Unique>,
    pub references: Vec<Reference>,
    pub checks: Vec<Check>,
    pub without_rowid: bool,
    pub strict: bool,
    /// Whether the table that the program makes is `STRICT` too.
    pub stored_strict: bool,
    pub file: Option<File>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub declared: &'static str,
    /// The declared type of the table that the program makes.
    pub stored: &'static str,
    pub not_null: bool,
    pub collation: Option<&'static str>,
    pub default: Option<Default>,
}

/// A default, and the cell that means the same.
#[derive(Clone, Copy, Debug)]
pub struct Default {
    pub sql: &'static str,
    pub cell: &'static str,
}

#[derive(Clone, Debug)]
pub struct Primary {
    pub columns: Vec<usize>,
    /// Where the key has another collation than its column.
    pub collation: Option<&'static str>,
    pub descending: bool,
}

#[derive(Clone, Debug)]
pub struct Unique {
    pub columns: Vec<usize>,
    pub collation: Option<&'static str>,
    /// Whether it is a constraint of the table and not an index.
    pub constraint: bool,
    pub filter: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Reference {
    pub columns: Vec<usize>,
    pub parent: usize,
    pub parent_columns: Vec<usize>,
    /// Whether the columns of the parent are left out: they are its primary key.
    pub implicit: bool,
}

#[derive(Clone, Debug)]
pub struct Check {
    pub name: Option<&'static str>,
    pub expression: String,
    /// The column that it is declared with; else the table.
    pub column: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct File {
    /// The columns that the file has, in its order.
    pub header: Vec<usize>,
    pub records: Vec<Vec<String>>,
}

/// Who the SQL is for.
#[derive(Clone, Copy, PartialEq)]
enum For {
    Program,
    Oracle,
}

pub fn quoted(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase());
    if plain && !["order", "select", "from", "group"].contains(&name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

impl Column {
    pub fn kind(&self) -> Kind {
        Kind::of(self.declared)
    }

    /// The column in a table without constraints that stores what the program stores.
    pub fn plain(&self) -> String {
        let collation = self
            .collation
            .map_or(String::new(), |it| format!(" COLLATE {it}"));
        format!("{} {}{collation}", quoted(&self.name), self.stored)
    }
}

impl Table {
    pub fn names(&self, columns: &[usize]) -> String {
        let names: Vec<_> = columns
            .iter()
            .map(|&it| quoted(&self.columns[it].name))
            .collect();
        names.join(", ")
    }

    /// Columns with the collation of an index.
    pub fn indexed(&self, columns: &[usize], collation: Option<&str>) -> String {
        let collation = collation.map_or(String::new(), |it| format!(" COLLATE {it}"));
        let names = columns
            .iter()
            .map(|&it| quoted(&self.columns[it].name) + &collation);
        names.collect::<Vec<_>>().join(", ")
    }

    /// The primary key and then what else must be unique: the columns, the collation and the filter.
    pub fn keys(&self) -> Vec<(&[usize], Option<&'static str>, Option<&str>)> {
        let primary = self
            .primary
            .iter()
            .map(|it| (&it.columns[..], it.collation, None));
        let uniques = self.uniques.iter();
        let uniques = uniques.map(|it| (&it.columns[..], it.collation, it.filter.as_deref()));
        primary.chain(uniques).collect()
    }

    pub fn is_in_primary(&self, column: usize) -> bool {
        self.primary
            .as_ref()
            .is_some_and(|key| key.columns.contains(&column))
    }

    /// The column that stands for the rowid.
    pub fn rowid(&self) -> Option<usize> {
        let primary = self.primary.as_ref()?;
        let &[column] = &primary.columns[..] else {
            return None;
        };
        let is = self.columns[column].declared == "INTEGER" && !self.without_rowid;
        (is && !primary.descending && primary.collation.is_none()).then_some(column)
    }

    /// Whether SQLite assigns the ids, since the file has none.
    pub fn assigns_ids(&self) -> bool {
        let file = self.file.as_ref();
        file.is_some_and(|file| self.rowid().is_some_and(|id| !file.header.contains(&id)))
    }

    /// The bytes of the CSV file.
    pub fn csv(&self) -> Option<Vec<u8>> {
        let file = self.file.as_ref()?;
        let header = file.header.iter().map(|&it| self.columns[it].name.clone());
        let mut bytes = Vec::new();
        for record in std::iter::once(&header.collect()).chain(&file.records) {
            write_record(record, &mut bytes);
        }
        Some(bytes)
    }

    /// The records that are not blank lines, with the line where each starts.
    pub fn records(&self) -> Vec<(u64, &[String])> {
        let Some(file) = &self.file else {
            return Vec::new();
        };
        let mut line = 2;
        let records = file.records.iter().map(|record| {
            let start = line;
            let breaks: usize = record.iter().map(|cell| cell.matches('\n').count()).sum();
            line += 1 + breaks as u64;
            (start, &record[..])
        });
        records
            .filter(|(_, record)| record.iter().any(|cell| !cell.is_empty()))
            .collect()
    }

    fn sql(&self, tables: &[Table], reader: For, decorated: bool) -> String {
        let mut items: Vec<String> = Vec::new();
        let inline_key = self
            .primary
            .as_ref()
            .filter(|key| key.columns.len() == 1 && key.collation.is_none());
        for (index, column) in self.columns.iter().enumerate() {
            let mut item = if reader == For::Oracle {
                column.plain()
            } else {
                let collation = column
                    .collation
                    .map_or(String::new(), |it| format!(" COLLATE {it}"));
                format!("{} {}{collation}", quoted(&column.name), column.declared)
            };
            if let Some(key) = inline_key.filter(|key| key.columns[0] == index) {
                item += " PRIMARY KEY";
                item += if key.descending { " DESC" } else { "" };
            }
            let not_null = column.not_null || reader == For::Oracle && self.is_in_primary(index);
            item += if not_null { " NOT NULL" } else { "" };
            if let Some(default) = column.default {
                write!(item, " DEFAULT {}", default.sql).expect("a string");
            }
            for check in self
                .checks
                .iter()
                .filter(|check| check.column == Some(index))
            {
                item += &check.sql();
            }
            items.push(item);
        }
        if let Some(key) = self.primary.as_ref().filter(|_| inline_key.is_none()) {
            items.push(format!(
                "PRIMARY KEY ({})",
                self.indexed(&key.columns, key.collation)
            ));
        }
        for unique in self.uniques.iter().filter(|unique| unique.constraint) {
            items.push(format!(
                "UNIQUE ({})",
                self.indexed(&unique.columns, unique.collation)
            ));
        }
        for reference in &self.references {
            let parent = &tables[reference.parent];
            let mut item = format!(
                "FOREIGN KEY ({}) REFERENCES {}",
                self.names(&reference.columns),
                quoted(&parent.name)
            );
            if !reference.implicit {
                write!(item, " ({})", parent.names(&reference.parent_columns)).expect("a string");
            }
            if decorated && reader == For::Program {
                item += " ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED";
            }
            items.push(item);
        }
        for check in self.checks.iter().filter(|check| check.column.is_none()) {
            items.push(check.sql().trim_start().to_owned());
        }
        let mut options = Vec::new();
        options.extend(self.without_rowid.then_some("WITHOUT ROWID"));
        options.extend(
            (if reader == For::Program {
                self.strict
            } else {
                self.stored_strict
            })
            .then_some("STRICT"),
        );
        let name = quoted(&self.name);
        let mut sql = format!(
            "CREATE TABLE {name} (\n  {}\n) {};\n",
            items.join(",\n  "),
            options.join(", ")
        );
        for (index, unique) in self
            .uniques
            .iter()
            .enumerate()
            .filter(|(_, unique)| !unique.constraint)
        {
            let filter = unique
                .filter
                .as_ref()
                .map_or(String::new(), |it| format!(" WHERE {it}"));
            let index = quoted(&format!("{} unique {index}", self.name));
            let columns = self.indexed(&unique.columns, unique.collation);
            writeln!(
                sql,
                "CREATE UNIQUE INDEX {index} ON {name} ({columns}){filter};"
            )
            .expect("a string");
        }
        sql
    }
}

impl Check {
    fn sql(&self) -> String {
        let name = self.name.map_or(String::new(), |name| {
            format!(" CONSTRAINT {}", quoted(name))
        });
        format!("{name} CHECK ({})", self.expression)
    }
}

impl Case {
    /// The same case for this layout.
    pub fn with(mut self, layout: Layout) -> Case {
        let as_declared = layout == Layout::OneFile;
        for table in &mut self.tables {
            table.stored_strict = table.strict && as_declared;
            for column in &mut table.columns {
                let declared = column.declared;
                column.stored = if as_declared {
                    declared
                } else {
                    stored_type(declared)
                };
            }
        }
        Case { layout, ..self }
    }

    /// The script that the program gets.
    pub fn script(&self) -> String {
        let tables = self.sql(For::Program);
        if self.decorated {
            format!(
                "-- A dump.\nPRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n{tables}/* The end. */\nCOMMIT;\n"
            )
        } else {
            tables
        }
    }

    /// The same tables as the oracle declares them: primary keys are `NOT NULL`, and text values are stored as text.
    pub fn oracle(&self) -> String {
        self.sql(For::Oracle)
    }

    fn sql(&self, reader: For) -> String {
        let tables = self.tables.iter();
        tables
            .map(|table| table.sql(&self.tables, reader, self.decorated))
            .collect()
    }

    /// What a person needs to see of a case that fails.
    pub fn describe(&self) -> String {
        let mut text = self.script();
        for table in &self.tables {
            let csv = table
                .csv()
                .map(|csv| String::from_utf8_lossy(&csv).replace('\0', "<NUL>"));
            writeln!(
                text,
                "--- {}.csv\n{}",
                table.name,
                csv.unwrap_or("(no file)".into())
            )
            .expect("a string");
        }
        if let Some(threads) = self.threads {
            writeln!(text, "--- --threads {threads}").expect("a string");
        }
        text
    }
}

fn write_record(record: &[String], bytes: &mut Vec<u8>) {
    let cells: Vec<_> = record
        .iter()
        .map(|cell| {
            let quote = cell.contains([',', '"', '\n', '\r']) || record == [""];
            if quote {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.clone()
            }
        })
        .collect();
    bytes.extend(self::bytes(&cells.join(",")));
    bytes.push(b'\n');
}

/// A cell as it stands in the file.
pub fn bytes(cell: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for character in cell.chars() {
        if character == NOT_UTF8 {
            bytes.push(0xff);
        } else {
            bytes.extend(character.encode_utf8(&mut [0; 4]).bytes());
        }
    }
    bytes
}

/// How often each part of a schema occurs.
pub fn count(case: &Case, counts: &mut HashMap<&'static str, usize>) {
    let mut add = |what, number| *counts.entry(what).or_default() += number;
    add("schemas", 1);
    for (index, table) in case.tables.iter().enumerate() {
        let (own, other): (Vec<_>, Vec<_>) =
            table.references.iter().partition(|it| it.parent == index);
        add("tables", 1);
        add("references", other.len());
        add("references to the table itself", own.len());
        add(
            "references of several columns",
            table
                .references
                .iter()
                .filter(|it| it.columns.len() > 1)
                .count(),
        );
        add("UNIQUE", table.uniques.len());
        add(
            "partial indexes",
            table
                .uniques
                .iter()
                .filter(|it| it.filter.is_some())
                .count(),
        );
        add("CHECK", table.checks.len());
        add("tables without a key", usize::from(table.primary.is_none()));
        add(
            "keys of several columns",
            usize::from(
                table
                    .primary
                    .as_ref()
                    .is_some_and(|it| it.columns.len() > 1),
            ),
        );
        add("ids assigned", usize::from(table.assigns_ids()));
        add("WITHOUT ROWID", usize::from(table.without_rowid));
        add("STRICT", usize::from(table.strict));
    }
}
