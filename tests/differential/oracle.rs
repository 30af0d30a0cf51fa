//! What is right: SQLite itself says it, asked one question at a time, and is asked again with all tables in one
//! database at the end.
//!
//! Each question has a database of its own with just one rule in it: does this row pass this check, do these two rows
//! have the same key, does this row refer to that one? The answers give the rules that each row breaks. From those the
//! accepted rows follow, which then go into a database with all tables and `foreign_keys = ON`: it must take every
//! accepted row and none of the others.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::kinds::{Fault, Kind};
use super::schema::{Case, Reference, Table, quoted};

/// A rule that a row breaks, with what its reason must say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Fields {
        expected: usize,
        found: usize,
    },
    Utf8(String),
    Nul(String),
    Kind(String, &'static str),
    Range(String),
    Null(String),
    /// The columns of a key, and the row that uses it.
    Used(String, Owner),
    /// The columns of a reference and the table without such a row.
    Missing(String, String),
    Check(Option<&'static str>, String),
}

/// A row that uses a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    pub line: u64,
    /// How reasons may name the row by its own key; empty if there are too many ways to write that key.
    pub keys: Vec<String>,
}

/// The kinds of rules.
pub const FAULTS: [&str; 9] = [
    "number of fields",
    "not UTF-8",
    "NUL",
    "wrong kind",
    "out of range",
    "empty",
    "used",
    "missing reference",
    "check",
];

impl Rule {
    /// The kind of the rule alone, to count by.
    pub fn name(&self) -> &'static str {
        match self {
            Rule::Fields { .. } => "number of fields",
            Rule::Utf8(_) => "not UTF-8",
            Rule::Nul(_) => "NUL",
            Rule::Kind(..) => "wrong kind",
            Rule::Range(_) => "out of range",
            Rule::Null(_) => "empty",
            Rule::Used(..) => "used",
            Rule::Missing(..) => "missing reference",
            Rule::Check(..) => "check",
        }
    }

    /// Whether a reason says that this rule is broken.
    pub fn is_said_by(&self, reason: &str) -> bool {
        match self {
            Rule::Fields { expected, found } => {
                reason == format!("expected {expected} fields, found {found}")
            }
            Rule::Utf8(column) => reason == format!("{column} is not valid UTF-8"),
            Rule::Nul(column) => reason == format!("{column} contains a NUL character"),
            Rule::Kind(column, words) => reason.starts_with(&format!("{column} is not {words}: ")),
            Rule::Range(column) => reason.starts_with(&format!("{column} is out of range: ")),
            Rule::Null(column) => reason == format!("{column} is empty"),
            Rule::Used(columns, owner) => {
                let said = reason.strip_prefix(columns.as_str());
                let said = said.and_then(|said| said.split_once(" is already used "));
                said.is_some_and(|(value, owned)| {
                    let by = owned.strip_prefix("by ");
                    let is_owner =
                        |by| owner.keys.is_empty() || owner.keys.iter().any(|key| key == by);
                    value.starts_with(' ')
                        && (owned == format!("on line {}", owner.line) || by.is_some_and(is_owner))
                })
            }
            Rule::Missing(columns, parent) => {
                reason.starts_with(&format!("{columns} "))
                    && reason.ends_with(&format!(" does not exist in {parent}"))
            }
            Rule::Check(name, expression) => {
                let said = match name {
                    Some(name) => format!("CHECK {name} failed: {expression}"),
                    None => format!("CHECK ({expression}) failed"),
                };
                reason.starts_with(&said)
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Rule::Fields { expected, found } => {
                write!(formatter, "{found} fields instead of {expected}")
            }
            Rule::Utf8(column) => write!(formatter, "{column}: not UTF-8"),
            Rule::Nul(column) => write!(formatter, "{column}: NUL"),
            Rule::Kind(column, words) => write!(formatter, "{column}: not {words}"),
            Rule::Range(column) => write!(formatter, "{column}: out of range"),
            Rule::Null(column) => write!(formatter, "{column}: empty"),
            Rule::Used(columns, owner) => {
                let (line, keys) = (owner.line, owner.keys.join("> or <"));
                write!(formatter, "{columns}: used on line {line} by <{keys}>")
            }
            Rule::Missing(columns, parent) => write!(formatter, "{columns}: missing in {parent}"),
            Rule::Check(name, expression) => {
                write!(formatter, "CHECK {} {expression}", name.unwrap_or(""))
            }
        }
    }
}

