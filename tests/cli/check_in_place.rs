//! `tradexa check` on databases that are in use, read-only or unusable, none of which it may change.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use predicates::prelude::*;

use crate::kit::{Folder, TABLES, TRADEXA, bounded, many, shown, strace, text};

/// Runs `check`, which must find nothing, and asserts that nothing was created, changed or touched.
fn finds_nothing(folder: &Folder) {
    let before = folder.everything();
    let run = folder.tradexa(&["check"]).assert().success().stderr("");
    let stdout = text(&run.get_output().stdout);
    assert_eq!(
        stdout,
        "All stored rows follow the rules (users: 9 rows; products: 9 rows; orders: 7 rows).\n"
    );
    assert!(
        folder.everything() == before,
        "something was changed or touched"
    );
}

#[test]
fn changes_nothing_and_leaves_nothing_behind() {
    finds_nothing(&Folder::inserted());
}

#[test]
fn changes_nothing_where_it_finds_violations() {
    let folder = Folder::inserted();
    folder.execute(
        "users",
        "DELETE FROM users; INSERT INTO users VALUES (0, NULL, NULL)",
    );
    let before = folder.everything();
    folder.tradexa(&["check"]).assert().code(1);
    assert!(folder.everything() == before);
}

#[test]
fn sees_what_a_killed_writer_left_in_its_log() {
    finds_nothing(&Folder::killed());
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn sees_what_a_killed_writer_left_in_the_log_of_a_linked_database() {
    let (killed, links) = (Folder::killed(), Folder::new());
    fs::create_dir(links.path()).unwrap();
    for table in TABLES {
        std::os::unix::fs::symlink(killed.database(table), links.database(table)).unwrap();
    }
    let run = links.tradexa(&["check"]).assert().success();
    run.stdout(
        "All stored rows follow the rules (users: 9 rows; products: 9 rows; orders: 7 rows).\n",
    );
}

#[test]
fn finds_violations_in_what_a_killed_writer_left_in_its_log() {
    let (killed, empty) = (Folder::killed(), Folder::initialized());
    for file in ["users.db", "users.db-wal", "users.db-shm"] {
        let _ = fs::remove_file(killed.path().join(file));
    }
    fs::copy(empty.database("users"), killed.database("users")).unwrap();
    let run = killed.check(&[]);
    let dangling: Vec<_> = (1..=7)
        .map(|id| format!("orders {id}: user_id {id} does not exist in users"))
        .collect();
    assert_eq!(run.violations(), dangling);
}

#[test]
fn does_not_wait_for_a_writer() {
    let folder = Folder::inserted();
    let sql = |table| format!("BEGIN IMMEDIATE; DELETE FROM {table}");
    let _locks = TABLES.map(|table| folder.execute(table, &sql(table)));
    finds_nothing(&folder);
}

#[test]
fn sees_what_was_committed_over_a_connection_that_is_still_open() {
    let folder = Folder::inserted();
    let _open = folder.execute("users", "DELETE FROM users WHERE id = 1");
    let run = folder.check(&[]);
    assert_eq!(
        run.violations(),
        ["orders 1: user_id 1 does not exist in users"]
    );
}

#[test]
fn a_database_that_is_not_in_wal_mode_is_checked_as_well() {
    let folder = Folder::inserted();
    for table in TABLES {
        folder.execute(table, "PRAGMA journal_mode = DELETE");
    }
    finds_nothing(&folder);
}

#[cfg(unix)] // Permissions as Unix has them.
#[test]
fn databases_in_a_read_only_folder_are_checked() {
    use crate::kit::unprivileged::{allow, unprivileged};

    for folder in [Folder::inserted(), Folder::killed()] {
        for file in folder.files() {
            allow(&folder.path().join(file), 0o444);
        }
        allow(&folder.path(), 0o555);
        let before = folder.contents();
        if let Some(mut program) = unprivileged(&folder, &["check"]) {
            let run = program.assert().success().stderr("");
            run.stdout(predicate::str::contains("users: 9 rows"));
        }
        assert!(folder.contents() == before);
        // So that it can be removed.
        allow(&folder.path(), 0o755);
    }
}

#[test]
fn an_insert_that_goes_on_meanwhile_never_looks_like_a_violation() {
    let folder = Folder::with_csv(many(20_000));
    std::thread::scope(|scope| {
        let load = scope.spawn(|| folder.load(&["--limit", "0", "--threads", "1000"]));
        loop {
            let run = folder.tradexa(&["check", "--unique-email"]).assert();
            run.success().stderr("");
            if load.is_finished() {
                break;
            }
        }
        let run = load.join().unwrap();
        assert_eq!(
            (run.status, run.counts()),
            (Some(0), [[20_000, 0, 0, 0]; 3])
        );
    });
    folder.tradexa(&["check"]).assert().success();
}

/// `check`, with some time between the moments at which it begins to read each database, where strace can do that.
fn slow_check(folder: &Folder) -> assert_cmd::Command {
    let delay = "inject=pread64:delay_enter=3000";
    let options = ["-f", "-o", "/dev/null", "-e", "trace=pread64", "-e", delay];
    let Some(mut strace) = strace(&options) else {
        return folder.tradexa(&["check"]);
    };
    strace
        .arg(TRADEXA)
        .arg("--dir")
        .arg(folder.path())
        .arg("check");
    bounded(strace)
}

#[test]
fn an_order_that_is_written_right_after_its_user_never_looks_as_if_it_dangled() {
    let folder = Folder::inserted();
    let [users, orders] = ["users", "orders"].map(|table| folder.execute(table, ""));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (users, orders) = (users, orders);
            for id in (100..).take_while(|id| *id < 3000 && !done.load(Ordering::Relaxed)) {
                let user = "INSERT INTO users VALUES (?1, 'Al', 'a@b.co')";
                users.execute(user, [id]).unwrap();
                let order = "INSERT INTO orders VALUES (?1, ?1, 1, 1)";
                orders.execute(order, [id]).unwrap();
            }
        });
        let checks: Vec<_> = (0..8).map(|_| slow_check(&folder).output()).collect();
        done.store(true, Ordering::Relaxed);
        for check in checks {
            let check = check.unwrap();
            assert!(check.status.success(), "{check:?}");
        }
    });
}

