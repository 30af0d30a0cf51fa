use super::*;

/// A load of three files of 100 MB: one is done, one is read, and one waits.
fn load() -> [Step; 3] {
    let size = Some(100_000_000);
    [
        Step {
            name: "users",
            read: 100_000_000,
            size,
            rows: 2_000_000,
            done: true,
            ..Step::default()
        },
        Step {
            name: "products",
            read: 50_000_000,
            size,
            rows: 1_000_000,
            ..Step::default()
        },
        Step {
            name: "orders",
            size,
            waits_for: vec!["users", "products"],
            ..Step::default()
        },
    ]
}

/// The lines after so many seconds.
fn after(seconds: u64, steps: &[Step], rates: &[f64], width: usize) -> Vec<String> {
    lines(steps, rates, Duration::from_secs(seconds), width)
}

#[test]
fn every_table_has_a_line_and_the_whole_has_one() {
    let shown = after(5, &load(), &[0.0, 412_345.4, 0.0], 80);
    let expected = [
        "   users ██████████████  100 %  2,000,000 rows  done",
        "products ███████░░░░░░░   50 %  1,000,000 rows  412,345 rows/s",
        "  orders ░░░░░░░░░░░░░░    0 %          0 rows  waits for users and products",
        "   total ███████░░░░░░░   50 %  3,000,000 rows  412,345 rows/s, 5 s left",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in 1..200 {
        let lines = after(5, &load(), &[0.0, 412_345.4, 0.0], width);
        let widest = lines.iter().map(|line| line.chars().count()).max();
        assert!(widest <= Some(width), "{width}: {lines:#?}");
    }
}

#[test]
fn bars_keep_their_width_while_the_numbers_change() {
    let bar = |rate, seconds| {
        let line = after(seconds, &load(), &[0.0, rate, 0.0], 80)[3].clone();
        line.matches(['█', '░']).count()
    };
    assert_eq!(bar(5.0, 1), bar(1_234_567.0, 7_500));
}

#[test]
fn a_narrow_terminal_has_no_bars_and_a_wide_one_no_endless_ones() {
    let bars = |width| {
        let lines = after(5, &load(), &[0.0; 3], width);
        lines[0].matches('█').count()
    };
    assert_eq!((bars(40), bars(160)), (0, 20));
    let narrow = after(5, &load(), &[0.0, 412_345.4, 0.0], 40);
    assert_eq!(narrow[1], "products   50 %  1,000,000 rows  412,34…");
}

#[test]
fn the_time_left_is_not_shown_before_it_means_something() {
    let total = |seconds, steps: &[Step]| {
        let lines = after(seconds, steps, &[1.0, 1.0, 1.0], 160);
        lines[3].clone()
    };
    assert!(!total(1, &load()).contains("left"));
    assert!(total(2, &load()).contains("2 s left"));
    let mut early = load();
    early[0] = Step {
        size: early[0].size,
        ..Step::default()
    };
    early[1].read = 14_000_000;
    assert!(!total(60, &early).contains("left"));
}

#[test]
fn the_time_left_has_a_fitting_unit() {
    let left = |seconds| {
        let total = after(seconds, &load(), &[1.0, 0.0, 0.0], 160)[3].clone();
        total.rsplit_once(", ").unwrap().1.to_string()
    };
    assert_eq!(left(59), "59 s left");
    assert_eq!(left(61), "2 min left");
    assert_eq!(left(7_500), "2 h 5 min left");
}

#[test]
fn a_load_that_stands_still_promises_no_end() {
    let total = after(60, &load(), &[0.0; 3], 80)[3].clone();
    assert!(total.ends_with("3,000,000 rows  0 rows/s"), "{total}");
}

#[test]
fn a_file_of_unknown_size_has_no_percent_and_the_whole_none_either() {
    let mut steps = load();
    steps[1].size = None;
    let shown = after(5, &steps, &[0.0, 9.0, 0.0], 80);
    assert!(shown[0].contains("100 %"));
    assert!(
        !shown[1].contains('%') && !shown[3].contains('%'),
        "{shown:#?}"
    );
    assert!(!shown[3].contains("left"), "{shown:#?}");
}

#[test]
fn what_is_read_to_its_end_is_not_done_before_its_last_row_is() {
    let mut steps = load();
    steps[0].done = false;
    assert!(after(5, &steps, &[0.0; 3], 80)[0].contains("99 %"));
}

#[test]
fn a_check_shows_plain_counts() {
    let steps = [
        ("users", 1, false),
        ("products", 2_000, true),
        ("orders", 0, true),
    ];
    let steps = steps.map(|(name, rows, done)| Step {
        name,
        rows,
        done,
        ..Step::default()
    });
    let shown = after(60, &steps, &[1.0, 0.0, 0.0], 80);
    let expected = [
        "   users       1 row  1 row/s",
        "products  2,000 rows  done",
        "  orders      0 rows  done",
        "   total  2,001 rows  1 row/s",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn the_rate_is_that_of_the_last_seconds() {
    let mut progress = Progress::new();
    let start = Instant::now();
    let mut rate_at = |second: u64, rows: u64| {
        let step = Step {
            rows,
            ..Step::default()
        };
        progress.rates(start + Duration::from_secs(second), &[step])[0]
    };
    assert_eq!(rate_at(0, 0), 0.0);
    assert_eq!(rate_at(1, 1_000), 1_000.0);
    assert_eq!(rate_at(2, 2_000), 1_000.0);
    assert_eq!(rate_at(3, 3_000), 1_000.0);
    assert_eq!(rate_at(4, 3_000), 2_000.0 / 3.0);
    assert_eq!(rate_at(6, 3_000), 0.0);
}
