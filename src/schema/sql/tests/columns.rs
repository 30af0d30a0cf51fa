//! What the cells of columns hold, and how the tables of the databases declare them.

use super::*;

/// The kind of a column of this type, and the type that its plain table declares.
fn column(declared: &str) -> (Kind, &'static str) {
    let column = &table(&format!("CREATE TABLE t (a {declared})")).columns[0];
    (column.kind, column.declared)
}

#[test]
fn the_declared_type_decides_what_a_cell_holds() {
    let cases = [
        ("INTEGER", Kind::Integer),
        ("int", Kind::Integer),
        ("BIGINT(20)", Kind::Integer),
        ("UNSIGNED BIG INT", Kind::Integer),
        ("BIGSERIAL", Kind::Integer),
        ("FLOATING POINT", Kind::Integer),
        ("BOOLEAN", Kind::Boolean),
        ("bool", Kind::Boolean),
        ("DATE", Kind::Date),
        ("datetime", Kind::DateTime),
        ("DATETIME(6)", Kind::DateTime),
        ("TIMESTAMP", Kind::DateTime),
        ("timestamp without time zone", Kind::DateTime),
        ("TIMESTAMPTZ", Kind::DateTime),
        ("TIME", Kind::Time),
        ("TEXT", Kind::Text),
        ("VARCHAR(20)", Kind::Text),
        ("character varying(30)", Kind::Text),
        ("CLOB", Kind::Text),
        ("REAL", Kind::Real),
        ("double precision", Kind::Real),
        ("FLOAT", Kind::Real),
        ("NUMERIC", Kind::Numeric),
        ("DECIMAL(10,5)", Kind::Numeric),
        ("NUMBER", Kind::Numeric),
        ("BLOB", Kind::Blob),
        ("VARBINARY(16)", Kind::Blob),
        ("BYTEA", Kind::Blob),
        ("", Kind::Text),
    ];
    for (declared, kind) in cases {
        let column = &table(&format!("CREATE TABLE t (a {declared})")).columns[0];
        let as_stored = column.declared.to_ascii_uppercase();
        assert_eq!(
            (column.kind, as_stored),
            (kind, declared.to_ascii_uppercase()),
            "{declared}"
        );
    }
}

#[test]
fn types_that_name_no_number_are_stored_as_text() {
    let types = [
        "STRING",
        "UUID",
        "JSON",
        "JSONB",
        "INTERVAL",
        "interval day",
        "POINT",
        "POLYGON",
        "ENUM",
        "ANY",
        "INET",
        "TIME WITH TIME ZONE",
        "TIME(6)",
        "\"a-b\"",
        "[NOT NULL]",
    ];
    for declared in types {
        assert_eq!(column(declared), (Kind::Text, "TEXT"), "{declared}");
    }
}

#[test]
fn a_type_in_quotes_is_declared_without_them() {
    assert_eq!(column("[int]"), (Kind::Integer, "INT"));
    assert_eq!(column("\"VARCHAR(20)\""), (Kind::Text, "VARCHAR(20)"));
}

#[test]
fn a_type_that_needs_quotes_is_replaced_with_one_of_its_affinity() {
    assert_eq!(column("\"INTEGER NOT NULL\""), (Kind::Integer, "INT"));
    assert_eq!(column("\"double-precision\""), (Kind::Real, "REAL"));
    assert_eq!(column("\"DECIMAL, b\""), (Kind::Numeric, "NUMERIC"));
    assert_eq!(column("\"BLOB) --\""), (Kind::Blob, "BLOB"));
    assert_eq!(column("\"text!\""), (Kind::Text, "TEXT"));
    // SQLite takes off the first and the last character of such types.
    assert_eq!(column("[varchar](20)"), (Kind::Text, "TEXT"));
    assert_eq!(column("[decimal](10, 2)"), (Kind::Numeric, "NUMERIC"));
}

