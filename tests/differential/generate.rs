//! Random cases. What proptest draws are plain choices, each of which means something whatever the others are: so no
//! case is rejected, and one that fails shrinks to few tables, columns and rows.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::kinds::Kind;
use super::schema::{
    Case, Check, Column, Default, File, Layout, NOT_UTF8, Primary, Reference, Table, Unique, quoted,
};

const TABLES: [&str; 12] = [
    "plain",
    "order",
    "line items",
    "Größe",
    "it's",
    "a.b",
    "semi;colon",
    "100%",
    "x--y",
    "(paren)",
    "Mixed",
    "under_score",
];
const COLUMNS: [&str; 16] = [
    "name",
    "code",
    "reason",
    "two words",
    "from",
    "größe",
    "a.b",
    "it's",
    "x,y",
    "Mixed",
    "order",
    "select",
    "100%",
    "q\"q",
    "semi;colon",
    "value",
];
const TYPES: [&str; 36] = [
    "TEXT",
    "INTEGER",
    "VARCHAR(20)",
    "INT",
    "NUMERIC",
    "REAL",
    "",
    "BIGINT",
    "BOOLEAN",
    "DATE",
    "DATETIME",
    "TIME",
    "BLOB",
    "UUID",
    "DECIMAL(10,2)",
    "SERIAL",
    "TIMESTAMP WITH TIME ZONE",
    "DOUBLE PRECISION",
    "JSON",
    "STRING",
    "INTERVAL",
    "CLOB",
    "VARBINARY(16)",
    "ENUM",
    "POINT",
    "FLOAT",
    "bool",
    "UNSIGNED BIG INT",
    "BYTEA",
    "ANY",
    "MONEY",
    "timestamptz",
    "char(3)",
    "TINYINT(1)",
    "POLYGON",
    "jsonb",
];
/// The types that a `STRICT` table may have.
const STRICT_TYPES: [&str; 6] = ["TEXT", "INTEGER", "INT", "REAL", "BLOB", "ANY"];
/// The types that a reference may have instead of that of its parent.
const OTHER_TYPES: [&str; 6] = ["TEXT", "INTEGER", "NUMERIC", "REAL", "", "UUID"];
const COLLATIONS: [Option<&str>; 4] = [None, Some("NOCASE"), Some("RTRIM"), Some("BINARY")];

/// How a cell is filled.
#[derive(Clone, Copy, Debug)]
enum Fill {
    /// With a value that no other row has, if the kind has enough values; a reference with a value of its parent.
    Own,
    /// With one of a few values; a reference possibly with one that its parent does not have.
    Few,
    Empty,
    Wrong,
    Nul,
    Utf8,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    fill: Fill,
    value: u8,
}

#[derive(Clone, Debug)]
struct DrawnColumn {
    name: u8,
    declared: u8,
    not_null: bool,
    collation: u8,
    default: Option<u8>,
    omitted: bool,
}

#[derive(Clone, Debug)]
struct DrawnKey {
    form: u8,
    columns: Vec<u8>,
    collation: u8,
    filter: u8,
}

#[derive(Clone, Debug)]
struct DrawnReference {
    parent: u8,
    key: u8,
    declared: u8,
    not_null: bool,
}

#[derive(Clone, Debug)]
struct DrawnCheck {
    form: u8,
    first: u8,
    second: u8,
    named: bool,
}

#[derive(Clone, Debug)]
struct DrawnRow {
    cells: Vec<Cell>,
    references: Vec<Cell>,
    /// Whether there is nothing wrong with it by itself.
    clean: bool,
    /// An earlier row, and which of its keys this row has too; or all its cells.
    copied: Option<(u8, u8)>,
    /// One field too few or too many.
    fields: u8,
}

#[derive(Clone, Debug)]
struct DrawnTable {
    name: u8,
    columns: Vec<DrawnColumn>,
    primary: DrawnKey,
    uniques: Vec<DrawnKey>,
    references: Vec<DrawnReference>,
    checks: Vec<DrawnCheck>,
    rows: Option<Vec<DrawnRow>>,
    rotated: u8,
    id_omitted: bool,
    without_rowid: bool,
    strict: bool,
}

