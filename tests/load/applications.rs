//! Databases that are an application's own: the tables have the same columns, but more is declared in the file.

use crate::kit::{ALL_INSERTED, Folder, ORDERS};

/// Empty databases, the orders declared with this in addition.
fn orders_declared_with(more: &str) -> Folder {
    let folder = Folder::new();
    for (table, columns) in [
        ("users", "name TEXT, email TEXT"),
        ("products", "name TEXT, price REAL"),
    ] {
        let sql = format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, {columns})");
        folder.execute(table, &sql);
    }
    let sql = format!(
        "CREATE TABLE orders (
            id INTEGER PRIMARY KEY, user_id INTEGER, product_id INTEGER, quantity INTEGER, {more}
        )"
    );
    folder.execute("orders", &sql);
    folder
}

/// The seed is inserted whatever else is declared, and a dry run says so before.
fn takes_the_seed(folder: &Folder) {
    let dry_run = folder.insert(&["--dry-run"]).succeeded();
    assert_eq!(dry_run.counts(), ALL_INSERTED);
    assert_eq!(folder.insert(&[]).succeeded().counts(), ALL_INSERTED);
    assert_eq!(folder.rows("orders"), ORDERS);
    folder.check(&[]).succeeded();
    folder.tradexa(&["init"]).assert().success();
}

#[test]
fn a_foreign_key_to_a_table_that_the_file_does_not_have_is_ignored() {
    takes_the_seed(&orders_declared_with(
        "FOREIGN KEY (product_id) REFERENCES products(id)",
    ));
}

#[test]
fn a_foreign_key_to_an_empty_table_of_the_same_file_is_ignored() {
    for deferred in ["", "DEFERRABLE INITIALLY DEFERRED"] {
        let folder = orders_declared_with(&format!(
            "FOREIGN KEY (user_id) REFERENCES users(id) {deferred}"
        ));
        folder.execute("orders", "CREATE TABLE users (id INTEGER PRIMARY KEY)");
        takes_the_seed(&folder);
    }
}

#[test]
fn the_longest_check_that_sqlite_accepts_fits_the_stack_of_a_writer() {
    let check = format!("CHECK (quantity{})", " AND quantity < 9".repeat(990));
    takes_the_seed(&orders_declared_with(&check));
}