#[test]
fn a_type_stands_in_one_line_without_comments() {
    assert_eq!(
        column("double -- wide\n  precision"),
        (Kind::Real, "double precision")
    );
}

#[test]
fn a_column_has_its_collation() {
    let table = table("CREATE TABLE t (a TEXT, b TEXT COLLATE nocase, c TEXT COLLATE \"RTRIM\")");
    let collations: Vec<_> = table
        .columns
        .iter()
        .map(|column| column.collation)
        .collect();
    assert_eq!(
        collations,
        [Collation::Binary, Collation::NoCase, Collation::RTrim]
    );
}

#[test]
fn a_column_that_is_not_null_or_in_the_primary_key_is_required() {
    let table = table(
        "CREATE TABLE t (a INT, b INT NOT NULL, c INT, d INT NULL UNIQUE, PRIMARY KEY (a, c))",
    );
    let required: Vec<_> = table.columns.iter().map(|column| column.required).collect();
    assert_eq!(required, [true, true, true, false]);
}

#[test]
fn defaults_are_expressions() {
    let table = table(
        "CREATE TABLE t (a DEFAULT 'it''s', b DEFAULT -1, c DEFAULT (1 + /* two */ 2), d DEFAULT CURRENT_TIMESTAMP,
         e DEFAULT active, f DEFAULT \"o'k\", g DEFAULT true, h DEFAULT NULL, i, j DEFAULT x'00', k DEFAULT ( 'a' ))",
    );
    let defaults: Vec<_> = table.columns.iter().map(|column| column.default).collect();
    assert_eq!(
        defaults,
        [
            Some("'it''s'"),
            Some("-1"),
            Some("1 + 2"),
            Some("CURRENT_TIMESTAMP"),
            Some("'active'"),
            Some("'o''k'"),
            Some("true"),
            Some("NULL"),
            None,
            Some("x'00'"),
            Some("'a'"),
        ]
    );
}

#[test]
fn names_are_whatever_sqlite_allows() {
    let schema = schema(
        "CREATE TABLE \"order details\" (\"a \"\"b\"\"\" INT, [c,d] INT, `e``f` INT, \"select\" INT, größe INT, 'g' INT);
         CREATE TABLE \"table\" (x); CREATE TABLE [CREATE TABLE y (z);] (x); CREATE TABLE 'it''s' (x)",
    );
    let columns: Vec<_> = schema.tables[0]
        .columns
        .iter()
        .map(|column| column.name)
        .collect();
    assert_eq!(columns, ["a \"b\"", "c,d", "e`f", "select", "größe", "g"]);
    let names: Vec<_> = schema.tables.iter().map(|table| table.name).collect();
    assert_eq!(
        names,
        ["order details", "table", "CREATE TABLE y (z);", "it's"]
    );
}

#[test]
fn every_plain_table_is_one_that_sqlite_makes_with_the_same_columns() {
    let script = "CREATE TABLE \"a b\" (\"x y\" STRING, \"INTEGER\" \"INTEGER NOT NULL\" PRIMARY KEY, z \"\", \"q\"\"\" [int]) WITHOUT ROWID;
        CREATE TABLE c (a TEXT COLLATE NOCASE, b INTEGER, PRIMARY KEY (b DESC, a COLLATE RTRIM));
        CREATE TABLE d (id INTEGER PRIMARY KEY DESC, \"at\" timestamp with time zone);";
    for table in schema(script).tables {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let plain = format!(
            "CREATE TABLE {} ({})",
            table.sql_name(),
            table.declaration()
        );
        connection.execute(&plain, []).unwrap();
        let again = super::table(&plain);
        assert_eq!(again.declaration(), table.declaration());
        assert_eq!(again.column_list(), table.column_list());
        for (column, expected) in again.columns.iter().zip(table.columns) {
            assert_eq!(
                (column.kind, column.declared),
                (expected.kind, expected.declared)
            );
        }
    }
}
