//! Databases that other processes have locked.

use std::thread;

use rusqlite::Connection;

use crate::kit::{ALL_INSERTED, Folder, ORDERS, TABLES, shown};

/// The lines of the file with the orders that follow the rules.
const ORDER_LINES: std::ops::RangeInclusive<u64> = 2..=8;

/// The same reason for each of these lines.
fn each(lines: impl Iterator<Item = u64>, reason: &str) -> Vec<String> {
    lines.map(|line| format!("{line}: {reason}")).collect()
}

/// Waits until a table has this many rows, or until the run is over.
fn wait_for_rows<T>(folder: &Folder, table: &str, rows: i64, run: &thread::ScopedJoinHandle<T>) {
    let database = Connection::open(folder.database(table)).unwrap();
    let sql = format!("SELECT count(*) FROM {table}");
    // A busy database has no answer yet.
    while database.query_row(&sql, [], |row| row.get(0)) != Ok(rows) && !run.is_finished() {
        thread::yield_now();
    }
}

#[test]
fn locked_users_fail_with_their_orders_and_the_products_are_inserted() {
    let folder = Folder::initialized();
    let _lock = folder.lock("users");
    let run = folder.insert(&["--lock-timeout", "0.2"]);
    assert_eq!(run.status, Some(1));
    assert_eq!(run.counts(), [[0, 0, 1, 9], [9, 0, 1, 0], [0, 0, 3, 7]]);
    let reason = "users.db is locked by another process (waited 0.2 s)";
    assert_eq!(run.reasons("users", "failed"), each(2..=10, reason));
    let orders = ORDER_LINES.map(|line| {
        format!(
            "{line}: user_id {} could not be inserted into users",
            line - 1
        )
    });
    assert_eq!(run.reasons("orders", "failed"), orders.collect::<Vec<_>>());
    assert!(folder.rows("orders").is_empty());
}

#[test]
fn locked_products_fail_with_their_orders_and_the_users_are_inserted() {
    let folder = Folder::initialized();
    let _lock = folder.lock("products");
    let run = folder.insert(&["--lock-timeout", "0.2"]);
    assert_eq!(run.status, Some(1));
    assert_eq!(run.counts(), [[9, 0, 1, 0], [0, 0, 1, 9], [0, 0, 3, 7]]);
    let reason = "products.db is locked by another process (waited 0.2 s)";
    assert_eq!(run.reasons("products", "failed"), each(2..=10, reason));
    let orders = ORDER_LINES.map(|line| {
        format!(
            "{line}: product_id {} could not be inserted into products",
            line - 1
        )
    });
    assert_eq!(run.reasons("orders", "failed"), orders.collect::<Vec<_>>());
    assert!(folder.rows("orders").is_empty());
}

#[test]
fn each_order_of_a_share_has_its_own_reasons() {
    let users = "id,name,email\n1,Ann,a@b.co\n";
    let products = "id,name,price\n1,Pen,1\n";
    let folder = Folder::with_csv([users, products, "id,user_id,product_id,quantity\n"]);
    assert_eq!(folder.load(&[]).status, Some(0));
    folder.csv("input", "users", format!("{users}2,Bob,b@b.co\n"));
    folder.csv("input", "products", format!("{products}2,Ink,1\n"));
    let orders =
        "id,user_id,product_id,quantity\n1,1,1,1\n2,2,1,1\n3,1,2,1\n4,2,2,1\n5,1,2,1\n6,1,1,1\n";
    folder.csv("input", "orders", orders);
    let _locks = ["users", "products"].map(|table| folder.lock(table));
    // The first order has a thread of its own, and the others have one together.
    let run = folder.load(&["--threads=1", "--lock-timeout=0"]);
    assert_eq!(run.counts(), [[0, 1, 0, 1], [0, 1, 0, 1], [2, 0, 0, 4]]);
    let (user, product) = (
        "user_id 2 could not be inserted into users",
        "product_id 2 could not be inserted into products",
    );
    let expected = [
        format!("3: {user}"),
        format!("4: {product}"),
        format!("5: {user}; {product}"),
        format!("6: {product}"),
    ];
    assert_eq!(run.reasons("orders", "failed"), expected);
}

#[test]
fn locked_orders_fail_and_the_users_and_products_are_inserted() {
    let folder = Folder::initialized();
    let _lock = folder.lock("orders");
    let run = folder.insert(&["--lock-timeout", "0.2"]);
    assert_eq!(run.status, Some(1));
    assert_eq!(run.counts(), [[9, 0, 1, 0], [9, 0, 1, 0], [0, 0, 3, 7]]);
    let reason = "orders.db is locked by another process (waited 0.2 s)";
    assert_eq!(run.reasons("orders", "failed"), each(ORDER_LINES, reason));
    assert!(folder.rows("orders").is_empty());
}

#[test]
fn with_users_and_products_locked_an_order_has_both_reasons() {
    let folder = Folder::initialized();
    let _locks = ["users", "products"].map(|table| folder.lock(table));
    let run = folder.insert(&["--lock-timeout", "0"]);
    assert_eq!(
        run.reasons("orders", "failed")[0],
        "2: user_id 1 could not be inserted into users; product_id 1 could not be inserted into products"
    );
}

#[cfg(unix)] // `ulimit`.
#[test]
fn threads_that_wait_for_their_turn_hold_no_file_descriptors() {
    let folder = Folder::initialized();
    let _locks = ["users", "products"].map(|table| folder.lock(table));
    // A connection holds two or more: one for each of the 18 threads that wait here would be too many.
    let arguments = ["insert", "--format", "json", "--lock-timeout", "0.2"];
    let run = folder.with_descriptors(32, &arguments);
    for table in ["users", "products"] {
        let reason = format!("{table}.db is locked by another process (waited 0.2 s)");
        assert_eq!(run.reasons(table, "failed"), each(2..=10, &reason));
    }
}

