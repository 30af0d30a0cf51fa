//! `insert --update` with the built-in tables.

use crate::kit::{Folder, Run, header};

const UPDATE: [&str; 2] = ["--update", "--unique-email"];

/// A folder with three users, and a file with these lines for the next load.
fn then(lines: &[&str]) -> Folder {
    let folder = Folder::initialized();
    let users = |lines: &[&str]| format!("{}\n{}\n", header(0), lines.join("\n"));
    folder.csv(
        "input",
        "users",
        users(&["1,Ann,a@b.co", "2,Bob,b@b.co", "3,Cy,c@b.co"]),
    );
    folder.load(&[]).succeeded();
    folder.csv("input", "users", users(lines));
    folder
}

/// Inserted, updated, unchanged, skipped and failed users.
fn counts(run: &Run) -> [u64; 5] {
    ["inserted", "updated", "unchanged", "skipped", "failed"]
        .map(|outcome| run.count("users", outcome))
}

#[test]
fn an_updated_user_keeps_an_email_that_nobody_else_may_have() {
    let folder = then(&["1,Anna,a@b.co", "4,Dee,a@b.co"]);
    let run = folder.load(&UPDATE).succeeded();
    assert_eq!(counts(&run), [0, 1, 0, 1, 0]);
    let reason = r#"3: email "a@b.co" is already used by id 1"#;
    assert_eq!(run.reasons("users", "skipped"), [reason]);
    assert_eq!(folder.rows("users")[0], "1|Anna|a@b.co");
}

#[test]
fn an_email_that_an_update_gives_up_is_free_in_the_next_load() {
    let folder = then(&["1,Ann,new@b.co", "2,Bob,a@b.co"]);
    let first = folder.load(&UPDATE).succeeded();
    assert_eq!(counts(&first), [0, 1, 0, 1, 0]);
    let second = folder.load(&UPDATE).succeeded();
    assert_eq!(counts(&second), [0, 1, 1, 0, 0]);
    assert_eq!(
        folder.rows("users")[..2],
        ["1|Ann|new@b.co", "2|Bob|a@b.co"]
    );
}

#[test]
fn the_second_of_two_rows_with_one_key_updates_nothing() {
    let folder = then(&["2,Bobby,b@b.co", "2,Rob,b@b.co"]);
    let run = folder.load(&["--update"]).succeeded();
    assert_eq!(counts(&run), [0, 1, 0, 1, 0]);
    let reason = "3: id 2 is already used on line 2";
    assert_eq!(run.reasons("users", "skipped"), [reason]);
    assert_eq!(folder.rows("users")[1], "2|Bobby|b@b.co");
}

#[test]
fn rows_that_cannot_be_updated_are_rejects_that_update_once_they_are_fixed() {
    let folder = then(&["1,Anna,a@b.co", "2,,b@b.co"]);
    let run = folder.load(&["--update", "--rejects", "bad"]).succeeded();
    assert_eq!(counts(&run), [0, 1, 0, 1, 0]);
    let rejects = String::from_utf8(folder.csv_in("bad", "users").unwrap()).unwrap();
    assert!(rejects.contains("2,,b@b.co,"), "{rejects}");
    folder.csv("bad", "users", rejects.replace("2,,", "2,Robert,"));
    let fixed = folder.insert(&["--from", "bad", "--update"]).succeeded();
    assert_eq!(counts(&fixed), [0, 1, 0, 0, 0]);
    assert_eq!(folder.rows("users")[1], "2|Robert|b@b.co");
}

#[test]
fn an_order_of_a_new_user_replaces_a_stored_one_only_once_the_user_is_stored() {
    let folder = Folder::inserted();
    folder.csv(
        "input",
        "users",
        format!("{}\n11,Kim,k@b.co\n12,,l@b.co\n", header(0)),
    );
    folder.csv(
        "input",
        "orders",
        format!("{}\n1,11,1,2\n2,12,2,1\n", header(2)),
    );
    let run = folder.load(&["--update"]).succeeded();
    assert_eq!(
        [
            run.count("orders", "updated"),
            run.count("orders", "skipped")
        ],
        [1, 1]
    );
    assert_eq!(folder.rows("orders")[..2], ["1|11|1|2", "2|2|2|1"]);
}

#[test]
fn a_locked_database_fails_the_rows_that_would_be_updated_and_changes_none() {
    let folder = then(&["1,Anna,a@b.co", "2,Bob,b@b.co"]);
    let lock = folder.lock("users");
    let run = folder.load(&["--update", "--lock-timeout", "0.1"]);
    assert_eq!((run.status, counts(&run)), (Some(1), [0, 0, 1, 0, 1]));
    drop(lock);
    assert_eq!(folder.rows("users")[0], "1|Ann|a@b.co");
    let again = folder.load(&["--update"]).succeeded();
    assert_eq!(counts(&again), [0, 1, 1, 0, 0]);
}