/// What is right for one case.
#[derive(Debug)]
pub struct Answer {
    pub tables: Vec<TableAnswer>,
}

#[derive(Debug)]
pub struct TableAnswer {
    /// The rows of the file that are not blank lines.
    pub rows: Vec<RowAnswer>,
    /// What the table holds in the end, sorted.
    pub stored: Vec<Vec<Value>>,
}

#[derive(Debug)]
pub struct RowAnswer {
    pub line: u64,
    pub accepted: bool,
    /// What the reasons must say, and what they may say besides.
    pub must: Vec<Rule>,
    pub may: Vec<Rule>,
    /// Whether the row could as well be decided otherwise: unique values and references of waiting rows are entangled.
    pub open: bool,
}

impl TableAnswer {
    pub fn accepted(&self) -> usize {
        self.rows.iter().filter(|row| row.accepted).count()
    }
}

/// A row while the oracle thinks about it.
struct Row {
    line: u64,
    /// The text of each cell.
    given: Vec<String>,
    values: Vec<Value>,
    /// The columns whose cells are not of their kind.
    bad: BTreeSet<usize>,
    must: Vec<Rule>,
    may: Vec<Rule>,
    state: State,
    open: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    Accepted,
    Rejected,
}

/// Two rows with one key, or a row and the one it refers to, as lists of positions by the position of the first.
type Pairs = Vec<Vec<bool>>;

/// The right answer for a case. If there are several, the one that skips the rows that the program skipped, given as
/// the positions of their tables and their lines.
pub fn answer(case: &Case, skipped: Option<&BTreeSet<(usize, u64)>>) -> Answer {
    let whole = Connection::open_in_memory().expect("a database in memory");
    whole
        .execute_batch("PRAGMA foreign_keys = ON")
        .expect("a pragma");
    whole
        .execute_batch(&case.oracle())
        .unwrap_or_else(|error| panic!("{error}:\n{}", case.oracle()));
    let mut tables: Vec<Vec<Row>> = Vec::new();
    for (index, table) in case.tables.iter().enumerate() {
        let mut rows = rows(table);
        check(table, &mut rows);
        refer_to_others(case, table, index, &tables, &mut rows);
        let keys: Vec<Pairs> = table
            .keys()
            .into_iter()
            .map(|key| clashes(table, key, &rows))
            .collect();
        let own: Vec<(&Reference, Pairs)> = table
            .references
            .iter()
            .filter(|reference| reference.parent == index)
            .map(|reference| (reference, referred(case, table, reference, &rows, &rows)))
            .collect();
        decide(index, &mut rows, &keys, &own, skipped);
        explain(case, table, &mut rows, &keys, &own);
        confirm(&whole, table, index, &rows);
        tables.push(rows);
    }
    let tables = case
        .tables
        .iter()
        .zip(tables)
        .map(|(table, rows)| TableAnswer {
            rows: rows
                .into_iter()
                .map(|row| RowAnswer {
                    line: row.line,
                    accepted: row.state == State::Accepted,
                    must: row.must,
                    may: row.may,
                    open: row.open,
                })
                .collect(),
            stored: stored(&whole, table),
        });
    Answer {
        tables: tables.collect(),
    }
}

