//! Two loads at once, each with a part of the rows that rows of both refer to. One may see rows of the other that are
//! committed and not on disk yet. The power is cut at any point of both.

use crate::crash::power::PowerCuts;
use crate::crash::{Fault, Mode, Watched, at_each_call, fault, ready};
use crate::kit::{BUILT_IN, Folder, ONE_FILE, Subject, TRADEXA, USER_TABLES, header, say};
use crate::unsynced_rows::shell_is_there;

/// A command of the shell that loads these files.
fn other_load(subject: &Subject, files: &str) -> String {
    let options = subject.options("databases".as_ref(), "insert");
    let options: Vec<_> = options.iter().map(|it| it.to_str().unwrap()).collect();
    format!(
        "'{TRADEXA}' {} insert --from {files} --format json --lock-timeout 0 --threads 1 >/dev/null 2>&1",
        options.join(" ")
    )
}

/// A file with a header for each table, and these rows.
fn files(rows: [&str; 3]) -> [String; 3] {
    [0, 1, 2].map(|table| format!("{}\n{}", header(table), rows[table]))
}

/// Loads one folder of files. After each release of a lock on the index of a log, in a run of its own, another program
/// runs while this one waits. Returns how often a row of the last table was stored.
fn no_row_dangles(original: &Folder, table: &str, files: &str, other: &str, row: &str) -> usize {
    let subject = original.subject;
    let (index, other): (&str, &str) = (
        format!("databases/{}-shm", subject.database(table)).leak(),
        other.to_string().leak(),
    );
    let last = subject.tables[2].name;
    let (mut states, mut stored) = (0, 0);
    let tried = at_each_call(subject.step / 2 + 1, |at| {
        let folder = original.copy();
        let mut cuts = PowerCuts::of(&folder);
        let other = Fault {
            file: Some(index),
            ..fault("unlock", at, Mode::Run(other))
        };
        let arguments = ["insert", "--from", files, "--format", "json"];
        let Watched { run, hit, log } = folder.logged(&arguments, Some(other));
        cuts.examine(&log).unwrap();
        run.succeeded();
        if hit {
            states += cuts.states();
            let found = folder.ask(last, &format!("SELECT * FROM {last}"));
            stored += usize::from(found.iter().any(|stored| stored == row));
        }
        hit
    });
    say(&format!(
        "{}: states examined of two loads at once, {} times: {states}",
        subject.name, tried.attempts
    ));
    assert!(states >= 100, "only {states} states were examined");
    stored
}

#[test]
fn no_order_dangles_when_each_of_two_loads_has_a_half_of_the_users_and_products() {
    if !ready() {
        return;
    }
    let folder = Folder::initialized();
    let first = files([
        "1,Alice,alice@b.co\n2,Bob,bob@b.co\n",
        "1,Laptop,1000\n",
        "1,1,1,1\n2,3,2,1\n",
    ]);
    let other = files([
        "2,Bob,bob@b.co\n3,Carol,carol@b.co\n",
        "2,Mouse,30\n",
        "3,1,2,1\n4,3,1,1\n5,2,2,1\n6,3,2,1\n",
    ]);
    folder.give("first", first);
    folder.give("other", other);
    let other = other_load(&BUILT_IN, "other");
    let stored = no_row_dangles(&folder, "users", "first", &other, "2|3|2|1");
    assert!(stored > 0, "no order refers to a user of the other load");
}

#[test]
fn no_user_defined_row_dangles_when_each_of_two_loads_has_half_of_the_parents() {
    if !ready() {
        return;
    }
    for subject in [&USER_TABLES, &ONE_FILE] {
        let folder = Folder::empty(subject);
        let given = |rows: [&str; 3]| {
            [0, 1, 2].map(|table| format!("{}\n{}", subject.tables[table].header, rows[table]))
        };
        let first = given([
            "a,A,\nb,B,c\nd,D,e\n",
            "a,s,1\nc,s,1\n",
            "a,s,1,first\nc,s,1,first\nc,s,1,first\ne,s,1,first\n",
        ]);
        let other = given([
            "c,C,a\na,A,\ne,E,d\n",
            "b,s,1\ne,s,1\n",
            "a,s,1,other\nc,s,1,other\nb,s,1,other\n",
        ]);
        folder.give("first", first);
        folder.give("other", other);
        let other = other_load(subject, "other");
        let stored = no_row_dangles(&folder, "places", "first", &other, "c|s|1|first");
        assert!(stored > 0, "no row refers to one of the other load");
    }
}

#[test]
fn nothing_is_lost_when_another_program_starts_the_log_over_before_a_commit_is_synced() {
    if !ready() || !shell_is_there() {
        return;
    }
    let folder = Folder::initialized();
    let first = files([
        "1,Alice,alice@b.co\n2,Bob,bob@b.co\n3,Carol,carol@b.co\n",
        "1,Laptop,1000\n",
        "1,3,1,1\n",
    ]);
    folder.give("first", first);
    let checkpoint = "sqlite3 databases/users.db 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null 2>&1";
    let stored = no_row_dangles(&folder, "users", "first", checkpoint, "1|3|1|1");
    assert!(stored > 10, "the order was stored {stored} times");
}

/// The other program stores one row, and is killed before it syncs that. An order of this one refers to the row.
fn is_synced_first(table: &str, row: [&str; 2], order: &str) {
    /// The syncs of a log before that of the first commit: when the database is opened, and when the log starts.
    const BEFORE: usize = 2;

    if !ready() {
        return;
    }
    let folder = Folder::initialized();
    folder.execute(
        "users",
        "INSERT INTO users VALUES (1, 'Alice', 'alice@b.co')",
    );
    folder.execute(
        "products",
        "INSERT INTO products VALUES (1, 'Laptop', 1000)",
    );
    let order_given = order.replace('|', ",") + "\n";
    folder.give("first", files(["", "", &order_given]));
    folder.give("other", files([row[0], row[1], ""]));
    let kill = format!(
        "FAULT_CLASS=sync FAULT_FILE=databases/{table}.db-wal FAULT_AT={} FAULT_MODE=kill ",
        BEFORE + 1
    );
    let other = kill + &other_load(&BUILT_IN, "other");
    let stored = no_row_dangles(&folder, table, "first", &other, order);
    assert!(stored > 1, "the order was stored {stored} times");
}

#[test]
fn a_user_that_a_load_was_killed_before_syncing_is_synced_before_an_order_refers_to_it() {
    is_synced_first("users", ["2,Bob,bob@b.co\n", ""], "1|2|1|5");
}

#[test]
fn a_product_that_a_load_was_killed_before_syncing_is_synced_before_an_order_refers_to_it() {
    is_synced_first("products", ["", "2,Mouse,30\n"], "1|1|2|5");
}
