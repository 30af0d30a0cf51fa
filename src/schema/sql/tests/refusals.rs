//! What is refused, and in which words.

use super::*;

/// What a script is refused for, a sentence for each reason.
fn refused(script: &str) -> Vec<String> {
    match read(script.as_bytes(), Layout::OwnFiles, |_, _, _| true) {
        Err(Error::Refused(refusals)) => refusals,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tables_that_refer_to_each_other_in_a_circle() {
    let script = "CREATE TABLE a (id INTEGER PRIMARY KEY, b REFERENCES b, a REFERENCES a); CREATE TABLE b (id INTEGER PRIMARY KEY, c REFERENCES c);
        CREATE TABLE c (id INTEGER PRIMARY KEY, a REFERENCES a); CREATE TABLE d (a REFERENCES a);
        CREATE TABLE e (id INTEGER PRIMARY KEY, f REFERENCES f); CREATE TABLE f (id INTEGER PRIMARY KEY, e REFERENCES e)";
    let rest = "in a cycle: no order of writing their files satisfies every reference; leave one of these references out";
    assert_eq!(
        refused(script),
        [
            format!("a refers to b, which refers to c, which refers to a, {rest}"),
            format!("e refers to f, which refers to e, {rest}"),
        ]
    );
}

#[test]
fn a_reference_to_a_table_that_is_not_there() {
    let script = "CREATE VIEW v AS SELECT 1; CREATE TABLE t (a REFERENCES x, b REFERENCES v (c), c, FOREIGN KEY (a, c) REFERENCES y (p, q))";
    assert_eq!(
        refused(script),
        [
            "t.a refers to x, a table that the schema does not have: add its CREATE TABLE, or leave the reference out",
            "t.b refers to v, which is not a plain table: add its CREATE TABLE, or leave the reference out",
            "t.(a, c) refers to y, a table that the schema does not have: add its CREATE TABLE, or leave the reference out",
        ]
    );
}

#[test]
fn a_reference_to_columns_that_are_not_unique() {
    let parents = [
        "CREATE TABLE a (x, y)",
        "CREATE TABLE a (x PRIMARY KEY)",
        "CREATE TABLE a (x, y, UNIQUE (x, y))",
        "CREATE TABLE a (x, y); CREATE UNIQUE INDEX i ON a (y) WHERE x",
        "CREATE TABLE a (x, y); CREATE UNIQUE INDEX i ON a (y COLLATE NOCASE)",
    ];
    for parent in parents {
        assert_eq!(
            refused(&format!("{parent}; CREATE TABLE t (b REFERENCES a (y))")),
            [
                "t.b refers to a (y), which is neither its primary key nor UNIQUE for all of its rows: declare it as one of them, with the collations of its columns"
            ],
            "{parent}"
        );
    }
}

#[test]
fn a_reference_to_a_primary_key_that_is_not_there_or_wider() {
    let script = "CREATE TABLE a (x UNIQUE); CREATE TABLE b (x, y, PRIMARY KEY (x, y));
        CREATE TABLE t (a REFERENCES a, b REFERENCES b)";
    assert_eq!(
        refused(script),
        [
            "t.a refers to the primary key of a, which has none: declare one, or name the columns that it refers to",
            "t.b refers to the primary key of b, which has a different number of columns: name the columns that it refers to",
        ]
    );
}

#[test]
fn generated_columns() {
    let script = "CREATE TABLE t (a INT, b AS (a + 1), c INT GENERATED ALWAYS AS (a * 2) STORED)";
    assert_eq!(
        refused(script),
        [
            "t.b is a generated column: leave it out, or declare it as a plain column",
            "t.c is a generated column: leave it out, or declare it as a plain column",
        ]
    );
}

#[test]
fn unique_indexes_over_expressions() {
    let script = "CREATE TABLE t (a, b); CREATE UNIQUE INDEX i ON t (b, lower(a)); CREATE UNIQUE INDEX j ON t (f(a));
        CREATE UNIQUE INDEX k ON t (a) WHERE b > date('now')";
    assert_eq!(
        refused(script),
        [
            "the unique index j of t uses the function f, which SQLite does not have built in: leave it out",
            "the unique index i of t is over an expression: leave it out, or declare UNIQUE over columns",
            "the unique index k of t (WHERE b > date('now')) uses date() with 'now', which is not deterministic: leave it out",
        ]
    );
}

#[test]
fn nondeterministic_checks() {
    let cases = [
        ("a > random()", "random()"),
        ("a > abs(\"randomblob\"(1))", "randomblob()"),
        ("a < CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
        ("a < current_date", "current_date"),
        ("date(a) <= date('now')", "date() with 'now'"),
        ("a < datetime(' NOW ', '+1 day')", "datetime() with 'now'"),
        (
            "a < datetime(a, 'localtime')",
            "datetime() with 'localtime'",
        ),
        ("a < julianday()", "julianday() without a date"),
        ("a < strftime('%Y')", "strftime() without a date"),
        ("a < unixepoch('subsec')", "unixepoch() without a date"),
        ("a <> changes()", "changes()"),
        ("a <> last_insert_rowid()", "last_insert_rowid()"),
        ("a <> sqlite_version()", "sqlite_version()"),
    ];
    for (check, what) in cases {
        assert_eq!(
            refused(&format!("CREATE TABLE t (a CHECK ({check}))")),
            [format!(
                "CHECK ({check}) of t uses {what}, which is not deterministic: leave it out"
            )]
        );
    }
}

#[test]
fn checks_with_the_rowid() {
    for check in ["rowid > 0", "t.\"OID\" < 9", "_rowid_ IS NOT NULL"] {
        assert_eq!(
            refused(&format!("CREATE TABLE t (a CHECK ({check}))")),
            [format!(
                "CHECK ({check}) of t uses the rowid: name the primary key instead"
            )]
        );
    }
    assert_eq!(
        table("CREATE TABLE t (rowid INT CHECK (rowid > 0), oid, CHECK (oid))")
            .checks
            .len(),
        2
    );
}

#[test]
fn checks_with_subqueries_or_unknown_functions() {
    let script = "CREATE TABLE t (a CHECK (a IN (SELECT 1)), b CHECK (f(b) > 0), c CHECK (c REGEXP 'x'), d CHECK (d > 0),
            e, CHECK (f(e) AND g(a)), CONSTRAINT n CHECK (EXISTS (VALUES (1))));
        CREATE TABLE u (a CHECK (h(a)))";
    let missing = |check: &str, of: &str, function: &str| {
        format!(
            "CHECK ({check}) of {of} uses the function {function}, which SQLite does not have built in: leave it out"
        )
    };
    assert_eq!(
        refused(script),
        [
            "CHECK (a IN (SELECT 1)) of t has a subquery: leave it out".to_string(),
            missing("f(b) > 0", "t", "f"),
            missing("c REGEXP 'x'", "t", "REGEXP"),
            missing("f(e) AND g(a)", "t", "g"),
            "CHECK (EXISTS (VALUES (1))) of t has a subquery: leave it out".to_string(),
            missing("h(a)", "u", "h"),
        ]
    );
}

#[test]
fn checks_that_sqlite_takes_but_cannot_evaluate() {
    let refusals =
        refused("CREATE TABLE t (a CHECK (CASE WHEN a THEN 1 ELSE raise(abort, 'no') END))");
    assert!(
        refusals[0]
            .contains("cannot be evaluated (RAISE() may only be used within a trigger-program)"),
        "{refusals:?}"
    );
}

#[test]
fn collations_that_sqlite_does_not_have() {
    let script = "CREATE TABLE People (name TEXT COLLATE LOCALIZED, n TEXT COLLATE nocase CHECK (n > 'a' COLLATE \"x y\"));
        CREATE UNIQUE INDEX i ON People (name, n COLLATE de_DE); CREATE TABLE v (a COLLATE unicode)";
    let missing = |column: &str, collation: &str| {
        format!(
            "{column} uses the collation {collation}, which SQLite does not have built in: use BINARY, NOCASE or RTRIM"
        )
    };
    assert_eq!(
        refused(script),
        [
            missing("People.name", "LOCALIZED"),
            missing("People.n", "x y"),
            missing("People.n", "de_DE"),
            missing("v.a", "unicode"),
        ]
    );
}

#[test]
fn names_that_cannot_be_those_of_files() {
    let long = "x".repeat(245);
    let script = format!(
        "CREATE TABLE \"a/b\" (x); CREATE TABLE \"\" (x); CREATE TABLE \"..\" (x); CREATE TABLE {long} (x); CREATE TABLE {} (x)",
        "y".repeat(244)
    );
    assert_eq!(
        refused(&script),
        [
            "the name of the table \"a/b\" cannot be the name of a file, as it contains '/': give it another name".to_string(),
            "the name of the table \"\" cannot be the name of a file: give it another name".to_string(),
            "the name of the table \"..\" cannot be the name of a file: give it another name".to_string(),
            format!("the name of the table {long:?} is too long for the name of a file: at most 244 bytes: give it another name"),
        ]
    );
}

#[test]
fn names_that_windows_does_not_take() {
    for name in [
        "a:b", "what?", "a\\b", "a\tb", "con", "Aux.x", "COM1", "lpt9", "nul ",
    ] {
        assert!(names::problem(name, true).is_some(), "{name}");
        assert_eq!(names::problem(name, false), None, "{name}");
    }
    for name in ["console", "com", "com10", "größe", ".x", "a b"] {
        assert_eq!(names::problem(name, true), None, "{name}");
    }
}

#[test]
fn names_that_differ_only_in_the_case_of_unicode() {
    let script = "CREATE TABLE \"Größe\" (x); CREATE TABLE b (x); CREATE TABLE \"GRÖßE\" (x); CREATE TABLE \"GRÖSSE\" (x)";
    let refusals = refused(script);
    assert_eq!(refusals.len(), 2, "{refusals:?}");
    assert_eq!(
        refusals[0],
        "the names of the tables Größe and GRÖßE differ only in case, so on some systems both would share one file: give one of them another name"
    );
}

#[test]
fn more_tables_than_can_be_loaded() {
    let script = |count: usize| {
        let tables: Vec<_> = (0..count)
            .map(|table| format!("CREATE TABLE t{table} (a);"))
            .collect();
        tables.concat()
    };
    assert_eq!(schema(&script(200)).tables.len(), 200);
    assert_eq!(
        refused(&script(201)),
        [
            "there are 201 tables, but at most 200 are supported: leave out those that you do not load"
        ]
    );
}

#[test]
fn a_script_without_tables() {
    for script in [
        "",
        "-- nothing\n",
        "SELECT 1;",
        "CREATE VIEW v AS SELECT 1",
        "\u{feff}",
        ".tables\n",
        "CREATE TABLE t (a); DROP TABLE t",
    ] {
        assert_eq!(
            refused(script),
            ["there is no CREATE TABLE statement: declare at least one table"],
            "{script}"
        );
    }
}

#[test]
fn all_reasons_at_once() {
    let script = "CREATE TABLE \"a/b\" (x REFERENCES y, z AS (x), c TEXT COLLATE foo CHECK (c > random()));
        CREATE TABLE p (id INTEGER PRIMARY KEY, q REFERENCES q); CREATE TABLE q (id INTEGER PRIMARY KEY, p REFERENCES p)";
    assert_eq!(refused(script).len(), 6);
}