/// The rows of the file as typed values, with what is wrong with single cells.
fn rows(table: &Table) -> Vec<Row> {
    let Some(file) = &table.file else {
        return Vec::new();
    };
    let assigned = table.rowid().filter(|_| table.assigns_ids());
    let rows = table.records().into_iter().map(|(line, record)| {
        let mut row = Row {
            line,
            given: vec![String::new(); table.columns.len()],
            values: vec![Value::Null; table.columns.len()],
            bad: BTreeSet::new(),
            must: Vec::new(),
            may: Vec::new(),
            state: State::Open,
            open: false,
        };
        if record.len() != file.header.len() {
            row.must.push(Rule::Fields {
                expected: file.header.len(),
                found: record.len(),
            });
            row.bad.extend(0..table.columns.len());
            return row;
        }
        for (index, column) in table.columns.iter().enumerate() {
            let name = column.name.clone();
            let position = file.header.iter().position(|&it| it == index);
            let cell = match position {
                Some(position) => record[position].as_str(),
                // SQLite assigns an id, whatever the default is.
                None if assigned == Some(index) => "",
                None => column.default.map_or("", |default| default.cell),
            };
            row.given[index] = cell.to_owned();
            match column.kind().value(cell) {
                Ok(Value::Null) if assigned == Some(index) => {}
                Ok(Value::Null) if column.not_null || table.is_in_primary(index) => {
                    row.must.push(Rule::Null(name))
                }
                Ok(value) => row.values[index] = value,
                Err(fault) => {
                    row.bad.insert(index);
                    row.must.push(match fault {
                        Fault::Kind => Rule::Kind(name, column.kind().words()),
                        Fault::Range => Rule::Range(name),
                        Fault::Nul => Rule::Nul(name),
                        Fault::Utf8 => Rule::Utf8(name),
                    });
                }
            }
        }
        row
    });
    rows.collect()
}

/// A database with a table `a` that stores what the program stores and has no constraints.
fn scratch(table: &Table) -> Connection {
    let scratch = Connection::open_in_memory().expect("a database in memory");
    execute(&scratch, &plain(table, "a", ""));
    scratch
}

/// The SQL that creates a table without other constraints than these.
fn plain(table: &Table, name: &str, constraints: &str) -> String {
    let columns: Vec<_> = table.columns.iter().map(|column| column.plain()).collect();
    let strict = if table.stored_strict { "STRICT" } else { "" };
    format!(
        "CREATE TABLE {name} ({}{constraints}) {strict}",
        columns.join(", ")
    )
}

fn execute(connection: &Connection, sql: &str) {
    connection
        .execute_batch(sql)
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
}

fn insert(connection: &Connection, table: &str, row: &Row) -> rusqlite::Result<usize> {
    let places = vec!["?"; row.values.len()].join(", ");
    connection.execute(
        &format!("INSERT INTO {table} VALUES ({places})"),
        params_from_iter(&row.values),
    )
}

/// Whether all cells of the row are values of their kinds, and there is none that may not be NULL.
fn is_typed(row: &Row) -> bool {
    row.bad.is_empty()
        && !row
            .must
            .iter()
            .any(|rule| matches!(rule, Rule::Null(_) | Rule::Fields { .. }))
}

/// Applies the checks to every row as constraints: SQLite evaluates `a OR b` differently where it needs the value.
fn check(table: &Table, rows: &mut [Row]) {
    for check in &table.checks {
        let scratch = Connection::open_in_memory().expect("a database in memory");
        let constraint = format!(", CHECK ({})", check.expression);
        execute(&scratch, &plain(table, "a", &constraint));
        for row in rows.iter_mut().filter(|row| is_typed(row)) {
            if insert(&scratch, "a", row).is_err() {
                let rule = Rule::Check(check.name, check.expression.clone());
                row.must.push(rule);
            }
        }
    }
}

/// Which rows have the same key as which others.
fn clashes(table: &Table, key: (&[usize], Option<&str>, Option<&str>), rows: &[Row]) -> Pairs {
    let (columns, collation, filter) = key;
    let scratch = scratch(table);
    let filter_sql = filter.map_or(String::new(), |filter| format!(" WHERE {filter}"));
    execute(
        &scratch,
        &format!(
            "CREATE UNIQUE INDEX one ON a ({}){filter_sql}",
            table.indexed(columns, collation)
        ),
    );
    let counts = |row: &Row| {
        if filter.is_some() {
            row.bad.is_empty()
        } else {
            !columns.iter().any(|column| row.bad.contains(column))
        }
    };
    let mut pairs = vec![vec![false; rows.len()]; rows.len()];
    for (first, owner) in rows.iter().enumerate().filter(|(_, row)| counts(row)) {
        execute(&scratch, "DELETE FROM a");
        insert(&scratch, "a", owner).expect("the first row");
        for (second, row) in rows
            .iter()
            .enumerate()
            .skip(first + 1)
            .filter(|(_, row)| counts(row))
        {
            execute(&scratch, "SAVEPOINT one");
            let clash = insert(&scratch, "a", row).is_err();
            execute(&scratch, "ROLLBACK TO one; RELEASE one");
            pairs[first][second] = clash;
            pairs[second][first] = clash;
        }
    }
    pairs
}

