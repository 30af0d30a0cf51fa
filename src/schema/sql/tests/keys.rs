//! Primary keys, and what else is unique.

use super::*;
use crate::schema::Key;

/// The keys of a table: their columns, their role, and for which rows they count.
fn keys(script: &str) -> Vec<(Vec<&'static str>, Role, Option<&'static str>)> {
    let table = schema(script).tables[0];
    let names = |key: &Key| {
        key.columns
            .iter()
            .map(|column| table.columns[*column].name)
            .collect()
    };
    table
        .keys
        .iter()
        .map(|key| (names(key), key.role, key.filter))
        .collect()
}

#[test]
fn an_integer_primary_key_is_the_rowid() {
    for key in [
        "id INTEGER PRIMARY KEY",
        "id integer, PRIMARY KEY (id)",
        "id INTEGER PRIMARY KEY AUTOINCREMENT",
    ] {
        let table = table(&format!("CREATE TABLE t ({key})"));
        assert_eq!(table.keys[0].role, Role::Rowid, "{key}");
        assert!(table.assigns_ids, "{key}");
    }
}

#[test]
fn an_id_that_sqlite_makes_up_has_no_default() {
    let table = table("CREATE TABLE t (id INTEGER PRIMARY KEY DEFAULT 7, n INTEGER DEFAULT 8)");
    let defaults = table.columns.iter().map(|column| column.default);
    assert_eq!(defaults.collect::<Vec<_>>(), [None, Some("8")]);
}

#[test]
fn sqlite_makes_up_no_ids_for_an_integer_that_is_not_its_rowid() {
    for declared in [
        "(id INTEGER PRIMARY KEY DESC)",
        "(id INTEGER PRIMARY KEY) WITHOUT ROWID",
    ] {
        let table = table(&format!("CREATE TABLE t {declared}"));
        assert_eq!(table.keys[0].role, Role::Rowid, "{declared}");
        assert!(!table.assigns_ids, "{declared}");
    }
    let table = table("CREATE TABLE t (id INT PRIMARY KEY)");
    assert_eq!(
        (table.keys[0].role, table.assigns_ids),
        (Role::Primary, false)
    );
}

#[test]
fn a_table_without_a_primary_key_has_none() {
    let table = table("CREATE TABLE t (a TEXT UNIQUE, b)");
    assert!(table.primary_key().is_none());
    assert_eq!((table.keys.len(), table.assigns_ids), (1, false));
}

#[test]
fn the_columns_of_a_key_come_in_its_own_order() {
    let script = "CREATE TABLE t (a INT, b TEXT, c, PRIMARY KEY (b, a), UNIQUE (c, b))";
    assert_eq!(
        keys(script),
        [
            (vec!["b", "a"], Role::Primary, None),
            (vec!["c", "b"], Role::Unique, None)
        ]
    );
}

#[test]
fn the_primary_key_comes_first_and_the_others_as_they_are_declared() {
    let script = "CREATE TABLE t (a UNIQUE, b UNIQUE, c TEXT PRIMARY KEY, d, UNIQUE (d, a));
        CREATE UNIQUE INDEX i ON t (d);";
    let columns: Vec<_> = keys(script)
        .into_iter()
        .map(|key| key.0.join(" "))
        .collect();
    assert_eq!(columns, ["c", "a", "b", "d a", "d"]);
}

#[test]
fn a_key_compares_with_the_collations_of_its_index() {
    let table = table(
        "CREATE TABLE t (a TEXT COLLATE NOCASE, b TEXT, PRIMARY KEY (a, b COLLATE RTRIM));
         CREATE UNIQUE INDEX i ON t (a COLLATE BINARY, b);",
    );
    assert_eq!(
        table.keys[0].collations,
        [Collation::NoCase, Collation::RTrim]
    );
    assert_eq!(
        table.keys[1].collations,
        [Collation::Binary, Collation::Binary]
    );
}

#[test]
fn a_unique_index_with_a_where_keeps_its_condition() {
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, a, deleted);
        CREATE UNIQUE INDEX i ON t (a) WHERE deleted -- gone
            IS NULL AND a <> ';';";
    assert_eq!(
        keys(script)[1],
        (
            vec!["a"],
            Role::Unique,
            Some("deleted IS NULL AND a <> ';'")
        )
    );
}

#[test]
fn equivalent_keys_are_merged() {
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY UNIQUE, a TEXT UNIQUE, b, UNIQUE (a, b), UNIQUE (b, a));
        CREATE UNIQUE INDEX i ON t (a); CREATE UNIQUE INDEX j ON t (a COLLATE NOCASE);
        CREATE UNIQUE INDEX k ON t (a) WHERE b; CREATE UNIQUE INDEX l ON t (a) WHERE b;";
    let keys = keys(script);
    let columns: Vec<_> = keys.iter().map(|key| key.0.join(" ")).collect();
    assert_eq!(columns, ["id", "a", "a b", "a", "a"]);
}

#[test]
fn the_rule_of_a_key_of_one_column_is_one_of_the_column() {
    let table = table("CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE, c, UNIQUE (c, b))");
    assert_eq!(table.columns[0].rules, [Rule::Unique(0)]);
    assert_eq!(table.columns[1].rules, [Rule::Unique(1)]);
    assert_eq!(table.columns[2].rules, []);
    assert_eq!(table.rules, [Rule::Unique(2)]);
}
