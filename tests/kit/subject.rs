//! What a test loads: tables, rows for them, and where they are stored. The crash tests run for each of these.

use std::ffi::OsString;
use std::path::Path;

use super::seed::{ORDERS, PRODUCTS, USERS};
use super::{TABLES, header, many};

/// The file that declares the tables, beside the folder of the databases.
pub const SCHEMA: &str = "schema.sql";

/// Tables with rows to load.
pub struct Subject {
    pub name: &'static str,
    pub layout: Layout,
    /// The script that declares the tables; none for the built-in ones, whose rows are the seed.
    pub schema: Option<&'static str>,
    /// In the order of the report: each after those that it refers to.
    pub tables: [Sample; 3],
    /// A table without rows of its own, to which triggers write, and its header.
    pub written_by_triggers: Option<(&'static str, &'static str)>,
    /// Queries that never give a row, at no instant.
    pub never: &'static [&'static str],
    /// Clean CSV files with as many rows each.
    pub many: fn(usize) -> [String; 3],
    /// Only every `step`-th of the points at which something can be done to a run is tried.
    pub step: usize,
}

/// Where the tables are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Layout {
    FilePerTable,
    OneFile,
}

/// A table and its rows, as the sqlite3 shell prints them. Their order is that of the file.
pub struct Sample {
    pub name: &'static str,
    pub header: &'static str,
    pub stored: &'static [&'static str],
    /// Rows that break a rule.
    pub skipped: &'static [&'static str],
    /// Rows that keep the rules, and that SQLite refuses because of a trigger, or that refer to such rows.
    pub refused: &'static [&'static str],
    pub references: &'static [Reference],
}

/// A reference: the indices of the columns, the index of the table that it goes to, and those of its columns.
pub struct Reference {
    pub columns: &'static [usize],
    pub table: usize,
    pub to: &'static [usize],
}

/// A reference to the first column of a table.
const fn to(columns: &'static [usize], table: usize) -> Reference {
    let to = &[0];
    Reference { columns, table, to }
}

/// The built-in tables and the seed.
pub const BUILT_IN: Subject = Subject {
    name: "built-in tables",
    layout: Layout::FilePerTable,
    schema: None,
    tables: [
        Sample {
            name: TABLES[0],
            header: header(0),
            stored: &USERS,
            skipped: &["10||jane@example.com"],
            refused: &[],
            references: &[],
        },
        Sample {
            name: TABLES[1],
            header: header(1),
            stored: &PRODUCTS,
            skipped: &["10|Earbuds|-50"],
            refused: &[],
            references: &[],
        },
        Sample {
            name: TABLES[2],
            header: header(2),
            stored: &ORDERS,
            skipped: &["8|8|8|0", "9|9|1|-1", "10|10|11|2"],
            refused: &[],
            references: &[to(&[1], 0), to(&[2], 1)],
        },
    ],
    written_by_triggers: None,
    never: &[],
    many,
    step: 1,
};

const PLACES: Sample = Sample {
    name: "places",
    header: "code,name,within",
    stored: &[
        "b|Berlin|de",
        "de|Germany|eu",
        "eu|Europe|",
        "x1|One of a circle|x2",
        "m|Munich|de",
        "x2|The other one|x1",
        "self|Within itself|self",
    ],
    skipped: &[
        "q|Quay|nowhere",
        "r|Refers to what is skipped|q",
        "|No code|eu",
    ],
    refused: &[],
    references: &[to(&[2], 0)],
};

const STOCK: Sample = Sample {
    name: "stock",
    header: "place,sku,quantity",
    stored: &[
        "b|bolt|5",
        "b|nut|7",
        "de|bolt|1",
        "x1|nut|2",
        "m|bolt|9",
        "self|pin|4",
    ],
    skipped: &["b|gear|0", "q|bolt|3"],
    refused: &[],
    references: &[to(&[0], 0)],
};

