//! `tradexa insert --dry-run`: what a run would do, without doing any of it.

use std::fs;

use serde_json::json;

use crate::kit::{ALL_INSERTED, CLEAN, Folder, Run, TABLES, many, shown, text};

/// Runs `insert --dry-run` with more arguments, and asserts that nothing was created, changed or touched.
fn rehearse(folder: &Folder, arguments: &[&str]) -> Run {
    let before = folder.everything();
    let run = folder.insert(&[&["--dry-run"], arguments].concat());
    let after = folder.everything();
    let names = |files: &[(String, _, _)]| files.iter().map(|it| it.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before));
    assert!(after == before, "a file was changed or touched");
    assert_eq!(run.report["dry_run"], true);
    assert_eq!(run.report["threads"], 0);
    for table in TABLES {
        assert_eq!(run.table(table)["rows"], json!([]));
    }
    run
}

/// Asserts that a rehearsal tells what the run that follows does, and returns what the run did.
fn predicts(folder: &Folder, arguments: &[&str]) -> Run {
    let rehearsed = rehearse(folder, arguments);
    folder.tradexa(&["init"]).assert().success();
    let run = folder.insert(arguments);
    assert_eq!(
        (rehearsed.status, rehearsed.counts()),
        (run.status, run.counts())
    );
    for table in TABLES {
        let skipped = |run: &Run| run.table(table)["skipped_rows"].clone();
        assert_eq!(skipped(&rehearsed), skipped(&run), "{table}");
    }
    run
}

#[test]
fn databases_that_do_not_exist_count_as_empty() {
    let folder = Folder::new();
    assert_eq!(predicts(&folder, &[]).counts(), ALL_INSERTED);
}

#[test]
fn a_folder_without_databases_stays_empty() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).unwrap();
    assert_eq!(rehearse(&folder, &[]).counts(), ALL_INSERTED);
}

#[test]
fn files_without_tables_count_as_empty() {
    let folder = Folder::new();
    folder.write("users", b"");
    folder.execute("orders", "CREATE TABLE notes (text)");
    predicts(&folder, &[]);
}

#[test]
fn empty_databases_stay_empty() {
    assert_eq!(predicts(&Folder::initialized(), &[]).counts(), ALL_INSERTED);
}

#[test]
fn stored_rows_are_unchanged_taken_or_referred_to() {
    let folder = Folder::inserted();
    folder.execute(
        "users",
        "UPDATE users SET name = 'Carol' WHERE id = 3; DELETE FROM users WHERE id = 4",
    );
    folder.execute("products", "INSERT INTO products VALUES (11, 'Lamp', 9)");
    folder.execute("orders", "DELETE FROM orders");
    let run = predicts(&folder, &[]);
    assert_eq!(run.counts(), [[1, 7, 2, 0], [0, 9, 1, 0], [7, 0, 3, 0]]);
    let taken = "4: id 3 is already taken by a different row in users.db (name differs)";
    assert_eq!(run.reasons("users", "skipped")[0], taken);
}

#[test]
fn unique_emails_of_stored_users_and_of_the_batch_are_taken_into_account() {
    let folder = Folder::initialized();
    folder.execute(
        "users",
        "INSERT INTO users VALUES (50, 'B', 'BOB@Example.com')",
    );
    let run = predicts(&folder, &["--unique-email"]);
    assert_eq!(run.counts(), [[7, 0, 3, 0], [9, 0, 1, 0], [6, 0, 4, 0]]);
}

#[test]
fn the_outcomes_of_ten_thousand_rows_are_predicted() {
    let folder = Folder::initialized();
    let break_some = |text: String| text.replace("99,", "x,").replacen("\n5,", "\n4,", 1);
    folder.give("input", many(10_000).map(break_some));
    predicts(&folder, &["--from", "input", "--limit", "100000"]);
}

#[test]
fn strict_fails_where_the_run_would() {
    let folder = Folder::initialized();
    let run = rehearse(&folder, &["--strict"]);
    assert_eq!(run.status, Some(1));
    assert!(run.stderr.contains("--strict"), "{}", run.stderr);
    folder.give("input", CLEAN);
    assert_eq!(
        rehearse(&folder, &["--strict", "--from", "input"]).status,
        Some(0)
    );
}

