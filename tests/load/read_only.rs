//! What a user without privileges may not do.

use std::fs;

use crate::kit::unprivileged::{allow, unprivileged};
use predicates::prelude::*;

use crate::kit::Folder;

/// Runs a command on a folder that cannot be written.
fn in_read_only_folder(folder: &Folder, command: &str, check: impl Fn(assert_cmd::assert::Assert)) {
    allow(&folder.path(), 0o555);
    let before = folder.contents();
    if let Some(mut program) = unprivileged(folder, &[command]) {
        check(program.assert());
    }
    assert_eq!(folder.contents(), before);
    // So that it can be removed.
    allow(&folder.path(), 0o755);
}

#[test]
fn insert_in_a_read_only_folder_names_the_file() {
    in_read_only_folder(&Folder::initialized(), "insert", |run| {
        let message = predicate::str::starts_with("tradexa: databases/users.db cannot be ");
        run.code(1).stdout("").stderr(message);
    });
}

#[test]
fn init_in_a_read_only_folder_names_the_file() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).unwrap();
    in_read_only_folder(&folder, "init", |run| {
        let message = predicate::str::starts_with("tradexa: databases/users.db cannot be ");
        run.code(1).stdout("").stderr(message);
    });
}

#[test]
fn init_in_a_read_only_folder_with_nothing_to_do_succeeds() {
    in_read_only_folder(&Folder::initialized(), "init", |run| {
        run.success().stderr("");
    });
}

#[test]
fn insert_into_a_read_only_file_names_it_and_writes_no_other() {
    let folder = Folder::initialized();
    allow(&folder.path(), 0o777);
    for (table, mode) in [("users", 0o666), ("products", 0o444), ("orders", 0o666)] {
        allow(&folder.database(table), mode);
    }
    if let Some(mut program) = unprivileged(&folder, &["insert"]) {
        let run = program.assert().code(1).stdout("");
        run.stderr(
            predicate::str::starts_with(
                "tradexa: databases/products.db cannot be used: you may not write to ",
            )
            .and(predicate::str::contains(
                "databases/products.db, which belongs to ",
            )),
        );
    }
    assert!(folder.all_rows().concat().is_empty());
}

#[test]
fn init_that_may_not_create_the_folder_names_it() {
    let folder = Folder::new();
    if let Some(mut program) = unprivileged(&folder, &["init"]) {
        allow(&folder.outside(), 0o555);
        let run = program.assert().code(1).stdout("");
        run.stderr(predicate::str::starts_with(
            "tradexa: databases could not be created: ",
        ));
        allow(&folder.outside(), 0o755);
    }
}