/// Whether a row refers to anything.
fn refers(reference: &Reference, row: &Row) -> bool {
    reference
        .columns
        .iter()
        .all(|column| !row.bad.contains(column) && row.values[*column] != Value::Null)
}

/// Which rows of a table refer to which of its parent's rows, by one reference.
fn referred(
    case: &Case,
    table: &Table,
    reference: &Reference,
    rows: &[Row],
    parents: &[Row],
) -> Pairs {
    let parent = &case.tables[reference.parent];
    let scratch = scratch(parent);
    let key = parent.names(&reference.parent_columns);
    execute(&scratch, &format!("CREATE UNIQUE INDEX one ON a ({key})"));
    let columns = table.names(&reference.columns);
    let constraint = format!(", FOREIGN KEY ({columns}) REFERENCES a ({key})");
    execute(&scratch, &plain(table, "b", &constraint));
    execute(&scratch, "PRAGMA foreign_keys = ON");
    let mut pairs = vec![vec![false; parents.len()]; rows.len()];
    for (position, target) in parents.iter().enumerate() {
        if reference
            .parent_columns
            .iter()
            .any(|column| target.bad.contains(column))
        {
            continue;
        }
        execute(&scratch, "DELETE FROM b; DELETE FROM a");
        insert(&scratch, "a", target).expect("the only row");
        for (pairs, row) in pairs.iter_mut().zip(rows) {
            pairs[position] = refers(reference, row) && insert(&scratch, "b", row).is_ok();
        }
    }
    pairs
}

/// Says which references to other tables go nowhere.
fn refer_to_others(
    case: &Case,
    table: &Table,
    index: usize,
    tables: &[Vec<Row>],
    rows: &mut [Row],
) {
    for reference in table
        .references
        .iter()
        .filter(|reference| reference.parent != index)
    {
        let parents = &tables[reference.parent];
        let pairs = referred(case, table, reference, rows, parents);
        for (row, pairs) in rows.iter_mut().zip(pairs) {
            let exists = pairs
                .iter()
                .zip(parents)
                .any(|(refers, parent)| *refers && parent.state == State::Accepted);
            if refers(reference, row) && !exists {
                row.must.push(missing(case, table, reference));
            }
        }
    }
}

fn missing(case: &Case, table: &Table, reference: &Reference) -> Rule {
    Rule::Missing(
        label(table, &reference.columns),
        case.tables[reference.parent].name.clone(),
    )
}

/// How a reason names columns.
fn label(table: &Table, columns: &[usize]) -> String {
    let names: Vec<_> = columns
        .iter()
        .map(|&column| table.columns[column].name.as_str())
        .collect();
    match names[..] {
        [name] => name.to_owned(),
        _ => format!("({})", names.join(", ")),
    }
}

