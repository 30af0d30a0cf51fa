//! The program on a case, compared with what is right.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::process;

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::Value as Json;

use super::kinds::Kind;
use super::kit::{Folder, Run, TRADEXA, bounded};
use super::oracle::{Answer, RowAnswer, Rule, TableAnswer, answer, stored};
use super::schema::{Case, Layout, Table};

/// Where the program runs, and what did not come out as it should.
pub struct Trial<'a> {
    pub case: &'a Case,
    folder: Folder,
    pub mismatches: Vec<String>,
}

/// Has the program load a case in every way, and panics with everything that did not come out right.
pub fn perform(case: &Case) {
    let mut trial = Trial::new(case);
    let answer = trial.perform();
    if !trial.mismatches.is_empty() {
        let rows = answer.map_or(String::new(), |answer| describe(case, &answer));
        let mismatches = trial.mismatches.join("\n  ");
        panic!("\n{rows}\nmismatches:\n  {mismatches}\n");
    }
}

impl<'a> Trial<'a> {
    /// The schema and the files of a case, and no databases yet.
    fn new(case: &'a Case) -> Trial<'a> {
        let folder = Folder::new();
        std::fs::write(folder.outside().join("schema.sql"), case.script()).expect("the schema");
        let trial = Trial {
            case,
            folder,
            mismatches: Vec::new(),
        };
        trial.give(case);
        trial
    }

    /// Writes the files of a case.
    pub fn give(&self, case: &Case) {
        for table in &case.tables {
            if let Some(csv) = table.csv() {
                self.folder.csv("in", &table.name, csv);
            }
        }
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        let mut command = process::Command::new(TRADEXA);
        command.current_dir(self.folder.outside());
        for variable in ["TRADEXA_DIR", "TRADEXA_SCHEMA", "TRADEXA_DATABASE"] {
            command.env_remove(variable);
        }
        match self.case.layout {
            Layout::FilePerTable => command.arg("--dir").arg(self.folder.name()),
            Layout::OneFile => command.args(["--database", "app.db"]),
        };
        command.args(["--schema", "schema.sql"]).args(arguments);
        Run::of(&mut bounded(command))
    }

    pub fn insert(&self, arguments: &[&str]) -> Run {
        let threads = self.case.threads.map(|threads| threads.to_string());
        let mut all = vec![
            "insert", "--from", "in", "--format", "json", "--limit", "100000",
        ];
        if let Some(threads) = &threads {
            all.extend(["--threads", threads]);
        }
        all.extend(arguments);
        self.run(&all)
    }

    /// Notes what is not as it should be.
    pub fn expect(&mut self, holds: bool, mismatch: impl FnOnce() -> String) {
        if !holds {
            self.mismatches.push(mismatch());
        }
    }

    pub fn succeeded(&mut self, what: &str, run: &Run) -> bool {
        self.expect(run.status == Some(0), || {
            format!("{what}: {:?}: {}{}", run.status, run.stderr, run.stdout)
        });
        run.status == Some(0)
    }

    fn perform(&mut self) -> Option<Answer> {
        let init = self.run(&["init"]);
        if !self.succeeded("init", &init) {
            return None;
        }
        let dry_run = self.insert(&["--dry-run"]);
        let load = self.insert(&["--rejects", "bad"]);
        if !self.succeeded("dry run", &dry_run) | !self.succeeded("load", &load) {
            return None;
        }
        let answer = answer(self.case, Some(&self.skipped(&load)));
        let stored = self.stored();
        self.compare("dry run", &dry_run, &answer, false, true);
        self.compare("load", &load, &answer, false, false);
        self.compare_stored("load", &answer, &stored);
        self.compare_rejects(&answer);
        let again = self.insert(&[]);
        if self.succeeded("again", &again) {
            self.compare("again", &again, &answer, true, false);
            self.compare_stored("again", &answer, &self.stored());
        }
        let check = self.run(&["check", "--format", "json"]);
        self.succeeded("check", &check);
        self.update();
        Some(answer)
    }

    /// The rows that were skipped: the position of the table, and the line.
    fn skipped(&self, run: &Run) -> BTreeSet<(usize, u64)> {
        let tables = self.case.tables.iter().enumerate();
        let lines = |(index, table): (usize, &Table)| {
            let rows = run.list(&table.name, "skipped_rows").to_vec();
            rows.into_iter()
                .map(move |row| (index, row["line"].as_u64().unwrap_or(0)))
        };
        tables.flat_map(lines).collect()
    }

    fn database(&self, table: &Table) -> Connection {
        let path = match self.case.layout {
            Layout::FilePerTable => self.folder.database(&table.name),
            Layout::OneFile => self.folder.outside().join("app.db"),
        };
        Connection::open(path).expect("a database")
    }

    pub fn stored(&self) -> Vec<Vec<Vec<Value>>> {
        let tables = self.case.tables.iter();
        tables
            .map(|table| stored(&self.database(table), table))
            .collect()
    }

    fn compare_stored(&mut self, what: &str, answer: &Answer, stored: &[Vec<Vec<Value>>]) {
        for ((table, right), got) in self.case.tables.iter().zip(&answer.tables).zip(stored) {
            self.expect(&right.stored == got, || {
                format!(
                    "{what}: {} holds\n    {got:?}\n  instead of\n    {:?}",
                    table.name, right.stored
                )
            });
        }
    }

    fn compare(&mut self, what: &str, run: &Run, answer: &Answer, again: bool, dry: bool) {
        // The tables with such rows, and those that refer to one.
        let mut open = BTreeSet::new();
        for (index, (table, right)) in self.case.tables.iter().zip(&answer.tables).enumerate() {
            let accepted = right.accepted();
            let mut parents = table.references.iter().map(|reference| reference.parent);
            if right.rows.iter().any(|row| row.open) || parents.any(|parent| open.contains(&parent))
            {
                open.insert(index);
            }
            if again && open.contains(&index) {
                // Now that rows are stored, a different one of the rows with the same key may be valid and claim that
                // key. If its primary key then turns out to be taken, rows that refer to its unique values have used up
                // theirs.
                let inserted = run.count(&table.name, "inserted");
                self.expect(inserted == 0, || {
                    format!("{what}: {} has new rows", table.name)
                });
                continue;
            }
            let (inserted, unchanged) = if again { (0, accepted) } else { (accepted, 0) };
            let skipped = right.rows.len() - accepted;
            let outcomes = ["inserted", "unchanged", "skipped", "failed"];
            let counts = outcomes.map(|outcome| run.count(&table.name, outcome) as usize);
            self.expect(counts == [inserted, unchanged, skipped, 0], || {
                format!(
                    "{what}: {}: {outcomes:?} are {counts:?} instead of {:?}",
                    table.name,
                    [inserted, unchanged, skipped, 0]
                )
            });
            let records = run.count(&table.name, "records") as usize;
            self.expect(records == right.rows.len(), || {
                let (name, rows) = (&table.name, right.rows.len());
                format!("{what}: {name} has {records} records instead of {rows}")
            });
            self.compare_reasons(what, run, table, right, again);
            if !dry {
                let list = if again { "unchanged_rows" } else { "rows" };
                self.compare_listed(what, run.list(&table.name, list), table, right);
            }
        }
    }

    /// Compares the rows of the report with those that are stored.
    fn compare_listed(&mut self, what: &str, rows: &[Json], table: &Table, right: &TableAnswer) {
        let mut got: Vec<_> = rows.iter().map(|row| listed(row, table)).collect();
        let mut stored = as_listed(&right.stored);
        got.sort();
        stored.sort();
        self.expect(got == stored, || {
            format!(
                "{what}: {} lists\n    {got:?}\n  instead of\n    {stored:?}",
                table.name
            )
        });
    }

    fn compare_reasons(
        &mut self,
        what: &str,
        run: &Run,
        table: &Table,
        right: &TableAnswer,
        again: bool,
    ) {
        let line = |row: &Json| row["line"].as_u64().unwrap_or(0);
        let mut rows: Vec<_> = run.list(&table.name, "skipped_rows").iter().collect();
        rows.sort_by_key(|row| line(row));
        let got: Vec<u64> = rows.iter().map(|row| line(row)).collect();
        let skipped: Vec<&RowAnswer> = right.rows.iter().filter(|row| !row.accepted).collect();
        let lines: Vec<u64> = skipped.iter().map(|row| row.line).collect();
        if got != lines {
            self.mismatches.push(format!(
                "{what}: {} skips the lines {got:?} instead of {lines:?}",
                table.name
            ));
            return;
        }
        for (row, right) in rows.iter().zip(skipped) {
            let reasons: Vec<&str> = row["reasons"]
                .as_array()
                .map_or(&[][..], Vec::as_slice)
                .iter()
                .filter_map(Json::as_str)
                .collect();
            for problem in difference(&reasons, right, again) {
                self.mismatches.push(format!(
                    "{what}: {} line {}: {problem}; its reasons are {reasons:?}",
                    table.name, right.line
                ));
            }
        }
    }

    /// The rejects are the skipped rows as given, with a reason.
    fn compare_rejects(&mut self, answer: &Answer) {
        for (table, right) in self.case.tables.iter().zip(&answer.tables) {
            let skipped: Vec<_> = right
                .rows
                .iter()
                .filter(|row| !row.accepted)
                .map(|row| row.line)
                .collect();
            let mut given: Vec<Vec<Vec<u8>>> = table
                .records()
                .into_iter()
                .filter(|(line, _)| skipped.contains(line))
                .map(|(_, record)| {
                    record
                        .iter()
                        .map(|cell| super::schema::bytes(cell))
                        .collect()
                })
                .collect();
            let file = self.folder.csv_in("bad", &table.name);
            let mut reader = csv::ReaderBuilder::new()
                .flexible(true)
                .from_reader(file.as_deref().unwrap_or_default());
            let header = reader.byte_headers().expect("a header").clone();
            let records = reader
                .byte_records()
                .map(|record| record.expect("a record"));
            let mut records: Vec<Vec<Vec<u8>>> = records
                .map(|record| {
                    let cells = record.iter().map(<[u8]>::to_vec);
                    cells.take(record.len().saturating_sub(1)).collect()
                })
                .collect();
            // Rows that wait for others may be skipped later than rows that follow them.
            given.sort();
            records.sort();
            let has_reason = table.columns.iter().any(|column| column.name == "reason");
            let last: &[u8] = if has_reason {
                b"tradexa_reason"
            } else {
                b"reason"
            };
            self.expect(file.is_some() != skipped.is_empty(), || {
                format!(
                    "rejects: the file of {} is there: {}",
                    table.name,
                    file.is_some()
                )
            });
            self.expect(
                file.is_none() || header.iter().next_back() == Some(last),
                || format!("rejects: {}: {header:?}", table.name),
            );
            self.expect(records == given, || {
                format!(
                    "rejects: {} has\n    {records:?}\n  instead of\n    {given:?}",
                    table.name
                )
            });
        }
    }
}

/// What is wrong with the reasons given for a row. If the row was loaded before (`again`), it may break additional
/// rules now, because a later row may have stored the same unique value. A missing parent may also go unreported: that
/// it is missing may only turn out when the parent is written, and a row that breaks another rule does not wait for
/// that.
pub fn difference(reasons: &[&str], right: &RowAnswer, again: bool) -> Vec<String> {
    let mut left = reasons.to_vec();
    let mut take = |rule: &Rule| {
        let found = left.iter().position(|reason| rule.is_said_by(reason));
        found.map(|position| left.remove(position)).is_some()
    };
    let may_lack = |rule: &Rule| again && matches!(rule, Rule::Missing(..)) && !reasons.is_empty();
    // If one name is the beginning of another, a reason may fit both: the longest name takes its reason first.
    let mut must: Vec<_> = right.must.iter().collect();
    must.sort_by_key(|rule| Reverse(rule.to_string().len()));
    must.retain(|rule| !take(rule) && !may_lack(rule));
    let must = must.iter();
    let mut problems: Vec<_> = must.map(|rule| format!("does not say <{rule}>")).collect();
    for rule in &right.may {
        take(rule);
    }
    let is_new = |reason: &&&str| {
        !again || !(reason.contains(" is already used ") || reason.contains(" is already taken "))
    };
    problems.extend(
        left.iter()
            .filter(is_new)
            .map(|reason| format!("says {reason:?}")),
    );
    if reasons.is_empty() {
        problems.push("has no reason".into());
    }
    problems
}

/// A row of the report, without an id that SQLite assigned.
pub fn listed(row: &Json, table: &Table) -> String {
    let left_out = table.rowid().filter(|_| table.assigns_ids());
    let columns = table.columns.iter().enumerate();
    let columns = columns.filter(|(index, _)| Some(*index) != left_out);
    // The digits of a blob may be in either case.
    let cells = columns.map(|(_, column)| match &row[&column.name] {
        Json::String(digits) if column.kind() == Kind::Blob => digits.to_lowercase().into(),
        cell => cell.clone(),
    });
    format!("{:?}", cells.collect::<Vec<Json>>())
}

/// Stored rows, as the report lists them.
pub fn as_listed(rows: &[Vec<Value>]) -> Vec<String> {
    let cells = |row: &Vec<Value>| row.iter().map(json).collect::<Vec<_>>();
    rows.iter().map(|row| format!("{:?}", cells(row))).collect()
}

/// A stored value as the report has it.
fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => (*number).into(),
        // As it comes out of a text: serde_json may not read the very number that it writes.
        Value::Real(number) => {
            let number = Json::from(*number).to_string();
            serde_json::from_str(&number).expect("a number")
        }
        Value::Text(text) => text.as_str().into(),
        Value::Blob(bytes) => {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            digits.collect::<String>().into()
        }
    }
}