#[test]
fn a_real_run_does_not_say_dry_run() {
    let run = Folder::initialized().insert(&[]);
    assert!(run.report["dry_run"] != true);
}

#[test]
fn the_table_format_says_that_nothing_was_written() {
    let folder = Folder::new();
    let run = folder.tradexa(&["insert", "--dry-run"]).assert().success();
    let stdout = text(&run.get_output().stdout);
    let summary = stdout.lines().last().unwrap();
    assert!(
        summary.starts_with(
            "dry run, no database changed; sample rows; users: 9 inserted, 1 skipped; "
        )
    );
    assert!(summary.contains("; 0 threads, "), "{summary}");
    assert!(stdout.contains("=== SKIPPED DATA ==="));
    assert!(!stdout.contains("Bob"));
}

#[test]
fn a_database_that_another_process_is_writing_is_read_without_waiting() {
    let folder = Folder::inserted();
    let _locks =
        TABLES.map(|table| folder.execute(table, &format!("BEGIN IMMEDIATE; DELETE FROM {table}")));
    let run = rehearse(&folder, &["--lock-timeout", "0"]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(run.counts(), [[0, 9, 1, 0], [0, 9, 1, 0], [0, 7, 3, 0]]);
}

#[test]
fn what_a_killed_writer_left_in_its_log_counts_as_stored() {
    let run = rehearse(&Folder::killed(), &[]);
    assert_eq!(run.counts(), [[0, 9, 1, 0], [0, 9, 1, 0], [0, 7, 3, 0]]);
}

#[cfg(unix)] // Permissions as Unix has them.
#[test]
fn databases_in_a_read_only_folder_are_read() {
    use crate::kit::unprivileged::{allow, unprivileged};

    let folder = Folder::inserted();
    for table in TABLES {
        allow(&folder.database(table), 0o444);
    }
    allow(&folder.path(), 0o555);
    let before = folder.contents();
    if let Some(mut program) = unprivileged(&folder, &["insert", "--dry-run", "--format", "json"]) {
        let run = Run::from(program.output().unwrap());
        assert_eq!(run.counts(), [[0, 9, 1, 0], [0, 9, 1, 0], [0, 7, 3, 0]]);
    }
    assert!(folder.contents() == before);
    // So that it can be removed.
    allow(&folder.path(), 0o755);
}

#[test]
fn a_database_that_a_run_could_not_use_causes_the_same_error() {
    let folder = Folder::initialized();
    folder.write("orders", &[b'x'; 4096]);
    let run = folder.tradexa(&["insert", "--dry-run"]).assert();
    run.code(1).stdout("").stderr(shown(
        "tradexa: databases/orders.db is not a SQLite database: move it away, or choose another folder with --dir\n",
    ));
}

#[test]
fn an_order_fails_whose_user_could_not_be_looked_up() {
    let folder = Folder::inserted();
    folder.execute("orders", "DELETE FROM orders");
    let mut bytes = fs::read(folder.database("users")).unwrap();
    let page = bytes.len() / 2;
    bytes[page..].fill(0xff);
    fs::write(folder.database("users"), bytes).unwrap();
    let run = rehearse(&folder, &[]);
    assert_eq!(run.counts(), [[0, 0, 1, 9], [0, 9, 1, 0], [0, 0, 3, 7]]);
    assert_eq!(run.status, Some(1));
}

#[test]
fn a_dry_run_with_rejects_says_that_the_real_run_needs_to_overwrite_them() {
    let folder = Folder::initialized();
    let rejects = ["insert", "--rejects", "bad"];
    let dry = folder.tradexa(&[&rejects[..], &["--dry-run"]].concat());
    let dry = Run::of(&mut { dry });
    assert!(
        dry.stdout
            .contains("without --dry-run, and with --overwrite for the rejects"),
        "{}",
        dry.stdout
    );
    let real = folder.tradexa(&[&rejects[..], &["--overwrite"]].concat());
    let real = Run::of(&mut { real }).succeeded();
    assert!(!real.stdout.contains("--overwrite"), "{}", real.stdout);
}
