//! `--timeline`, as a chart and as JSON.

use serde_json::Value;

use crate::kit::{Folder, TABLES, many, text};

/// The lines of the chart that an insert with these arguments prints.
fn chart(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let mut command = folder.tradexa(&["insert", "--timeline"]);
    let output = command.args(arguments).assert().success();
    let report = text(&output.get_output().stdout);
    let (_, chart) = report.split_once("=== TIMELINE ===").unwrap();
    chart.lines().map(str::to_string).collect()
}

/// The threads of an insert of the seed, as JSON lists them.
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
fn without_a_terminal_the_chart_is_at_most_80_columns_wide() {
    let lines = chart(&Folder::initialized(), &[]);
    let widest = lines.iter().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{lines:#?}");
}

#[test]
fn many_single_rows_are_drawn_on_one_line() {
    let folder = Folder::with_csv(many(300));
    let lines = chart(&folder, &["--from", "input", "--threads", "200"]);
    let drawn = lines.iter().filter(|line| line.contains("200 single rows"));
    assert_eq!(drawn.count(), 3, "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("user 1 ")));
}

#[test]
fn json_lists_the_phases_of_every_thread_in_order() {
    let threads = threads();
    assert_eq!(threads.len(), 25);
    for thread in &threads {
        let mut before = 0.0;
        for phase in ["parents", "turn", "open", "write", "sync"] {
            let [start, end] = [0, 1].map(|index| thread[phase][index].as_f64().unwrap());
            assert!(before <= start && start <= end, "{thread}");
            before = end;
        }
    }
}

#[test]
fn no_two_threads_write_to_one_database_at_the_same_time() {
    let threads = threads();
    for table in TABLES {
        let mut writes: Vec<_> = (threads.iter())
            .filter(|thread| thread["table"] == table)
            .map(|thread| [0, 1].map(|index| thread["write"][index].as_f64().unwrap()))
            .collect();
        writes.sort_by(|a, b| a[0].total_cmp(&b[0]));
        assert!(
            writes.windows(2).all(|pair| pair[0][1] <= pair[1][0]),
            "{table}: {writes:?}"
        );
    }
}

#[test]
fn without_the_option_there_is_no_timeline() {
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
fn a_piped_report_has_no_colours() {
    let report = Folder::initialized()
        .tradexa(&["insert", "--timeline"])
        .assert()
        .success();
    assert!(!report.get_output().stdout.contains(&0x1b));
}