/// Any case.
pub fn case() -> impl Strategy<Value = Case> {
    let threads = prop_oneof![4 => Just(None), 1 => Just(Some(1)), 1 => Just(Some(3))];
    (vec(table(), 1..=5), rarely(6), threads).prop_map(|(drawn, decorated, threads)| {
        let mut tables = Vec::new();
        for table in &drawn {
            let table = declared(table, &tables);
            tables.push(table);
        }
        if let Some(first) = tables
            .first_mut()
            .filter(|_| drawn.iter().all(|table| table.rows.is_none()))
        {
            first.file = Some(File {
                header: (0..first.columns.len()).collect(),
                records: Vec::new(),
            });
        }
        Case {
            tables,
            decorated,
            threads,
            layout: Layout::FilePerTable,
        }
        .with(Layout::FilePerTable)
    })
}

/// True once in `times`.
fn rarely(times: u32) -> impl Strategy<Value = bool> {
    prop_oneof![times - 1 => Just(false), 1 => Just(true)]
}

fn cell() -> impl Strategy<Value = Cell> {
    let fill = prop_oneof![
        60 => Just(Fill::Own),
        24 => Just(Fill::Few),
        6 => Just(Fill::Empty),
        3 => Just(Fill::Wrong),
        1 => prop_oneof![2 => Just(Fill::Wrong), 1 => Just(Fill::Nul), 1 => Just(Fill::Utf8)],
    ];
    (fill, any::<u8>()).prop_map(|(fill, value)| Cell { fill, value })
}

fn table() -> impl Strategy<Value = DrawnTable> {
    let column = (
        any::<u8>(),
        any::<u8>(),
        rarely(4),
        few(4, 3),
        option::weighted(0.25, any::<u8>()),
        rarely(5),
    )
        .prop_map(
            |(name, declared, not_null, collation, default, omitted)| DrawnColumn {
                name,
                declared,
                not_null,
                collation,
                default,
                omitted,
            },
        );
    let primary = (any::<u8>(), vec(any::<u8>(), 1..=3), few(4, 4), Just(0));
    let unique = (any::<u8>(), vec(any::<u8>(), 1..=3), few(4, 4), few(5, 3));
    let key = |(form, columns, collation, filter)| DrawnKey {
        form,
        columns,
        collation,
        filter,
    };
    let reference = (any::<u8>(), any::<u8>(), few(6, 6), rarely(6)).prop_map(
        |(parent, key, declared, not_null)| DrawnReference {
            parent,
            key,
            declared,
            not_null,
        },
    );
    let check = (any::<u8>(), any::<u8>(), any::<u8>(), rarely(3)).prop_map(
        |(form, first, second, named)| DrawnCheck {
            form,
            first,
            second,
            named,
        },
    );
    let row = (
        vec(cell(), 8),
        vec(cell(), 3),
        rarely(2),
        option::weighted(0.12, any::<(u8, u8)>()),
        prop_oneof![40 => Just(0u8), 1 => Just(1), 1 => Just(2)],
    )
        .prop_map(|(cells, references, clean, copied, fields)| DrawnRow {
            cells,
            references,
            clean,
            copied,
            fields,
        });
    let content = (
        vec(column, 1..=4),
        primary.prop_map(key),
        vec(unique.prop_map(key), 0..=2),
        vec(reference, 0..=3),
        vec(check, 0..=2),
        option::weighted(0.95, vec(row, 0..=10)),
    );
    (
        any::<u8>(),
        content,
        any::<u8>(),
        rarely(3),
        rarely(6),
        rarely(6),
    )
        .prop_map(
            |(
                name,
                (columns, primary, uniques, references, checks, rows),
                rotated,
                id_omitted,
                without_rowid,
                strict,
            )| DrawnTable {
                name,
                columns,
                primary,
                uniques,
                references,
                checks,
                rows,
                rotated,
                id_omitted,
                without_rowid,
                strict,
            },
        )
}

