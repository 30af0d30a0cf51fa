use super::*;

/// A table that is being read.
fn reading(read: u64, size: Option<u64>) -> Step {
    Step {
        read,
        size,
        ..Step::default()
    }
}

fn done(size: Option<u64>) -> Step {
    Step {
        size,
        done: true,
        ..Step::default()
    }
}

/// The state of a table with this many rows per second and this many seconds left.
fn state(rate: u64, left: u64) -> String {
    reading(1, Some(2)).state(rate, Some(Duration::from_secs(left)))
}

#[test]
fn a_table_shows_its_rate_and_the_time_left() {
    assert_eq!(state(412_345, 5), "412,345 rows/s, 5 seconds left");
}

#[test]
fn no_time_left_is_shown_at_0_rows_per_second() {
    assert_eq!(state(0, 5), "0 rows/s");
}

#[test]
fn no_time_left_is_shown_while_it_is_unknown_or_less_than_a_second() {
    assert_eq!(reading(1, Some(2)).state(1, None), "1 row/s");
    assert_eq!(state(1, 0), "1 row/s");
}

#[test]
fn a_table_shows_which_tables_it_waits_for() {
    let step = Step {
        waits_for: vec!["users", "products"],
        ..Step::default()
    };
    let state = step.state(0, None);
    assert_eq!(state, "waits for users and products");
}

#[test]
fn the_total_is_the_sum_of_the_tables() {
    let steps = [
        reading(10, Some(100)),
        done(Some(300)),
        reading(0, Some(100)),
    ];
    let total = total(&steps);
    assert_eq!(
        (total.read, total.size, total.done),
        (310, Some(500), false)
    );
}

#[test]
fn the_total_has_no_size_while_an_unfinished_table_has_none() {
    assert_eq!(total(&[reading(5, None), done(Some(10))]).size, None);
    assert_eq!(total(&[done(None), reading(5, Some(10))]).size, Some(10));
}

#[test]
fn the_total_of_a_check_never_has_a_size() {
    assert_eq!(total(&[done(None), done(None)]).size, None);
}

#[test]
fn a_file_read_to_its_end_stays_at_99_percent_until_its_last_row_is_done() {
    assert_eq!(reading(1_000, Some(1_000)).position(), 990);
    assert_eq!(reading(1, Some(1)).position(), 0);
    assert_eq!(done(Some(1_000)).position(), 1_000);
}

#[test]
fn the_rate_is_that_of_the_last_seconds() {
    let mut line = Line::new(&Progress::new().screen);
    let start = Instant::now();
    let mut rate_at =
        |tenths: u64, rows: u64| line.rate(start + Duration::from_millis(tenths * 100), rows);
    assert_eq!(rate_at(0, 0), 0);
    for tenths in 1..30 {
        assert_eq!(rate_at(tenths, tenths * 100), 1_000);
    }
    for tenths in 30..60 {
        rate_at(tenths, 3_000);
    }
    assert_eq!(rate_at(60, 3_000), 0);
}
