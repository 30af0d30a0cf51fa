use super::*;
use crate::timeline::Phase;

/// A report on this many threads with a single user and this many with a share of users.
fn report(single: usize, shares: usize) -> Report {
    let mut report = empty(Listing::complete(50));
    let rows = std::iter::repeat_n(1, single).chain(std::iter::repeat_n(30_000, shares));
    let tracks = rows.zip(1..).map(|(rows, id)| {
        let mut track = Track::begin(id, rows);
        Phase::ALL.into_iter().for_each(|phase| track.end(phase));
        track
    });
    report.tables[0].timeline = Some(tracks.collect());
    report
}

fn drawn(report: &Report, width: Option<usize>) -> Vec<String> {
    report.chart(width).lines().map(String::from).collect()
}

/// The number of lines of the chart with this label.
fn labelled(lines: &[String], label: &str) -> usize {
    lines
        .iter()
        .filter(|line| line.trim_start().starts_with(label))
        .count()
}

#[test]
fn few_threads_get_a_line_each() {
    let lines = drawn(&report(25, 1), None);
    assert_eq!(labelled(&lines, "user "), 25);
    assert_eq!(labelled(&lines, "30,000 rows"), 1);
}

#[test]
fn single_rows_of_a_large_load_are_drawn_on_one_line() {
    let lines = drawn(&report(64, 40), None);
    assert_eq!(labelled(&lines, "64 single rows"), 1);
    assert_eq!(labelled(&lines, "30,000 rows"), 40);
    assert_eq!(labelled(&lines, "user "), 0);
}

#[test]
fn only_the_first_and_last_of_many_shares_are_shown() {
    let lines = drawn(&report(64, 100), None);
    assert_eq!(labelled(&lines, "30,000 rows"), 40);
    assert_eq!(labelled(&lines, "… 60 more"), 1);
}

#[test]
fn lines_are_no_wider_than_the_terminal() {
    for width in [80, 100, 160] {
        let lines = drawn(&report(64, 100), Some(width));
        let widest = lines.iter().map(|line| line.chars().count()).max();
        assert!(widest <= Some(width), "{lines:#?}");
    }
}

#[test]
fn a_report_without_a_timeline_has_no_chart() {
    assert!(drawn(&empty(Listing::complete(50)), None).is_empty());
}
