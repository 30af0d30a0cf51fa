//! `--quiet`: the last line of the report, and errors.

use crate::kit::{ALL_INSERTED, Folder, Run, text};

/// What the program prints with these arguments and `--quiet`.
fn quiet(folder: &Folder, arguments: &[&str]) -> Run {
    Run::of(&mut folder.tradexa(&[arguments, &["--quiet"]].concat()))
}

#[test]
fn a_quiet_insert_prints_only_the_line_that_sums_it_up() {
    for options in [&[][..], &["--timeline"], &["--limit=1"]] {
        let run = quiet(&Folder::initialized(), &[&["insert"], options].concat());
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
        assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
        let summary = "sample rows; users: 9 inserted, 1 skipped; products: 9 inserted, 1 skipped; orders: 7 inserted, 3 skipped; 25 threads, ";
        assert!(run.stdout.starts_with(summary), "{}", run.stdout);
    }
}

#[test]
fn a_quiet_check_prints_only_the_line_that_sums_it_up() {
    let folder = Folder::inserted();
    let run = quiet(&folder, &["check"]).succeeded();
    let counts = "(users: 9 rows; products: 9 rows; orders: 7 rows).\n";
    assert_eq!(
        run.stdout,
        format!("All stored rows follow the rules {counts}")
    );
    folder.execute("users", "UPDATE users SET name = '' WHERE id < 3");
    let run = quiet(&folder, &["check"]);
    assert_eq!(run.status, Some(1));
    assert_eq!(run.stdout, format!("2 rows break rules {counts}"));
}

#[test]
fn errors_are_printed_by_a_quiet_insert_too() {
    let folder = Folder::initialized();
    let _lock = folder.lock("orders");
    let run = quiet(&folder, &["insert", "--lock-timeout=0"]);
    assert_eq!(run.status, Some(1));
    let error = "tradexa: 7 rows could not be inserted";
    assert!(run.stderr.starts_with(error), "{}", run.stderr);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
}

#[test]
fn a_quiet_report_in_json_is_complete() {
    let run = Folder::initialized().insert(&["--quiet"]);
    assert_eq!(run.counts(), ALL_INSERTED);
    assert_eq!(run.list("users", "rows").len(), 9);
    let loud = Folder::inserted()
        .tradexa(&["check", "--format=json"])
        .output();
    let run = Folder::inserted().check(&["--quiet"]);
    assert_eq!(run.stdout, text(&loud.unwrap().stdout));
}
