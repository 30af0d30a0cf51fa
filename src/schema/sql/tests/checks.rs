//! CHECK constraints.

use super::*;

/// The CHECKs of a table: name and expression.
fn checks(script: &str) -> Vec<(Option<&'static str>, &'static str)> {
    table(script)
        .checks
        .iter()
        .map(|check| (check.name, check.sql))
        .collect()
}

#[test]
fn a_check_keeps_its_text_in_one_line_without_comments() {
    let script = "CREATE TABLE t (a INT CHECK (a BETWEEN 1 -- at least one, with ')'
        AND/* and */99  OR a=-(1)), b TEXT CHECK(b IN ('x,y', '--', 'it''s'))  )";
    assert_eq!(
        checks(script),
        [
            (None, "a BETWEEN 1 AND 99 OR a=-(1)"),
            (None, "b IN ('x,y', '--', 'it''s')")
        ]
    );
}

#[test]
fn a_check_keeps_its_name() {
    let script = "CREATE TABLE t (a CONSTRAINT positive CHECK (a > 0), b CHECK (b), c CONSTRAINT \"not null\" NOT NULL CHECK (c),
        CONSTRAINT x UNIQUE (a, b) CHECK (a), CHECK (b > 0) CONSTRAINT y CHECK (b > 1))";
    assert_eq!(
        checks(script),
        [
            (Some("positive"), "a > 0"),
            (None, "b"),
            (Some("not null"), "c"),
            (Some("x"), "a"),
            (None, "b > 0"),
            (Some("y"), "b > 1"),
        ]
    );
}

#[test]
fn the_check_in_the_definition_of_a_column_is_a_rule_of_the_column() {
    let table = table(
        "CREATE TABLE t (\"check\" INT DEFAULT (1) CHECK (b > 0), b CHECK (b) CHECK (b > 1), CHECK (b < 9))",
    );
    assert_eq!(table.columns[0].rules, [Rule::Holds(0)]);
    assert_eq!(table.columns[1].rules, [Rule::Holds(1), Rule::Holds(2)]);
    assert_eq!(table.rules, [Rule::Holds(3)]);
}

#[test]
fn checks_follow_what_alter_table_does() {
    let script = "CREATE TABLE t (a CHECK (a > 0), x); ALTER TABLE t RENAME COLUMN a TO \"b c\";
        ALTER TABLE t ADD COLUMN d REAL NOT NULL DEFAULT 1 CHECK (d > 0); ALTER TABLE t RENAME TO u;
        ALTER TABLE u DROP COLUMN x;";
    assert_eq!(checks(script), [(None, "\"b c\" > 0"), (None, "d > 0")]);
    assert_eq!(names(script), ["u"]);
}

#[test]
fn deterministic_functions_are_accepted() {
    let check = "CHECK (length(trim(a)) > 0 AND json_valid(a) AND a GLOB '[a-z]*' AND date(a) IS NOT NULL
        AND strftime('%Y', a) > '2000' AND max(a, 1) = CAST(a AS TEXT) AND a NOT IN ('now') AND iif(a, 1, 0))";
    assert_eq!(checks(&format!("CREATE TABLE t (a, {check})")).len(), 1);
}