/// Mostly 0, else a number below `end`.
fn few(end: u8, weight: u32) -> impl Strategy<Value = u8> {
    prop_oneof![weight => Just(0), 1 => 0..end]
}

fn pick<T: Copy>(choices: &[T], choice: u8) -> T {
    choices[usize::from(choice) % choices.len()]
}

/// A name that no other has, whatever their case.
fn unused<'a>(name: &str, mut taken: impl Iterator<Item = &'a str> + Clone) -> String {
    let mut candidate = name.to_owned();
    let mut number = 2;
    while taken
        .clone()
        .any(|other| other.to_lowercase() == candidate.to_lowercase())
    {
        candidate = format!("{name} {number}");
        number += 1;
    }
    taken.next();
    candidate
}

/// The keys that references can go to: SQLite asks for those without a filter, with the collations of their columns.
/// No file can refer to ids that SQLite assigns.
fn targets(table: &Table) -> Vec<Vec<usize>> {
    let assigned = table.rowid().filter(|_| table.assigns_ids());
    let keys = table.keys().into_iter();
    keys.filter(|(_, collation, filter)| collation.is_none() && filter.is_none())
        .filter(|(columns, ..)| assigned.is_none_or(|id| !columns.contains(&id)))
        .map(|(columns, ..)| columns.to_vec())
        .collect()
}

fn declared(drawn: &DrawnTable, earlier: &[Table]) -> Table {
    let mut table = Table {
        name: unused(
            pick(&TABLES, drawn.name),
            earlier.iter().map(|it| it.name.as_str()),
        ),
        columns: Vec::new(),
        primary: None,
        uniques: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        without_rowid: false,
        strict: false,
        stored_strict: false,
        file: None,
    };
    let has_id = drawn.primary.form % 5 < 2;
    if has_id {
        table.columns.push(Column {
            name: "id".into(),
            declared: "INTEGER",
            stored: "INTEGER",
            not_null: false,
            collation: None,
            default: None,
        });
    }
    for column in &drawn.columns {
        let types = if drawn.strict {
            &STRICT_TYPES[..]
        } else {
            &TYPES
        };
        add_column(&mut table, column, types);
    }
    let own = earlier.len();
    let is_own = |reference: &&DrawnReference| reference.parent % 5 == 4;
    for reference in drawn.references.iter().filter(|it| own > 0 && !is_own(it)) {
        let parent = usize::from(reference.parent / 5) % own;
        add_reference(&mut table, reference, parent, Some(&earlier[parent]));
    }
    let choose = |columns: &[u8], table: &Table| {
        let mut chosen: Vec<usize> = Vec::new();
        for &column in columns {
            let column = usize::from(column) % table.columns.len();
            if !chosen.contains(&column) {
                chosen.push(column);
            }
        }
        chosen
    };
    table.primary = match drawn.primary.form % 5 {
        0 | 1 => Some(vec![0]),
        2 => None,
        3 => Some(choose(&drawn.primary.columns[..1], &table)),
        _ => Some(choose(&drawn.primary.columns, &table)),
    }
    .map(|columns| Primary {
        columns,
        collation: if has_id {
            None
        } else {
            pick(&COLLATIONS, drawn.primary.collation)
        },
        descending: drawn.primary.filter > 0,
    });
    for unique in &drawn.uniques {
        let columns = choose(&unique.columns, &table);
        let mut sorted = columns.clone();
        sorted.sort_unstable();
        let same = |other: &[usize]| {
            let mut other = other.to_vec();
            other.sort_unstable();
            other == sorted
        };
        if table.keys().iter().any(|(other, ..)| same(other)) {
            continue;
        }
        let constraint = unique.form % 2 == 0;
        let filtered = quoted(&table.columns[columns[0]].name);
        let kind = table.columns[columns[0]].kind();
        let filter = match (constraint, unique.filter) {
            (false, 1) => Some(format!("{filtered} IS NOT NULL")),
            (false, 2) if kind == Kind::Text => Some(format!("{filtered} <> 'a'")),
            (false, 2) => Some(format!("{filtered} > 2")),
            (false, 3) => {
                let last = table.columns.last().expect("a column");
                Some(format!("{} IS NULL OR {filtered} >= 1", quoted(&last.name)))
            }
            (false, 4) => Some(format!("typeof({filtered}) = 'integer'")),
            _ => None,
        };
        table.uniques.push(Unique {
            columns,
            collation: pick(&COLLATIONS, unique.collation),
            constraint,
            filter,
        });
    }
    for reference in drawn.references.iter().filter(is_own) {
        add_reference(&mut table, reference, own, None);
    }
    for check in &drawn.checks {
        add_check(&mut table, check);
    }
    table.without_rowid = drawn.without_rowid && table.primary.is_some();
    table.strict = drawn.strict
        && table
            .columns
            .iter()
            .all(|column| STRICT_TYPES.contains(&column.declared));
    if let Some(rows) = &drawn.rows {
        let header = header(&table, drawn, own);
        let mut columns: Vec<Vec<String>> = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            columns.push(filled(&table, earlier, row, number, &columns));
        }
        let records = columns.iter().zip(rows).map(|(cells, row)| {
            let mut record: Vec<_> = header.iter().map(|&column| cells[column].clone()).collect();
            match row.fields {
                1 if record.len() > 1 => drop(record.pop()),
                2 => record.push("surplus".into()),
                _ => {}
            }
            record
        });
        let records = records.collect();
        table.file = Some(File { header, records });
    }
    table
}

