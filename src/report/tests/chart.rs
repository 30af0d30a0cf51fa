use super::*;
use crate::timeline::Phase;

/// A report with so many threads of a single user, and so many of a share.
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

/// How many lines of the chart have this label.
fn labelled(lines: &[String], label: &str) -> usize {
    lines
        .iter()
        .filter(|line| line.trim_start().starts_with(label))
        .count()
}

#[test]
fn a_few_threads_have_a_line_each() {
    let lines = drawn(&report(25, 1), None);
    assert_eq!(labelled(&lines, "user "), 25);
    assert_eq!(labelled(&lines, "30,000 rows"), 1);
}

#[test]
fn the_single_rows_of_a_large_load_share_a_line_and_its_shares_have_one_each() {
    let lines = drawn(&report(64, 40), None);
    assert_eq!(labelled(&lines, "64 single rows"), 1);
    assert_eq!(labelled(&lines, "30,000 rows"), 40);
    assert_eq!(labelled(&lines, "user "), 0);
}

#[test]
fn more_shares_than_fit_on_a_screen_are_shown_from_both_ends() {
    let lines = drawn(&report(64, 100), None);
    assert_eq!(labelled(&lines, "30,000 rows"), 40);
    assert_eq!(labelled(&lines, "… 60 more"), 1);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
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
