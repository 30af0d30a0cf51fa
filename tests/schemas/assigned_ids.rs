//! Files without ids, for which SQLite makes them up.

use serde_json::json;

use super::kit::{Folder, Run};
use super::{with_schema, with_script};

const SHOP: &str = "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id),
        customer TEXT REFERENCES customers (name));";

/// A shop with customer 1, and a file of 50 other customers without ids.
fn shop() -> Folder {
    let folder = with_script(SHOP);
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv("in", "customers", "id,name\n1,Ann\n");
    load(&folder, &[]).succeeded();
    let names: String = (0..50).map(|number| format!("New {number}\n")).collect();
    folder.csv("in", "customers", format!("name\n{names}"));
    folder
}

fn load(folder: &Folder, options: &[&str]) -> Run {
    let arguments = [
        "insert", "--from", "in", "--format", "json", "--limit", "100",
    ];
    with_schema(folder, "schema.sql", &[&arguments, options].concat())
}

#[test]
fn a_row_of_the_same_load_never_refers_to_a_made_up_id() {
    for options in [&["--threads", "1"][..], &[], &["--dry-run"]] {
        let folder = shop();
        let rows: String = (1..=60).map(|id| format!("{id},{id},\n")).collect();
        folder.csv("in", "orders", format!("id,customer_id,customer\n{rows}"));
        let run = load(&folder, options).succeeded();
        assert_eq!(run.count("customers", "inserted"), 50);
        assert_eq!(run.lines("orders", "skipped"), Vec::from_iter(3..=61));
        let said = "orders.csv has rows that refer to ids that SQLite may have assigned";
        assert_eq!(run.stderr.matches(said).count(), 1, "{}", run.stderr);
        let reasons = run.reasons("orders", "skipped");
        assert_eq!(
            (&*reasons[0], &*reasons[58]),
            (
                "3: customer_id 2 does not exist in customers before this load, which assigns new ids",
                "61: customer_id 60 does not exist in customers"
            )
        );
    }
}

#[test]
fn a_row_of_the_same_load_may_refer_to_another_key_of_a_row_whose_id_is_made_up() {
    let folder = shop();
    folder.csv(
        "in",
        "orders",
        "id,customer_id,customer\n1,,New 7\n2,1,Ann\n3,,Nobody\n",
    );
    let run = load(&folder, &[]).succeeded();
    assert_eq!(run.outcomes("orders"), [2, 0, 1, 0], "{}", run.stdout);
}

#[test]
fn equal_rows_are_unchanged_each_with_its_own_id() {
    let folder = with_script("CREATE TABLE visits (id INTEGER PRIMARY KEY, page TEXT);");
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv("in", "visits", "page\na\nb\na\na\n");
    load(&folder, &[]).succeeded();
    let run = load(&folder, &[]).succeeded();
    assert_eq!(run.outcomes("visits"), [0, 4, 0, 0]);
    let ids = run.list("visits", "unchanged_rows").iter();
    let mut ids: Vec<_> = ids.map(|row| row["id"].as_i64()).collect();
    ids.sort();
    assert_eq!(ids, [1, 2, 3, 4].map(Some));
}

#[test]
fn a_stored_row_whose_value_is_used_is_named_by_its_id() {
    let folder = with_script("CREATE TABLE t (key INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT);");
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv("in", "t", "key,a,b\n7,x,1\n");
    load(&folder, &[]).succeeded();
    folder.csv("in", "t", "a,b\nx,2\n");
    let run = load(&folder, &[]).succeeded();
    assert_eq!(
        run.reasons("t", "skipped"),
        ["2: a \"x\" is already used by key 7"]
    );
}

#[test]
fn missing_ids_and_other_missing_columns_are_reported() {
    let folder = with_script("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);");
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv("in", "t", "a\nx\n");
    let run = load(&folder, &[]).succeeded();
    let said = "t.csv has no columns \"id\", \"b\": SQLite assigns the ids, and the others get their defaults, or NULL";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert_eq!(
        run.list("t", "rows"),
        [json!({"id": 1, "a": "x", "b": null})]
    );
}

#[test]
fn an_unknown_column_that_may_be_a_known_one_suggests_the_column_option() {
    let folder = with_script("CREATE TABLE t (id INTEGER PRIMARY KEY, e_mail TEXT);");
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    for (header, column) in [("Number,e_mail", "id"), ("id,Mail", "e_mail")] {
        folder.csv("in", "t", format!("{header}\n1,a@b.co\n"));
        let arguments = ["insert", "--from", "in"];
        let run = with_schema(&folder, "schema.sql", &arguments);
        assert_eq!(run.status, Some(1));
        let said = format!("as in --column t.{column}=HEADER, or ignore the rest");
        assert!(run.stderr.contains(&said), "{}", run.stderr);
    }
}

#[test]
fn a_row_never_refers_to_a_made_up_id_of_its_own_table() {
    let folder = with_script(
        "CREATE TABLE u (id INTEGER PRIMARY KEY, name TEXT, up INTEGER REFERENCES u (id));",
    );
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv("in", "u", "name,up\na,\nb,\nc,1\n");
    let run = load(&folder, &[]).succeeded();
    assert_eq!(
        run.reasons("u", "skipped"),
        ["4: up 1 does not exist in u before this load, which assigns new ids"]
    );
}
