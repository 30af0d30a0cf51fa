//! The oracle on cases whose answer is known.

use super::oracle::{Answer, Owner, Rule, answer};
use super::program::difference;
use super::schema::{Case, Check, Column, File, Layout, Primary, Reference, Table, Unique};

fn column(name: &str, declared: &'static str) -> Column {
    Column {
        name: name.into(),
        declared,
        stored: declared,
        not_null: false,
        collation: None,
        default: None,
    }
}

/// A table with columns, whose first one is the primary key, and the lines of its file.
fn table(name: &str, columns: Vec<Column>, lines: &[&str]) -> Table {
    let header = (0..columns.len()).collect();
    let records = lines
        .iter()
        .map(|line| line.split(',').map(String::from).collect())
        .collect();
    Table {
        name: name.into(),
        columns,
        primary: Some(Primary {
            columns: vec![0],
            collation: None,
            descending: false,
        }),
        uniques: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        without_rowid: false,
        strict: false,
        stored_strict: false,
        file: Some(File { header, records }),
    }
}

fn reference(column: usize, parent: usize) -> Reference {
    Reference {
        columns: vec![column],
        parent,
        parent_columns: vec![0],
        implicit: false,
    }
}

fn case(tables: Vec<Table>) -> Case {
    let layout = Layout::FilePerTable;
    let case = Case {
        tables,
        decorated: false,
        threads: None,
        layout,
    };
    case.with(layout)
}

fn of(tables: Vec<Table>) -> Answer {
    answer(&case(tables), None)
}

fn used(columns: &str, line: u64, key: &str) -> Rule {
    let keys = vec![key.into()];
    Rule::Used(columns.into(), Owner { line, keys })
}

/// The lines that are accepted.
fn accepted(answer: &Answer, table: usize) -> Vec<u64> {
    let rows = answer.tables[table].rows.iter();
    rows.filter(|row| row.accepted)
        .map(|row| row.line)
        .collect()
}

#[test]
fn a_row_breaks_all_the_rules_it_breaks() {
    let mut parent = table("parent", vec![column("code", "TEXT")], &["a", "b"]);
    parent.columns[0].collation = Some("NOCASE");
    let columns = vec![
        column("id", "INTEGER"),
        column("up", "TEXT"),
        column("qty", "INT"),
    ];
    let mut child = table(
        "child",
        columns,
        &["1,A,1", "1,c,x", "2,,100", ",b,5", "3,b"],
    );
    child.references.push(reference(1, 0));
    child.checks.push(Check {
        name: None,
        expression: "qty < 99".into(),
        column: None,
    });
    let answer = of(vec![parent, child]);
    assert_eq!(accepted(&answer, 1), [2]);
    let must: Vec<_> = answer.tables[1]
        .rows
        .iter()
        .map(|row| row.must.clone())
        .collect();
    assert_eq!(
        must,
        [
            vec![],
            vec![
                Rule::Kind("qty".into(), "a whole number"),
                Rule::Missing("up".into(), "parent".into()),
                used("id", 2, "id 1"),
            ],
            vec![Rule::Check(None, "qty < 99".into())],
            vec![Rule::Null("id".into())],
            vec![Rule::Fields {
                expected: 3,
                found: 2
            }],
        ]
    );
}

#[test]
fn rows_that_refer_to_each_other_are_accepted_together() {
    let columns = || vec![column("id", "INTEGER"), column("up", "INTEGER")];
    // A circle, one that refers to itself, one whose row comes later, and a chain that ends nowhere.
    let lines = ["1,2", "2,1", "3,3", "4,5", "5,", "6,7", "7,8"];
    let mut own = table("own", columns(), &lines);
    own.references.push(reference(1, 0));
    let answer = of(vec![own]);
    assert_eq!(accepted(&answer, 0), [2, 3, 4, 5, 6]);
    for row in &answer.tables[0].rows[5..] {
        assert_eq!(row.must, [Rule::Missing("up".into(), "own".into())]);
    }
}

#[test]
fn a_row_gets_the_key_of_a_waiting_row_that_turns_out_to_dangle() {
    let columns = vec![column("id", "INTEGER"), column("up", "INTEGER")];
    let mut own = table("own", columns, &["1,9", "1,", "2,3", "2,", "3,"]);
    own.references.push(reference(1, 0));
    let answer = of(vec![own]);
    assert_eq!(accepted(&answer, 0), [3, 4, 6]);
    assert_eq!(answer.tables[0].rows[3].must, [used("id", 4, "id 2")]);
}

#[test]
fn entangled_rows_are_decided_as_the_program_decides() {
    let columns = ["id", "mail", "up"].map(|name| column(name, "TEXT"));
    // The first and the last are right together, and so are the others.
    let lines = ["1,a,4", "2,b,3", "3,a,", "4,b,"];
    let mut own = table("own", columns.to_vec(), &lines);
    own.references.push(reference(2, 0));
    own.uniques.push(Unique {
        columns: vec![1],
        collation: None,
        constraint: true,
        filter: None,
    });
    let case = case(vec![own]);
    for lines in [[2, 5], [3, 4]] {
        let skipped = (2..=5).filter(|line| !lines.contains(line));
        let answer = answer(&case, Some(&skipped.map(|line| (0, line)).collect()));
        assert_eq!(accepted(&answer, 0), lines);
        assert!(answer.tables[0].rows.iter().all(|row| row.open));
    }
}

#[test]
fn a_partial_index_counts_the_rows_of_its_filter() {
    let columns = vec![column("id", "INTEGER"), column("mail", "TEXT")];
    let mut users = table("users", columns, &["1,A", "2,a", "3,old", "4,OLD", "5,"]);
    let filter = Some("mail NOT LIKE 'old'".into());
    users.uniques.push(Unique {
        columns: vec![1],
        collation: Some("NOCASE"),
        constraint: false,
        filter,
    });
    let answer = of(vec![users]);
    assert_eq!(accepted(&answer, 0), [2, 4, 5, 6]);
    assert_eq!(answer.tables[0].rows[1].must, [used("mail", 2, "id 1")]);
}

#[test]
fn a_reason_that_is_missing_wrong_or_superfluous_is_noticed() {
    let columns = vec![column("id", "INTEGER"), column("qty", "INT")];
    let answer = of(vec![table("rows", columns, &["1,1", "1,x"])]);
    let row = &answer.tables[0].rows[1];
    let right = [
        "qty is not a whole number: \"x\"",
        "id 1 is already used on line 2",
    ];
    assert_eq!(difference(&right, row, false), Vec::<String>::new());
    assert_eq!(
        difference(&right[1..], row, false),
        ["does not say <qty: not a whole number>"]
    );
    let more = [right[0], right[1], "qty is empty"];
    assert_eq!(difference(&more, row, false), ["says \"qty is empty\""]);
    let by = [right[0], "id 1 is already used by id 1"];
    assert_eq!(difference(&by, row, false), Vec::<String>::new());
    let by = [right[0], "id 1 is already used by id 2"];
    assert_eq!(difference(&by, row, false).len(), 2);
    let line = [right[0], "id 1 is already used on line 3"];
    assert_eq!(difference(&line, row, false).len(), 2);
}
