//! `--timeline`: what each writer thread did, as a chart and as numbers.

use serde_json::Value;

use crate::kit::{Folder, TABLES, many, text};

/// The chart of an insert with these arguments, without what stands above it.
fn chart(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let mut command = folder.tradexa(&["insert", "--timeline"]);
    let output = command.args(arguments).assert().success();
    let report = text(&output.get_output().stdout);
    let (_, chart) = report.split_once("=== TIMELINE ===").unwrap();
    chart.lines().map(str::to_string).collect()
}

/// What the threads of an insert of the seed did, as JSON has it.
fn threads() -> Vec<Value> {
    let run = Folder::initialized().insert(&["--timeline"]);
    run.report["timeline"].as_array().unwrap().clone()
}

#[test]
fn the_chart_has_a_line_for_every_thread() {
    let lines = chart(&Folder::initialized(), &[]);
    for (row, threads) in [("user", 9), ("product", 9), ("order", 7)] {
        let of_row = |line: &&String| line.trim_start().starts_with(&format!("{row} "));
        let drawn: Vec<_> = lines.iter().filter(of_row).collect();
        assert_eq!(drawn.len(), threads, "{row}");
        assert!(drawn.iter().all(|line| line.contains('█')), "{drawn:?}");
    }
}

#[test]
fn the_chart_is_80_columns_wide_where_there_is_no_terminal() {
    let lines = chart(&Folder::initialized(), &[]);
    let widest = lines.iter().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{lines:#?}");
}

#[test]
fn a_line_stands_for_all_single_rows_where_there_are_many() {
    let folder = Folder::with_csv(many(300));
    let lines = chart(&folder, &["--from", "input", "--threads", "200"]);
    let drawn = lines.iter().filter(|line| line.contains("200 single rows"));
    assert_eq!(drawn.count(), 3, "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("user 1 ")));
}

#[test]
fn json_has_the_phases_of_every_thread_one_after_the_other() {
    let threads = threads();
    assert_eq!(threads.len(), 25);
    for thread in &threads {
        let mut before = 0.0;
        for phase in ["parents", "turn", "open", "write"] {
            let [start, end] = [0, 1].map(|place| thread[phase][place].as_f64().unwrap());
            assert!(before <= start && start <= end, "{thread}");
            before = end;
        }
    }
}

#[test]
fn json_shows_that_no_two_threads_write_to_one_database_at_once() {
    let threads = threads();
    for table in TABLES {
        let mut writes: Vec<_> = (threads.iter())
            .filter(|thread| thread["table"] == table)
            .map(|thread| [0, 1].map(|place| thread["write"][place].as_f64().unwrap()))
            .collect();
        writes.sort_by(|a, b| a[0].total_cmp(&b[0]));
        assert!(
            writes.windows(2).all(|pair| pair[0][1] <= pair[1][0]),
            "{table}: {writes:?}"
        );
    }
}

#[test]
fn a_run_without_the_option_has_no_timeline() {
    let folder = Folder::initialized();
    let tables = folder.tradexa(&["insert"]).assert().success();
    assert!(!text(&tables.get_output().stdout).contains("TIMELINE"));
    let json = folder
        .tradexa(&["insert", "--format", "json"])
        .assert()
        .success();
    assert!(!text(&json.get_output().stdout).contains("timeline"));
}

#[test]
fn a_report_that_is_piped_has_no_colours() {
    let report = Folder::initialized()
        .tradexa(&["insert", "--timeline"])
        .assert()
        .success();
    assert!(!report.get_output().stdout.contains(&0x1b));
}