#[test]
fn failed_rows_are_summed_up_on_stderr() {
    let folder = Folder::initialized();
    let _lock = folder.lock("users");
    let run = folder.insert(&["--lock-timeout", "0"]);
    let line = run.stderr.trim_end();
    assert!(line.starts_with("tradexa: 16 rows could not be inserted"));
    assert_eq!(line.lines().count(), 1);
}

#[test]
fn a_rerun_completes_what_a_lock_kept_out() {
    for table in TABLES {
        let folder = Folder::initialized();
        let lock = folder.lock(table);
        assert_eq!(folder.insert(&["--lock-timeout", "0"]).status, Some(1));
        drop(lock);
        let rerun = folder.insert(&[]);
        assert_eq!(rerun.status, Some(0), "{table}: {}", rerun.stderr);
        folder.assert_complete();
    }
}

#[test]
fn a_lock_that_is_released_in_time_costs_nothing() {
    let folder = Folder::initialized();
    let lock = folder.lock("users");
    let run = thread::scope(|scope| {
        let run = scope.spawn(|| folder.insert(&["--lock-timeout", "200"]));
        wait_for_rows(&folder, "products", 9, &run);
        drop(lock);
        run.join().unwrap()
    });
    assert_eq!((run.status, run.counts()), (Some(0), ALL_INSERTED));
    folder.assert_complete();
}

#[test]
fn no_order_is_stored_before_its_user_is() {
    let folder = Folder::initialized();
    let lock = folder.lock("users");
    let stored_early = thread::scope(|scope| {
        let run = scope.spawn(|| folder.insert(&["--lock-timeout", "200"]));
        wait_for_rows(&folder, "products", 9, &run);
        let orders = folder.rows("orders");
        drop(lock);
        run.join().unwrap();
        orders
    });
    assert!(stored_early.is_empty(), "{stored_early:?}");
    assert_eq!(folder.rows("orders"), ORDERS);
}

#[test]
fn rows_that_are_stored_already_do_not_fail_when_their_database_is_locked() {
    let folder = Folder::inserted();
    folder.execute("orders", "DELETE FROM orders WHERE id = 4");
    let lock = folder.lock("users");
    let run = folder.insert(&["--lock-timeout", "0"]);
    drop(lock);
    assert_eq!(run.status, Some(0));
    assert_eq!(run.counts(), [[0, 9, 1, 0], [0, 9, 1, 0], [1, 6, 3, 0]]);
    folder.assert_complete();
}

#[test]
fn only_rows_that_would_have_to_be_written_fail_when_their_database_is_locked() {
    let folder = Folder::inserted();
    folder.execute(
        "users",
        "DELETE FROM users WHERE id = 9; UPDATE users SET name = 'x' WHERE id = 2",
    );
    folder.execute("orders", "DELETE FROM orders");
    let lock = folder.lock("users");
    let users = "id,name,email\n1,Alice,alice@example.com\n2,Bob,bob@example.com\n9,Henry,henry@example.com\n";
    let orders = "id,user_id,product_id,quantity\n1,1,1,1\n2,2,2,1\n3,9,3,1\n";
    folder.give("input", [users, "id,name,price\n", orders]);
    let run = folder.load(&["--lock-timeout", "0"]);
    drop(lock);
    assert_eq!(run.counts(), [[0, 1, 1, 1], [0, 0, 0, 0], [2, 0, 0, 1]]);
    let reason = "4: user_id 9 could not be inserted into users";
    assert_eq!(run.reasons("orders", "failed"), [reason]);
}

#[test]
fn an_order_of_a_user_stored_before_waits_for_no_other_user() {
    let folder = Folder::inserted();
    // The last user breaks a rule, and is recorded after the user that is waiting.
    let users = "id,name,email\n11,Ivy,ivy@example.com\n12,,\n";
    let orders = "id,user_id,product_id,quantity\n11,1,1,1\n";
    folder.give("input", [users, "id,name,price\n", orders]);
    let lock = folder.lock("users");
    thread::scope(|scope| {
        let run = scope.spawn(|| folder.load(&["--lock-timeout", "60"]));
        wait_for_rows(&folder, "orders", 8, &run);
        drop(lock);
        let run = run.join().unwrap();
        assert_eq!((run.status, run.counts()[0]), (Some(0), [1, 0, 1, 0]));
    });
}

#[test]
fn readers_do_not_block_a_load() {
    let folder = Folder::initialized();
    let readers =
        TABLES.map(|table| folder.execute(table, &format!("BEGIN; SELECT count(*) FROM {table}")));
    let run = folder.insert(&["--lock-timeout", "0"]);
    drop(readers);
    assert_eq!((run.status, run.counts()), (Some(0), ALL_INSERTED));
    folder.assert_complete();
}

#[test]
fn a_database_that_cannot_even_be_read_is_an_error_and_there_is_no_report() {
    let folder = Folder::initialized();
    let exclusive = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE";
    let lock = folder.execute("products", exclusive);
    let run = folder.tradexa(&["insert", "--lock-timeout", "0"]).assert();
    run.code(1).stdout("").stderr(shown(
        "tradexa: databases/products.db is locked by another process (waited 0 s)\n",
    ));
    drop(lock);
    assert!(folder.all_rows().concat().is_empty());
}

#[test]
fn init_finds_databases_that_are_locked_for_writing() {
    let folder = Folder::inserted();
    let _locks = TABLES.map(|table| folder.lock(table));
    folder.tradexa(&["init"]).assert().success();
}
