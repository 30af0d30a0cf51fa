//! What refers to what, and the order of the tables.

use super::*;

/// The references of a table: the names of its columns, the parent, and the names of the columns of the key.
fn references(script: &str, table: &str) -> Vec<String> {
    let tables = schema(script).tables;
    let named = |name: &str| *tables.iter().find(|table| table.name == name).unwrap();
    let names = |table: &Table, columns: &[usize]| {
        let names: Vec<_> = columns
            .iter()
            .map(|column| table.columns[*column].name)
            .collect();
        names.join(" ")
    };
    let table = named(table);
    let references = table.references.iter().map(|reference| {
        let parent = named(reference.parent);
        let key = names(parent, parent.keys[reference.key].columns);
        format!(
            "{} -> {} {key}",
            names(table, reference.columns),
            parent.name
        )
    });
    references.collect()
}

#[test]
fn a_reference_without_columns_goes_to_the_primary_key() {
    let script = "CREATE TABLE a (x, id TEXT PRIMARY KEY); CREATE TABLE b (a_id REFERENCES A)";
    assert_eq!(references(script, "b"), ["a_id -> a id"]);
}

#[test]
fn a_reference_goes_to_any_unique_columns_in_the_order_of_the_key() {
    let script = "CREATE TABLE a (id INTEGER PRIMARY KEY, x, y, UNIQUE (x, y));
        CREATE TABLE b (p, q, FOREIGN KEY (q, p) REFERENCES a (Y, X))";
    assert_eq!(references(script, "b"), ["p q -> a x y"]);
}

#[test]
fn references_come_as_they_are_declared_and_only_once() {
    let script = "CREATE TABLE a (id INTEGER PRIMARY KEY, code TEXT UNIQUE);
        CREATE TABLE b (x REFERENCES a (code), y REFERENCES a, z, FOREIGN KEY (z) REFERENCES a,
            FOREIGN KEY (y) REFERENCES a (id) ON DELETE CASCADE)";
    assert_eq!(
        references(script, "b"),
        ["x -> a code", "y -> a id", "z -> a id"]
    );
}

#[test]
fn a_table_may_refer_to_itself() {
    let script = "CREATE TABLE a (id INTEGER PRIMARY KEY, boss INT REFERENCES a (id))";
    assert_eq!(references(script, "a"), ["boss -> a id"]);
    assert!(table(script).refers_to_itself());
}

#[test]
fn the_rule_of_a_reference_of_one_column_is_one_of_the_column() {
    let tables = schema(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x, UNIQUE (id, x));
         CREATE TABLE b (p REFERENCES a CHECK (p > 0) UNIQUE, q, FOREIGN KEY (p, q) REFERENCES a (id, x), CHECK (q))",
    );
    let table = tables.tables[1];
    assert_eq!(
        table.columns[0].rules,
        [Rule::Unique(0), Rule::Exists(0), Rule::Holds(0)]
    );
    assert_eq!(table.columns[1].rules, []);
    assert_eq!(table.rules, [Rule::Exists(1), Rule::Holds(1)]);
}

#[test]
fn tables_come_after_those_they_refer_to_and_otherwise_as_they_are_declared() {
    let script = "CREATE TABLE lines (o REFERENCES orders, p REFERENCES products); CREATE TABLE z (a);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, c REFERENCES customers); CREATE TABLE a (a);
        CREATE TABLE products (id INTEGER PRIMARY KEY); CREATE TABLE customers (id INTEGER PRIMARY KEY)";
    assert_eq!(
        names(script),
        ["z", "a", "products", "customers", "orders", "lines"]
    );
}

#[test]
fn a_reference_to_a_key_of_another_collation_counts_if_the_column_has_it_too() {
    let script = "CREATE TABLE a (code TEXT COLLATE NOCASE, UNIQUE (code COLLATE NOCASE)); CREATE TABLE b (c REFERENCES a (code))";
    assert_eq!(references(script, "b"), ["c -> a code"]);
}
