//! `--max-rejects`: a load that stops when too many rows are skipped or fail.

use serde_json::Value;

use crate::kit::{ALL_INSERTED, Folder, TABLES, many, shown};

/// Files with more users than a load reads before it writes some. The first of them have no name.
fn nameless(broken: usize) -> Folder {
    let [users, products, orders] = many(100_000);
    let mut lines: Vec<_> = users.lines().map(String::from).collect();
    for (id, line) in lines.iter_mut().enumerate().skip(1).take(broken) {
        *line = format!("{id},,a@b.co");
    }
    Folder::with_csv([lines.join("\n"), products, orders])
}

#[test]
fn a_load_stops_at_too_many_rejects_and_says_why_and_where() {
    let folder = nameless(10);
    let run = folder.load(&["--max-rejects", "3", "--rejects", "rejects"]);
    assert_eq!(
        (run.status, &run.report["interrupted"]),
        (Some(1), &Value::Bool(true))
    );
    assert_eq!(run.counts()[0], [0, 0, 4, 0]);
    let line = run.stderr.trim_end();
    let stopped = shown("tradexa: stopped after 4 rows of input/users.csv, ");
    assert!(line.starts_with(&stopped), "{line}");
    assert!(
        line.ends_with(
            "because more than 3 rows were skipped or failed, and --max-rejects allows no more: once they are fixed, \
             run the same command again, with --overwrite for the rejects, to load the rest"
        ),
        "{line}"
    );
    let errors = run.report["errors"].as_array().unwrap();
    assert_eq!(errors, &[line.trim_start_matches("tradexa: ")]);
    for (table, counts) in TABLES.into_iter().zip(run.counts()) {
        assert_eq!(folder.rows(table).len() as u64, counts[0], "{table}");
    }
    let rejects = folder.csv_in("rejects", "users").unwrap();
    assert_eq!(String::from_utf8(rejects).unwrap().lines().count(), 5);
}

#[test]
fn the_mended_file_completes_a_load_that_stopped() {
    let folder = nameless(10);
    assert_eq!(folder.load(&["--max-rejects", "3"]).status, Some(1));
    folder.give("input", many(100_000));
    folder.load(&["--max-rejects", "3"]).succeeded();
    for table in TABLES {
        assert_eq!(folder.rows(table).len(), 100_000, "{table}");
    }
}

#[test]
fn as_many_rejects_as_are_allowed_stop_nothing() {
    let run = Folder::initialized().insert(&["--max-rejects", "5"]);
    assert_eq!((run.status, run.counts()), (Some(0), ALL_INSERTED));
}

#[test]
fn too_many_rejects_are_an_error_even_if_every_row_was_read() {
    let options = ["--max-rejects", "4", "--threads", "1"];
    let run = Folder::initialized().insert(&options);
    assert_eq!((run.status, run.counts()), (Some(1), ALL_INSERTED));
    assert_eq!(run.report["interrupted"], false);
    assert_eq!(
        run.stderr,
        "tradexa: more than 4 rows were skipped or failed, and --max-rejects allows no more\n"
    );
}

#[test]
fn failed_rows_count_too() {
    let folder = Folder::initialized();
    let _lock = folder.lock("users");
    let run = folder.insert(&["--max-rejects", "5", "--lock-timeout", "0"]);
    let most = "more than 5 rows were skipped or failed";
    assert!(run.stderr.contains(most), "{}", run.stderr);
}

#[test]
fn a_dry_run_stops_too() {
    let folder = nameless(40_000);
    let run = folder.load(&["--max-rejects", "0", "--dry-run"]);
    assert_eq!(run.status, Some(1));
    assert!(run.count("users", "skipped") < 40_000);
    assert!(
        run.stderr.contains("more than 0 rows were"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_quiet_report_says_that_there_were_too_many_rejects() {
    let options = ["insert", "--from=input", "--max-rejects=3", "--quiet"];
    let run = nameless(10).tradexa(&options).assert().code(1);
    let line = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    assert!(
        line.starts_with("too many rejects; users: 0 inserted, 4 skipped; "),
        "{line}"
    );
}