const MOVES: Sample = Sample {
    name: "moves",
    header: "place,sku,pieces,note",
    stored: &[
        "b|bolt|1|in",
        "b|bolt|1|in",
        "b|nut|2|out",
        "b|bolt|1|in",
        "x1|nut|2|in",
        "de|bolt|1|",
        "x1|nut|2|in",
        "||3|lost",
    ],
    skipped: &["b|gear|1|in", "m|nut|1|in"],
    refused: &[],
    references: &[Reference {
        columns: &[0, 1],
        table: 1,
        to: &[0, 1],
    }],
};

/// Text keys, a table that refers to itself, a key of two columns, and a table without a key.
macro_rules! user_tables {
    () => {
        "CREATE TABLE places (code TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, within TEXT REFERENCES places (code));
         CREATE TABLE stock (place TEXT REFERENCES places, sku TEXT, quantity INTEGER CHECK (quantity > 0),
             PRIMARY KEY (place, sku)) WITHOUT ROWID;
         CREATE TABLE moves (place TEXT, sku TEXT, pieces INTEGER NOT NULL, note TEXT,
             FOREIGN KEY (place, sku) REFERENCES stock (place, sku));"
    };
}

/// User-defined tables, each in its own file.
pub const USER_TABLES: Subject = Subject {
    name: "user-defined tables",
    layout: Layout::FilePerTable,
    schema: Some(user_tables!()),
    tables: [PLACES, STOCK, MOVES],
    written_by_triggers: None,
    never: &[],
    many: many_user_rows,
    step: 6,
};

/// The same tables in one file, with triggers that count rows and changes, and that refuse some.
pub const ONE_FILE: Subject = Subject {
    name: "user-defined tables in one file",
    layout: Layout::OneFile,
    schema: Some(concat!(
        user_tables!(),
        "CREATE TABLE totals (place TEXT PRIMARY KEY, moves INTEGER);
         CREATE TRIGGER counts AFTER INSERT ON moves BEGIN
             INSERT INTO totals VALUES (ifnull(new.place, '-'), 1)
                 ON CONFLICT (place) DO UPDATE SET moves = moves + 1;
         END;
         CREATE TRIGGER refuses BEFORE INSERT ON moves WHEN new.note = 'refused' BEGIN
             SELECT RAISE (ABORT, 'no such move');
         END;
         CREATE TRIGGER undoes AFTER INSERT ON moves WHEN new.note = 'undone' BEGIN
             SELECT RAISE (ROLLBACK, 'all is undone');
         END;
         CREATE TRIGGER ignores BEFORE INSERT ON stock WHEN new.sku = 'ignored' BEGIN
             SELECT RAISE (IGNORE);
         END;
         CREATE TRIGGER counts_changes AFTER UPDATE ON stock BEGIN
             INSERT INTO totals VALUES ('changed ' || new.place, 1)
                 ON CONFLICT (place) DO UPDATE SET moves = moves + 1;
         END;
         CREATE TRIGGER refuses_changes BEFORE UPDATE ON places WHEN new.name = 'refused' BEGIN
             SELECT RAISE (ABORT, 'no such change');
         END;
         CREATE TRIGGER undoes_changes AFTER UPDATE ON places WHEN new.name = 'undone' BEGIN
             SELECT RAISE (ROLLBACK, 'all is undone');
         END;
         CREATE TRIGGER ignores_changes BEFORE UPDATE ON places WHEN new.name = 'ignored' BEGIN
             SELECT RAISE (IGNORE);
         END;"
    )),
    tables: [
        PLACES,
        Sample {
            refused: &["b|ignored|1"],
            ..STOCK
        },
        Sample {
            refused: &["b|nut|1|refused", "b|nut|1|undone", "b|ignored|1|in"],
            ..MOVES
        },
    ],
    written_by_triggers: Some(("totals", "place,moves")),
    never: &[
        "SELECT * FROM pragma_foreign_key_check",
        "SELECT ifnull(place, '-'), count(*) FROM moves GROUP BY place EXCEPT SELECT * FROM totals",
        "SELECT * FROM totals WHERE place NOT LIKE 'changed %'
         EXCEPT SELECT ifnull(place, '-'), count(*) FROM moves GROUP BY place",
    ],
    many: many_user_rows,
    step: 6,
};