/// Decides which rows are accepted: those that break no rule of their own, whose keys no earlier accepted row has,
/// and whose references to rows of the same table all go to accepted ones, in circles too.
fn decide(
    table: usize,
    rows: &mut [Row],
    keys: &[Pairs],
    own: &[(&Reference, Pairs)],
    skipped: Option<&BTreeSet<(usize, u64)>>,
) {
    for row in rows.iter_mut().filter(|row| !row.must.is_empty()) {
        row.state = State::Rejected;
    }
    loop {
        while settle(rows, keys, own) {}
        // Where several answers are right, the program's is.
        let open = |row: &Row| row.state == State::Open;
        let Some(first) = rows.iter().position(open) else {
            break;
        };
        for row in rows.iter_mut().filter(|row| open(row)) {
            row.open = true;
        }
        let asked =
            |row: &Row| open(row) && skipped.is_some_and(|it| it.contains(&(table, row.line)));
        let rejected = rows.iter().position(asked).unwrap_or(first);
        rows[rejected].state = State::Rejected;
    }
    while let Some(more) = addable(rows, keys, own) {
        let lines: Vec<_> = more.iter().map(|&it| rows[it].line).collect();
        assert!(
            skipped.is_none(),
            "the lines {lines:?} of table {table} could be added"
        );
        for it in more {
            rows[it].state = State::Accepted;
        }
    }
}

/// Skipped rows that could be added together to those that are accepted.
fn addable(rows: &[Row], keys: &[Pairs], own: &[(&Reference, Pairs)]) -> Option<BTreeSet<usize>> {
    let accepted = |it: usize| rows[it].state == State::Accepted;
    let clashes = |one: usize, other: usize| keys.iter().any(|pairs| pairs[one][other]);
    let mut group: BTreeSet<usize> = (0..rows.len()).collect();
    group.retain(|&it| rows[it].open && !accepted(it));
    group.retain(|&it| !(0..rows.len()).any(|other| accepted(other) && clashes(it, other)));
    shrink_to_whole(&mut group, rows, own, |state| state == State::Accepted);
    let with_all_it_refers_to = |first: usize| {
        let (mut all, mut new) = (BTreeSet::from([first]), vec![first]);
        while let Some(it) = new.pop() {
            for (_, pairs) in own {
                let is_target = |&to: &usize| pairs[it][to];
                let exists = (0..rows.len()).filter(is_target).any(accepted);
                let target = group.iter().copied().find(is_target);
                new.extend(target.filter(|&it| !exists && all.insert(it)));
            }
        }
        all
    };
    let mut candidates = group.iter().map(|&first| with_all_it_refers_to(first));
    candidates.find(|all| {
        all.iter()
            .all(|&one| !all.iter().any(|&other| clashes(one, other)))
    })
}

/// Takes rows out of the group until each refers only to rows of the group and to those of these states.
fn shrink_to_whole(
    group: &mut BTreeSet<usize>,
    rows: &[Row],
    own: &[(&Reference, Pairs)],
    exists: impl Fn(State) -> bool,
) {
    loop {
        let is_whole = |it: usize| {
            own.iter().all(|(reference, pairs)| {
                let found = || {
                    (0..rows.len())
                        .any(|to| pairs[it][to] && (group.contains(&to) || exists(rows[to].state)))
                };
                !refers(reference, &rows[it]) || found()
            })
        };
        let broken: Vec<_> = group.iter().copied().filter(|&it| !is_whole(it)).collect();
        if broken.is_empty() {
            break;
        }
        for it in broken {
            group.remove(&it);
        }
    }
}

/// Decides what can be decided for certain. Returns whether that was anything.
fn settle(rows: &mut [Row], keys: &[Pairs], own: &[(&Reference, Pairs)]) -> bool {
    let open: BTreeSet<usize> = (0..rows.len())
        .filter(|&it| rows[it].state == State::Open)
        .collect();
    let clashes = |it: usize, with: &dyn Fn(usize) -> bool| {
        keys.iter()
            .any(|pairs| (0..rows.len()).any(|other| pairs[it][other] && with(other)))
    };
    let accepted = |it: usize| rows[it].state == State::Accepted;
    let mut possible = open.clone();
    possible.retain(|&it| !clashes(it, &accepted));
    shrink_to_whole(&mut possible, rows, own, |state| state == State::Accepted);
    let mut certain = possible.clone();
    certain.retain(|&it| !clashes(it, &|other| other < it && possible.contains(&other)));
    shrink_to_whole(&mut certain, rows, own, |state| state == State::Accepted);
    for &it in open.difference(&possible) {
        rows[it].state = State::Rejected;
    }
    for &it in &certain {
        rows[it].state = State::Accepted;
    }
    !certain.is_empty() || possible.len() < open.len()
}