/// What is right for each row, for people.
pub fn describe(case: &Case, answer: &Answer) -> String {
    let mut lines = Vec::new();
    for (table, right) in case.tables.iter().zip(&answer.tables) {
        lines.push(format!(
            "{} should hold {} rows:",
            table.name,
            right.stored.len()
        ));
        for row in &right.rows {
            let list = |rules: &[Rule]| {
                rules
                    .iter()
                    .map(|rule| format!("<{rule}>"))
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            let outcome = if row.accepted { "accepted" } else { "skipped" };
            let may = if row.may.is_empty() {
                String::new()
            } else {
                format!(" perhaps {}", list(&row.may))
            };
            let open = if row.open {
                " (or the other way round)"
            } else {
                ""
            };
            lines.push(format!(
                "  line {}: {outcome}{open} {}{may}",
                row.line,
                list(&row.must)
            ));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::process::ExitStatus;

    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::{Config, RngSeed, TestRunner};
    use serde_json::json as object;

    use super::super::generate::case;
    use super::*;

    /// The reason that a program that is right would give.
    fn reason(rule: &Rule) -> String {
        match rule {
            Rule::Fields { expected, found } => {
                format!("expected {expected} fields, found {found}")
            }
            Rule::Utf8(column) => format!("{column} is not valid UTF-8"),
            Rule::Nul(column) => format!("{column} contains a NUL character"),
            Rule::Kind(column, words) => format!("{column} is not {words}: \"x\""),
            Rule::Range(column) => format!("{column} is out of range: \"x\""),
            Rule::Null(column) => format!("{column} is empty"),
            Rule::Used(columns, owner) => match &owner.keys[..] {
                [key, ..] => format!("{columns} 1 is already used by {key}"),
                [] => format!("{columns} 1 is already used on line {}", owner.line),
            },
            Rule::Missing(columns, parent) => format!("{columns} 1 does not exist in {parent}"),
            Rule::Check(None, text) => format!("CHECK ({text}) failed"),
            Rule::Check(Some(name), text) => format!("CHECK {name} failed: {text}"),
        }
    }

    /// The report of a first load by a program that is right.
    fn report(case: &Case, answer: &Answer) -> Json {
        let tables = case
            .tables
            .iter()
            .zip(&answer.tables)
            .map(|(table, right)| {
                let columns = (0..table.columns.len())
                    .filter(|&column| !table.assigns_ids() || table.rowid() != Some(column));
                let names: Vec<_> = columns
                    .map(|column| table.columns[column].name.clone())
                    .collect();
                let rows = right.stored.iter().map(|values| {
                    let cells = values.iter().map(json);
                    Json::Object(names.iter().cloned().zip(cells).collect())
                });
                let rows: Vec<Json> = rows.collect();
                let skipped = right.rows.iter().filter(|row| !row.accepted).map(|row| {
                    let rules = if row.must.is_empty() {
                        &row.may
                    } else {
                        &row.must
                    };
                    let reasons: Vec<_> = rules.iter().map(reason).collect();
                    object!({"line": row.line, "reasons": reasons})
                });
                let skipped: Vec<_> = skipped.collect();
                object!({
                    "table": table.name, "records": right.rows.len(), "inserted": right.accepted(),
                    "unchanged": 0, "skipped": skipped.len(), "failed": 0, "rows": rows,
                    "skipped_rows": skipped,
                })
            });
        object!({"tables": tables.collect::<Vec<_>>()})
    }

    /// What is wrong with a report.
    fn mismatches(case: &Case, answer: &Answer, report: Json) -> Vec<String> {
        let mut trial = Trial::new(case);
        let run = Run {
            ended: ExitStatus::default(),
            status: Some(0),
            stdout: String::new(),
            stderr: String::new(),
            report,
        };
        trial.compare("load", &run, answer, false, false);
        let stored: Vec<_> = answer
            .tables
            .iter()
            .map(|table| table.stored.clone())
            .collect();
        trial.compare_stored("load", answer, &stored);
        for (table, right) in case.tables.iter().zip(&answer.tables) {
            if right.accepted() < right.rows.len() {
                trial.folder.csv("bad", &table.name, rejects(table, right));
            }
        }
        trial.compare_rejects(answer);
        trial.mismatches
    }

    fn rejects(table: &Table, right: &TableAnswer) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .from_writer(Vec::new());
        let has_reason = table.columns.iter().any(|column| column.name == "reason");
        let last = if has_reason {
            "tradexa_reason"
        } else {
            "reason"
        };
        let header = table.file.iter().flat_map(|file| &file.header);
        let header = header.map(|&column| table.columns[column].name.as_str());
        writer.write_record(header.chain([last])).expect("a header");
        for (row, (_, record)) in right.rows.iter().zip(table.records()) {
            if !row.accepted {
                let cells = record.iter().map(|cell| super::super::schema::bytes(cell));
                writer
                    .write_record(cells.chain([b"why".to_vec()]))
                    .expect("a record");
            }
        }
        writer.into_inner().expect("a file")
    }

    /// Random cases with what is right for them.
    fn answered(count: u32) -> impl Iterator<Item = (Case, Answer)> {
        let config = Config {
            rng_seed: RngSeed::Fixed(1),
            ..Config::default()
        };
        let mut runner = TestRunner::new(config);
        (0..count).map(move |_| {
            let case = case().new_tree(&mut runner).expect("a case").current();
            let answer = answer(&case, None);
            (case, answer)
        })
    }

    #[test]
    fn a_report_that_is_right_has_no_mismatch() {
        for (case, answer) in answered(100) {
            let report = report(&case, &answer);
            assert_eq!(
                mismatches(&case, &answer, report),
                Vec::<String>::new(),
                "{}",
                case.describe()
            );
        }
    }

    #[test]
    fn every_mistake_of_a_report_is_a_mismatch() {
        let mut found = BTreeSet::new();
        for (case, answer) in answered(100) {
            let right = report(&case, &answer);
            let mut try_mistake = |mistake: &'static str, path: &str, wrong: fn(&mut Json)| {
                for table in 0..case.tables.len() {
                    let mut report = right.clone();
                    let Some(value) = report.pointer_mut(&format!("/tables/{table}{path}")) else {
                        continue;
                    };
                    wrong(value);
                    assert_ne!(
                        mismatches(&case, &answer, report),
                        Vec::<String>::new(),
                        "{mistake}"
                    );
                    found.insert(mistake);
                }
            };
            try_mistake("a count", "/inserted", |count| *count = 1000.into());
            try_mistake("records", "/records", |count| *count = 1000.into());
            try_mistake("a line", "/skipped_rows/0/line", |line| *line = 1000.into());
            try_mistake("a reason", "/skipped_rows/0/reasons/0", |reason| {
                *reason = "why".into()
            });
            try_mistake("no reason", "/skipped_rows/0/reasons", |reasons| {
                *reasons = object!([])
            });
            try_mistake("a row too much", "/rows", |rows| {
                rows.as_array_mut().expect("rows").push(object!({}));
            });
        }
        assert_eq!(found.len(), 6, "{found:?}");
    }
}