/// Asserts that `check` fails with this message and prints no report.
fn fails(folder: &Folder, start: &str) {
    let run = folder.tradexa(&["check"]).assert().code(1).stdout("");
    run.stderr(predicate::str::starts_with(start));
    let run = folder.check(&[]);
    assert_eq!(run.status, Some(1));
    assert!(run.stderr.starts_with(start), "{}", run.stderr);
    assert!(run.report["tables"].is_null(), "{}", run.stdout);
}

#[test]
fn a_database_that_insert_could_not_use_is_an_error_without_a_report() {
    for table in TABLES {
        let folder = Folder::inserted();
        let at = |what: &str| {
            format!(
                "tradexa: {} {what}",
                shown(&format!("databases/{table}.db"))
            )
        };
        fs::remove_file(folder.database(table)).unwrap();
        fails(
            &folder,
            &at("does not exist: run `tradexa init` first, with the same --dir"),
        );
        folder.write(table, b"");
        fails(&folder, &at("has no table"));
        folder.write(table, &[b'x'; 4096]);
        fails(&folder, &at("is not a SQLite database"));
        fs::remove_file(folder.database(table)).unwrap();
        folder.execute(
            table,
            &format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, name)"),
        );
        fails(&folder, &at("has a different table"));
    }
}

#[test]
fn a_damaged_database_is_an_error_without_a_report() {
    let folder = Folder::initialized();
    folder.give("input", many(2000));
    folder.load(&["--threads", "1"]);
    for table in TABLES {
        let whole = fs::read(folder.database(table)).unwrap();
        let mut damaged = whole.clone();
        let page = whole.len() / 4096 / 2 * 4096;
        damaged[page..page + 4096].fill(0xa5);
        folder.write(table, &damaged);
        fails(
            &folder,
            &shown(&format!("tradexa: databases/{table}.db is damaged: ")),
        );
        folder.write(table, &whole);
    }
    folder.tradexa(&["check"]).assert().success();
}

#[test]
fn damage_that_reading_the_rows_does_not_meet_is_found() {
    let folder = Folder::inserted();
    let mut bytes = fs::read(folder.database("products")).unwrap();
    // Sets the header's count of free pages, although none is free.
    bytes[36..40].copy_from_slice(&7_u32.to_be_bytes());
    folder.write("products", &bytes);
    fails(
        &folder,
        &shown("tradexa: databases/products.db is damaged: "),
    );
}

#[test]
fn other_tables_in_a_file_are_ignored() {
    let folder = Folder::inserted();
    folder.execute(
        "users",
        "CREATE TABLE notes (text NOT NULL COLLATE nocase UNIQUE);
         INSERT INTO notes VALUES ('a'), ('b');
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'nocase', 'unheard') WHERE name = 'notes'",
    );
    folder.execute(
        "orders",
        "CREATE TABLE notes (text); INSERT INTO notes VALUES (NULL);
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE TABLE notes (text NOT NULL)' WHERE name = 'notes'",
    );
    finds_nothing(&folder);
}