/// Says which keys the skipped rows share with accepted ones, and which of their references to the same table go
/// nowhere.
fn explain(
    case: &Case,
    table: &Table,
    rows: &mut [Row],
    keys: &[Pairs],
    own: &[(&Reference, Pairs)],
) {
    let states: Vec<_> = rows.iter().map(|row| row.state).collect();
    let names: Vec<_> = table
        .keys()
        .iter()
        .map(|(columns, ..)| label(table, columns))
        .collect();
    for it in (0..rows.len()).filter(|&it| states[it] != State::Accepted) {
        for (key, pairs) in keys.iter().enumerate() {
            let Some(owner) =
                (0..rows.len()).find(|&other| pairs[it][other] && states[other] == State::Accepted)
            else {
                continue;
            };
            let rule = Rule::Used(names[key].clone(), owner_of(table, &rows[owner]));
            // A value that belongs to the stored row with the same primary key does not belong to another row.
            let same_row = key > 0 && table.primary.is_some() && keys[0][it][owner];
            let row = &mut rows[it];
            if owner > it || same_row || row.open {
                row.may.push(rule);
            } else {
                row.must.push(rule);
            }
        }
        let (mut dangling, mut uncertain) = (Vec::new(), Vec::new());
        for (reference, pairs) in own
            .iter()
            .filter(|(reference, _)| refers(reference, &rows[it]))
        {
            let targets: Vec<_> = (0..pairs[it].len()).filter(|&to| pairs[it][to]).collect();
            if targets.iter().any(|&to| states[to] == State::Accepted) {
                continue;
            }
            let rule = missing(case, table, reference);
            // A row that refers to itself, or to one that is skipped, may be said to refer to nothing.
            if targets.is_empty() {
                dangling.push(rule)
            } else {
                uncertain.push(rule)
            }
        }
        let row = &mut rows[it];
        row.must.extend(dangling);
        match &uncertain[..] {
            [only] if row.must.is_empty() && row.may.is_empty() => row.must.push(only.clone()),
            _ => row.may.extend(uncertain),
        }
        assert!(
            row.must.len() + row.may.len() > 0,
            "line {} of {} is skipped without a reason",
            row.line,
            table.name
        );
    }
}

/// How reasons may name a row that uses a key: by its line, or by its primary key as given or as stored.
fn owner_of(table: &Table, row: &Row) -> Owner {
    let primary = table.primary.as_ref().filter(|_| !table.assigns_ids());
    let columns = primary.map_or(&[][..], |key| &key.columns);
    let given = |&column: &usize| match table.columns[column].kind() {
        Kind::Whole | Kind::Boolean => Some(row.given[column].clone()),
        Kind::Number | Kind::Blob => None,
        _ => Some(format!("{:?}", row.given[column])),
    };
    let stored = |&column: &usize| match &row.values[column] {
        Value::Integer(number) => Some(number.to_string()),
        Value::Text(text) => Some(format!("{text:?}")),
        _ => None,
    };
    // In a column of NUMERIC affinity, a text that looks like a number is stored as one.
    let as_number = |column: &usize| {
        let declared = table.columns[*column].stored;
        let is_text = ["CHAR", "CLOB", "TEXT"]
            .iter()
            .any(|it| declared.contains(it));
        match &row.values[*column] {
            Value::Text(text) if !is_text => number_for(text).or_else(|| stored(column)),
            _ => stored(column),
        }
    };
    let forms = |column| Some([given(column)?, stored(column)?, as_number(column)?]);
    // Each value may be in any of its forms.
    let mut keys = vec![Vec::new()];
    for column in columns {
        let forms = BTreeSet::from_iter(forms(column).into_iter().flatten());
        let with = |key: &Vec<String>| {
            let longer = |form: &String| [&key[..], std::slice::from_ref(form)].concat();
            forms.iter().map(longer).collect::<Vec<_>>()
        };
        keys = keys.iter().flat_map(with).collect();
    }
    let named = |values: Vec<String>| match &values[..] {
        [] => None,
        [value] => Some(format!("{} {value}", label(table, columns))),
        values => Some(format!("{} ({})", label(table, columns), values.join(", "))),
    };
    Owner {
        line: row.line,
        keys: keys.into_iter().filter_map(named).collect(),
    }
}