/// What the crash tests run for.
pub const SUBJECTS: [&Subject; 3] = [&BUILT_IN, &USER_TABLES, &ONE_FILE];

/// Each place lies within another of the same ten, every second one within a later one. The moves come in pairs of equal
/// rows.
fn many_user_rows(rows: usize) -> [String; 3] {
    let mut texts = [&PLACES, &STOCK, &MOVES].map(|table| format!("{}\n", table.header));
    for row in 1..=rows {
        let (within, pair) = (row + 9 - row % 10 * 2, row / 2 + 1);
        texts[0] += &format!("p{row},Place {row},p{}\n", within.clamp(1, rows));
        texts[1] += &format!("p{row},s{row},{row}\n");
        texts[2] += &format!("p{pair},s{pair},{pair},in\n");
    }
    texts
}

impl Subject {
    /// The options that tell a command which tables there are, and where, given the folder of their files.
    pub fn options(&self, folder: &Path, command: &str) -> Vec<OsString> {
        let (option, place) = match self.layout {
            Layout::FilePerTable => ("--dir", folder.to_path_buf()),
            Layout::OneFile => ("--database", folder.join("app.db")),
        };
        let mut options = vec![option.into(), place.into()];
        // A database that is there says itself what its tables are.
        if self.schema.is_some() && (self.layout == Layout::FilePerTable || command == "init") {
            options.extend(["--schema", SCHEMA].map(OsString::from));
        }
        options
    }

    /// The arguments that insert the rows and report them as JSON.
    pub fn insert(&self) -> &'static [&'static str] {
        const SEED: &[&str] = &["insert", "--format", "json"];
        const FILES: &[&str] = &["insert", "--format", "json", "--from", "input"];
        if self.schema.is_none() { SEED } else { FILES }
    }

    pub fn is_one_file(&self) -> bool {
        self.layout == Layout::OneFile
    }

    /// The names of the database files, with the indices of their tables.
    pub fn databases(&self) -> Vec<(String, Vec<usize>)> {
        match self.layout {
            Layout::FilePerTable => (self.tables.iter().enumerate())
                .map(|(index, table)| (format!("{}.db", table.name), vec![index]))
                .collect(),
            Layout::OneFile => vec![("app.db".to_string(), vec![0, 1, 2])],
        }
    }

    /// The name of the database file of a table.
    pub fn database(&self, table: &str) -> String {
        match self.layout {
            Layout::FilePerTable => format!("{table}.db"),
            Layout::OneFile => "app.db".to_string(),
        }
    }

    /// How many rows of each table are stored in the end.
    pub fn complete(&self) -> [usize; 3] {
        self.tables.each_ref().map(|table| table.stored.len())
    }

    /// How many rows SQLite refuses.
    pub fn refused(&self) -> usize {
        self.tables.iter().map(|table| table.refused.len()).sum()
    }

    /// The exit status of a load that nothing disturbs.
    pub fn status(&self) -> i32 {
        i32::from(self.refused() > 0)
    }
}

impl Sample {
    /// The rows as a CSV file.
    pub fn csv(&self) -> String {
        let rows = [self.stored, self.skipped, self.refused].concat();
        let lines = rows.iter().map(|row| row.replace('|', ",") + "\n");
        self.header.to_string() + "\n" + &lines.collect::<String>()
    }

    /// The row on a line of the file, where it is one to be stored.
    pub fn on_line(&self, line: u64) -> Option<&'static str> {
        self.stored.get(line as usize - 2).copied()
    }
}