fn add_column(table: &mut Table, drawn: &DrawnColumn, types: &[&'static str]) {
    let declared = pick(types, drawn.declared);
    let kind = Kind::of(declared);
    table.columns.push(Column {
        name: unused(
            pick(&COLUMNS, drawn.name),
            table.columns.iter().map(|it| it.name.as_str()),
        ),
        declared,
        stored: declared,
        not_null: drawn.not_null,
        collation: pick(&COLLATIONS, drawn.collation),
        default: drawn.default.map(|choice| default(kind, choice)),
    });
}

fn default(kind: Kind, choice: u8) -> Default {
    let default = |sql, cell| Default { sql, cell };
    let choices = match kind {
        Kind::Whole => [
            default("7", "7"),
            default("(1 + 2)", "3"),
            default("-5", "-5"),
        ],
        Kind::Boolean => [
            default("1", "1"),
            default("'no'", "no"),
            default("TRUE", "1"),
        ],
        Kind::Date => [
            default("'2026-11-26'", "2026-11-26"),
            default("17", "17"),
            default("NULL", ""),
        ],
        Kind::DateTime => [
            default("'2026-11-26 12:30'", "2026-11-26 12:30"),
            default("17", "17"),
            default("NULL", ""),
        ],
        Kind::Time => [
            default("'12:30'", "12:30"),
            default("'12:30:05'", "12:30:05"),
            default("NULL", ""),
        ],
        Kind::Text => [
            default("'a'", "a"),
            default("'it''s'", "it's"),
            default("('a' || 'b')", "ab"),
        ],
        Kind::Number => [
            default("1.5", "1.5"),
            default("2", "2"),
            default("-0.25", "-0.25"),
        ],
        Kind::Blob => [
            default("X'00ff'", "00ff"),
            default("x'01'", "01"),
            default("NULL", ""),
        ],
    };
    pick(&choices, choice)
}

/// Adds columns that refer to a key of a table; `None` is the table itself.
fn add_reference(table: &mut Table, drawn: &DrawnReference, parent: usize, other: Option<&Table>) {
    let of = other.unwrap_or(table);
    let targets = targets(of);
    if targets.is_empty() || table.columns.len() > 8 {
        return;
    }
    let parent_columns = &targets[usize::from(drawn.key) % targets.len()];
    let is_primary = of
        .primary
        .as_ref()
        .is_some_and(|key| &key.columns == parent_columns);
    let new: Vec<Column> = parent_columns
        .iter()
        .map(|&column| {
            let target = &of.columns[column];
            let declared = match drawn.declared {
                0 => target.declared,
                choice => pick(&OTHER_TYPES, choice),
            };
            Column {
                name: format!("{} {}", of.name, target.name),
                declared,
                stored: declared,
                not_null: drawn.not_null,
                collation: None,
                default: None,
            }
        })
        .collect();
    let first = table.columns.len();
    for mut column in new {
        column.name = unused(
            &column.name,
            table.columns.iter().map(|it| it.name.as_str()),
        );
        table.columns.push(column);
    }
    table.references.push(Reference {
        columns: (first..table.columns.len()).collect(),
        parent,
        parent_columns: parent_columns.clone(),
        implicit: is_primary && drawn.key.is_multiple_of(2),
    });
}

fn add_check(table: &mut Table, drawn: &DrawnCheck) {
    let index = usize::from(drawn.first) % table.columns.len();
    let column = &table.columns[index];
    let name = quoted(&column.name);
    let other = quoted(&table.columns[usize::from(drawn.second) % table.columns.len()].name);
    let of_both = [
        format!("{name} IS NOT {other} OR {name} IS NULL"),
        format!("{name} IS NOT NULL OR {other} IS NOT NULL"),
        format!("{name} <= {other} OR {other} <= {name}"),
    ];
    let of_one = match column.kind() {
        Kind::Whole | Kind::Boolean => [
            format!("{name} BETWEEN -5 AND 5000"),
            format!("{name} NOT IN (3, 11, 13)"),
            format!("abs({name}) < 5000"),
            format!("{name} % 2 = 0 OR {name} > 9"),
            format!("typeof({name}) IN ('integer', 'null')"),
        ],
        Kind::Number => [
            format!("{name} > -100"),
            format!("round({name}, 2) = {name}"),
            format!("typeof({name}) <> 'integer' OR {name} < 10"),
            format!("{name} NOT IN (1.5, 1.75)"),
            format!("NOT {name} = 2"),
        ],
        Kind::Blob => [
            format!("length({name}) < 4"),
            format!("hex({name}) <> '00FF'"),
            format!("typeof({name}) IN ('blob', 'null')"),
            format!("{name} IS NOT x'01'"),
            format!("{name} <> X'02'"),
        ],
        _ => [
            format!("length({name}) < 20"),
            format!("{name} NOT IN ('a', 'k2') AND {name} NOT LIKE '%-02%'"),
            format!("{name} NOT LIKE 'b%'"),
            format!("{name} NOT LIKE '%{{%' OR json_extract({name}, '$.a') IS NULL"),
            format!("{name} = trim({name}) AND {name} COLLATE NOCASE <> 'q'"),
        ],
    };
    let is_of_both = drawn.form % 3 == 2 && other != name;
    let expression = if is_of_both {
        of_both[usize::from(drawn.form / 3) % of_both.len()].clone()
    } else {
        of_one[usize::from(drawn.form / 3) % of_one.len()].clone()
    };
    if table
        .checks
        .iter()
        .any(|check| check.expression == expression)
    {
        return;
    }
    let names = ["positive", "second rule", "r\"3"];
    let column = (!is_of_both && drawn.second.is_multiple_of(2)).then_some(index);
    // SQLite also gives a name to what follows in the definition of the column.
    let follows_name = column.is_some()
        && (table.checks.iter()).any(|check| check.column == column && check.name.is_some());
    table.checks.push(Check {
        name: (drawn.named || follows_name).then(|| names[table.checks.len()]),
        expression,
        column,
    });
}

/// The columns of the file. Some optional ones are left out.
fn header(table: &Table, drawn: &DrawnTable, own: usize) -> Vec<usize> {
    let id = table.rowid();
    let offset = usize::from(id.is_some_and(|id| id == 0) && table.columns[0].name == "id");
    let is_used = |column: usize| {
        let keys = table
            .uniques
            .iter()
            .any(|unique| unique.columns.contains(&column) || unique.filter.is_some());
        let references = table
            .references
            .iter()
            .any(|it| it.parent == own || it.columns.contains(&column));
        keys || references || !table.checks.is_empty()
    };
    let mut header: Vec<usize> = (0..table.columns.len())
        .filter(|&index| {
            let column = &table.columns[index];
            if id == Some(index) {
                // Rows whose ids SQLite assigns cannot be referred to by the file of another table.
                return !drawn.id_omitted || is_used(index) || table.columns.len() == 1;
            }
            let omitted = index
                .checked_sub(offset)
                .and_then(|it| drawn.columns.get(it))
                .is_some_and(|it| it.omitted);
            let has_default = column
                .default
                .is_some_and(|default| !default.cell.is_empty());
            !omitted || table.is_in_primary(index) || column.not_null && !has_default
        })
        .collect();
    if header.is_empty() || header == id.as_slice() && drawn.id_omitted {
        header = (0..table.columns.len()).collect();
    }
    let rotation = usize::from(drawn.rotated) % header.len();
    header.rotate_left(rotation);
    header
}

/// The cells of a row, one for each column of the table.
fn filled(
    table: &Table,
    earlier: &[Table],
    drawn: &DrawnRow,
    number: usize,
    before: &[Vec<String>],
) -> Vec<String> {
    let mut cells: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let cell = drawn.cell(&drawn.cells, index);
            text(column.kind(), cell, number)
        })
        .collect();
    for (position, reference) in table.references.iter().enumerate() {
        let cell = drawn.cell(&drawn.references, position);
        let is_own = reference.parent == earlier.len();
        for (&column, &target) in reference.columns.iter().zip(&reference.parent_columns) {
            let parent = earlier.get(reference.parent).unwrap_or(table);
            let kind = parent.columns[target].kind();
            let chosen = match cell.fill {
                Fill::Own if is_own => {
                    let at = usize::from(cell.value) % (before.len() + 4);
                    // Rows before, the row itself, and rows that come later.
                    before.get(at).map_or_else(
                        || {
                            if at == before.len() {
                                cells[target].clone()
                            } else {
                                text(
                                    kind,
                                    Cell {
                                        fill: Fill::Own,
                                        value: 0,
                                    },
                                    at,
                                )
                            }
                        },
                        |row| row[target].clone(),
                    )
                }
                Fill::Own => existing(parent, target, cell.value).unwrap_or_default(),
                Fill::Few if cell.value.is_multiple_of(4) => String::new(),
                Fill::Few if cell.value % 4 == 1 => existing(parent, target, cell.value)
                    .unwrap_or_default()
                    .to_uppercase(),
                Fill::Few => text(
                    kind,
                    Cell {
                        fill: Fill::Few,
                        value: cell.value / 4,
                    },
                    number,
                ),
                _ => text(kind, cell, number),
            };
            cells[column] = chosen;
        }
    }
    if let Some((row, key)) = drawn.copied
        && let Some(row) = before.get(usize::from(row) % before.len().max(1))
    {
        let keys = table.keys();
        let all: Vec<_> = (0..cells.len()).collect();
        let key = keys.get(usize::from(key) % (keys.len() + 1));
        for &column in key.map_or(&all[..], |(columns, ..)| columns) {
            cells[column].clone_from(&row[column]);
        }
    }
    cells
}