/// How SQLite prints the number that a column of NUMERIC affinity stores for a text, if it does: 1 for `1.0`.
fn number_for(text: &str) -> Option<String> {
    text.trim().parse::<f64>().ok()?;
    let memory = Connection::open_in_memory().expect("a database in memory");
    let sql = "SELECT CAST(CAST(?1 AS NUMERIC) AS TEXT)";
    memory.query_row(sql, [text], |row| row.get(0)).ok()
}

/// Lets SQLite confirm it: with all tables in one database it takes the accepted rows, and no other.
///
/// Rows that refer to rows of the same table are inserted together, and checked only then. With deferred constraints,
/// SQLite would count violations while rows are inserted, but it miscounts a row that refers to itself in another
/// spelling (`a` to `A` with NOCASE, `'1'` to 1): it rejects that row, although `PRAGMA foreign_key_check` finds
/// nothing wrong with it.
fn confirm(whole: &Connection, table: &Table, index: usize, rows: &[Row]) {
    let name = quoted(&table.name);
    let mut references = table.references.iter();
    let refers_to_itself = references.any(|reference| reference.parent == index);
    let refused = |row: &Row| {
        execute(whole, "SAVEPOINT one");
        let refused = insert(whole, &name, row).is_err();
        execute(whole, "ROLLBACK TO one; RELEASE one");
        refused
    };
    let shown = |row: &Row| {
        let (line, state, must) = (row.line, row.state, &row.must);
        format!("line {line} of {name}, {state:?} {must:?}, and SQLite disagrees")
    };
    if refers_to_itself {
        execute(whole, "PRAGMA foreign_keys = OFF");
    }
    for row in rows {
        if row.state == State::Accepted {
            let inserted = insert(whole, &name, row);
            assert!(inserted.is_ok(), "{}: {inserted:?}", shown(row));
        } else if !refers_to_itself && is_typed(row) {
            assert!(refused(row), "{}", shown(row));
        }
    }
    execute(whole, "PRAGMA foreign_keys = ON");
    let violations = whole.prepare("PRAGMA foreign_key_check");
    let violations = violations.and_then(|mut statement| statement.exists([]));
    assert_eq!(violations, Ok(false), "a row of {name} dangles");
    for row in rows {
        let skipped = row.state != State::Accepted && is_typed(row);
        assert!(!skipped || refused(row), "{} at the end", shown(row));
    }
}

/// What a table holds, sorted. Ids that SQLite assigns are left out.
pub fn stored(connection: &Connection, table: &Table) -> Vec<Vec<Value>> {
    let columns: Vec<_> = (0..table.columns.len())
        .filter(|&column| !table.assigns_ids() || table.rowid() != Some(column))
        .collect();
    let sql = match table.names(&columns) {
        names if names.is_empty() => format!("SELECT 1 FROM {}", quoted(&table.name)),
        names => format!("SELECT {names} FROM {}", quoted(&table.name)),
    };
    let mut statement = connection
        .prepare(&sql)
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    let count = statement.column_count();
    let rows = statement.query_map([], |row| (0..count).map(|column| row.get(column)).collect());
    let mut rows: Vec<Vec<Value>> = rows
        .and_then(Iterator::collect)
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    rows.sort_by_cached_key(|row| format!("{row:?}"));
    rows
}

/// How many rows broke each rule, and how many were accepted.
pub fn count(answer: &Answer, counts: &mut HashMap<&'static str, usize>) {
    for row in answer.tables.iter().flat_map(|table| &table.rows) {
        *counts.entry("rows").or_default() += 1;
        *counts.entry("accepted").or_default() += usize::from(row.accepted);
        *counts.entry("open").or_default() += usize::from(row.open);
        for rule in row.must.iter().chain(&row.may) {
            *counts.entry(rule.name()).or_default() += 1;
        }
    }
}