impl DrawnRow {
    /// One of its cells. Those of a clean row are filled with what fits.
    fn cell(&self, cells: &[Cell], index: usize) -> Cell {
        let cell = cells[index % cells.len()];
        let fill = if self.clean { Fill::Own } else { cell.fill };
        Cell { fill, ..cell }
    }
}

/// The cell of some row in the file of a table.
fn existing(table: &Table, column: usize, choice: u8) -> Option<String> {
    let file = table.file.as_ref()?;
    let position = file.header.iter().position(|&it| it == column)?;
    let rows: Vec<_> = file
        .records
        .iter()
        .filter(|record| record.len() == file.header.len())
        .collect();
    let row = rows.get(usize::from(choice) % rows.len().max(1))?;
    Some(row[position].clone())
}

/// The text of a cell.
fn text(kind: Kind, cell: Cell, number: usize) -> String {
    let few: &[&str] = match kind {
        Kind::Whole => &[
            "1",
            "2",
            "3",
            "7",
            "-5",
            "0",
            "+4",
            "007",
            "9223372036854775807",
            "-9223372036854775808",
            "42",
        ],
        Kind::Boolean => &["1", "0", "true", "F", "yes", "N"],
        Kind::Date => &["2026-11-26", "2024-02-29", "17", "1999-12-31"],
        Kind::DateTime => &[
            "2026-11-26",
            "2026-11-26 12:30",
            "2026-11-26T12:30:05.5Z",
            "17",
            "2026-11-26 12:30 +01",
            "1732600000000",
        ],
        Kind::Time => &["12:30", "12:30:05", "00:00:00.25"],
        Kind::Text => &[
            "a",
            "A",
            "b",
            "B ",
            "b",
            "q",
            "a1",
            "A1",
            "007",
            "7",
            "1.0",
            "1",
            "ä",
            "Ä",
            "O'Brien",
            "say \"hi\"",
            "x,y",
            "two\nlines",
            " lead",
            "trail ",
            "{\"a\":1}",
            "{\"b\":1}",
            "nonsense{",
            "NULL",
            "1e3",
            "a longer text than most",
        ],
        Kind::Number => &[
            "1",
            "1.0",
            "1e0",
            "2",
            "1.5",
            "-0.25",
            "9007199254740993",
            "100",
            ".5",
            "9223372036854775808",
            "2.25",
            "-0",
        ],
        Kind::Blob => &["00ff", "X'00FF'", "01", "x'02'", "6162636465"],
    };
    let wrong: &[&str] = match kind {
        Kind::Whole => &[
            "x",
            "1.0",
            "1e3",
            "0x10",
            " 1",
            "9223372036854775808",
            "-99999999999999999999",
        ],
        Kind::Boolean => &["maybe", "2", "on"],
        Kind::Date => &["26/11/2026", "2026-02-30", "2026-11-26 12:30", "2026-1-1"],
        Kind::DateTime => &[
            "yesterday",
            "2026-11-26 25:00",
            "2026-11-26T12:30+1",
            "2026-11-26x12:30",
            "2026-11-26 12:30  Z",
        ],
        Kind::Time => &["noon", "24:00", "12:30Z", "1:30", "12:60"],
        Kind::Text => &["a\0b"],
        Kind::Number => &["x", "NaN", "inf", "1e400", "1e-400", "1,5", "0x10", "-"],
        Kind::Blob => &["0ff", "X'0g'", "zz", "X'00"],
    };
    match cell.fill {
        Fill::Empty => String::new(),
        Fill::Wrong => pick(wrong, cell.value).to_owned(),
        Fill::Nul => "a\0b".to_owned(),
        Fill::Utf8 => format!("a{NOT_UTF8}b"),
        Fill::Few => pick(few, cell.value).to_owned(),
        Fill::Own => match kind {
            Kind::Whole => (number + 10).to_string(),
            Kind::Boolean => pick(few, cell.value).to_owned(),
            Kind::Date => format!("2026-01-{:02}", number + 1),
            Kind::DateTime => format!("2026-01-{:02} 12:30:05", number + 1),
            Kind::Time => format!("10:{number:02}"),
            Kind::Text => format!("k{number}"),
            Kind::Number => format!("{number}.75"),
            Kind::Blob => format!("{:04x}", number + 4096),
        },
    }
}
