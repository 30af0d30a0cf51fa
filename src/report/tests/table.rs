use super::*;

#[test]
fn every_outcome_has_a_section_and_the_summary_comes_last() {
    let expected = [
        "=== INSERTED DATA ===",
        "USERS TABLE (Inserted)",
        "id|name|email",
        "1|Name 1|1@example.com",
        "2|Name 2|2@example.com",
        "PRODUCTS TABLE (Inserted)",
        "(no rows)",
        "ORDERS TABLE (Inserted)",
        "(no rows)",
        "=== UNCHANGED DATA ===",
        "USERS TABLE (Unchanged)",
        "id|name|email",
        "3|Name 3|3@example.com",
        "=== SKIPPED DATA ===",
        "USERS TABLE (Skipped)",
        "line|id|name|email|reason",
        "6|5||e@e.co|name is empty",
        "7|6||bob|name is empty; email is not valid: \"bob\"",
        "=== FAILED DATA ===",
        "USERS TABLE (Failed)",
        "line|id|name|email|reason",
        "5|4|Name|Email|users.db is locked by another process (waited 5 s)",
        "Add --rejects DIR to write the skipped and failed rows to DIR, with their reasons.",
        "Once they are fixed, load them with: tradexa --dir data insert --from DIR",
        "users: 2 inserted, 1 unchanged, 2 skipped, 1 failed; products: 0 inserted; orders: 0 inserted; 25 threads, 14.2 ms",
    ];
    assert_eq!(lines(&text(&mixed(50))), expected);
}

#[test]
fn nothing_skipped_and_nothing_unchanged_is_said_in_few_words() {
    let expected = [
        "=== INSERTED DATA ===",
        "USERS TABLE (Inserted)",
        "(no rows)",
        "PRODUCTS TABLE (Inserted)",
        "(no rows)",
        "ORDERS TABLE (Inserted)",
        "(no rows)",
        "=== SKIPPED DATA ===",
        "(no rows)",
        "users: 0 inserted; products: 0 inserted; orders: 0 inserted; 25 threads, 14.2 ms",
    ];
    assert_eq!(lines(&text(&empty(Listing::readable(50)))), expected);
}

#[test]
fn embedded_rows_have_no_lines_to_look_up() {
    let mut report = mixed(50);
    report.from = None;
    report.files = vec![None; 3];
    assert!(lines(&text(&report)).contains(&"5||e@e.co|name is empty".to_string()));
}

#[test]
fn what_is_not_listed_is_counted_and_the_way_to_see_it_is_said() {
    let lines = lines(&text(&mixed(1)));
    for line in [
        "… and 1 more user",
        "All stored users: sqlite3 data/users.db 'SELECT * FROM users'",
        "Add --rejects DIR to write all to DIR/users.csv",
    ] {
        let line = line.replace('\'', if cfg!(windows) { "\"" } else { "'" });
        let line = line.replace('/', std::path::MAIN_SEPARATOR_STR);
        assert!(lines.contains(&line), "{line}\n{lines:#?}");
    }
    let kinds = lines.iter().position(|line| line == "By reason:").unwrap();
    let expected = ["reason|rows", "name is empty|2", "email is not valid|1"];
    assert_eq!(lines[kinds + 1..][..3], expected);
}

#[test]
fn a_limit_of_zero_does_not_speak_of_more() {
    let lines = lines(&text(&mixed(0)));
    for line in ["2 users not listed", "1 user not listed"] {
        assert!(lines.contains(&line.to_string()), "{line}\n{lines:#?}");
    }
}

#[test]
fn counts_have_separators() {
    let mut report = empty(Listing::readable(1));
    let rows = users(2, 1..1_235);
    report.tables[0].settle_all(&rows, &[]);
    let lines = lines(&text(&report));
    assert!(lines.iter().any(|line| *line == "… and 1,233 more users"));
    assert!(lines.last().unwrap().starts_with("users: 1,234 inserted; "));
}

#[test]
fn a_row_that_is_gone_is_not_listed() {
    let mut report = empty(Listing::readable(50));
    let rows = users(2, 1_000_000..1_000_002);
    report.tables[0].settle_all(&rows, &[]);
    let text = text(&report);
    assert!(text.contains("Name 1000000") && !text.contains("Name 1000001"));
    assert!(text.contains("users: 2 inserted"));
}

#[test]
fn a_long_cell_and_a_long_reason_are_cut_with_their_size() {
    let mut report = empty(Listing::readable(50));
    let long = "x".repeat(20_000);
    let tally = &mut report.tables[0];
    skip(
        tally,
        2,
        &["1", "Bo", &long],
        &format!("email is not valid: {long}"),
    );
    let lines = lines(&text(&report));
    let row = lines
        .iter()
        .find(|line| line.starts_with("2|1|Bo|"))
        .unwrap();
    let cell = format!("{}… (20,000 bytes)", &long[..1_000]);
    let reason = format!("email is not valid: {}… (20,020 bytes)", &long[..980]);
    assert_eq!(row, &format!("2|1|Bo|{cell}|{reason}"));
}

#[test]
fn short_rows_are_padded_and_surplus_fields_have_columns_without_a_name() {
    let mut report = empty(Listing::readable(50));
    let tally = &mut report.tables[0];
    skip(tally, 2, &["1"], "expected 3 fields, found 1");
    skip(
        tally,
        3,
        &["2", "Bo", "b@b.co", "more"],
        "expected 3 fields, found 4",
    );
    let lines = lines(&text(&report));
    let title = lines
        .iter()
        .position(|line| line.starts_with("line|"))
        .unwrap();
    let expected = [
        "line|id|name|email||reason",
        "2|1||||expected 3 fields, found 1",
        "3|2|Bo|b@b.co|more|expected 3 fields, found 4",
    ];
    assert_eq!(lines[title..][..3], expected);
}

#[test]
fn a_row_with_thousands_of_fields_shows_the_first_and_how_many_more() {
    let mut report = empty(Listing::readable(50));
    let tally = &mut report.tables[0];
    skip(tally, 2, &["x"; 16_000], "expected 3 fields, found 16000");
    let text = text(&report);
    assert!(text.contains("15,950 more fields"));
    assert!(text.lines().all(|line| line.chars().count() < 1_000));
}

#[test]
fn a_line_that_could_not_be_split_stands_whole_in_the_first_column() {
    let mut report = empty(Listing::readable(50));
    skip_line(&mut report.tables[0], 3, b"2,b@b.co,\"Bob");
    let lines = lines(&text(&report));
    assert!(lines.contains(&"3|2,b@b.co,\"Bob|||quote is not closed".to_string()));
}

#[test]
fn a_dry_run_says_what_would_be_inserted_and_lists_what_is_stored() {
    let mut report = mixed(50);
    report.dry_run = true;
    let lines = lines(&text(&report));
    assert_eq!(lines[2], "(dry run: 2 rows to insert)");
    assert!(lines.contains(&"3|Name 3|3@example.com".to_string()));
    let summary = lines.last().unwrap();
    assert!(summary.starts_with("dry run, no database changed; users: 2 inserted, "));
}

#[test]
fn an_interrupted_run_says_so_in_its_summary() {
    let mut report = empty(Listing::complete(50));
    report.interrupted = true;
    assert!(text(&report).contains("\ninterrupted; users: 0 inserted; "));
}

#[test]
fn control_characters_are_escaped() {
    let mut report = empty(Listing::readable(50));
    skip(
        &mut report.tables[0],
        2,
        &["1", "\u{1b}[31m\r\n", ""],
        "no \u{9b}",
    );
    let text = text(&report);
    assert!(text.contains(r"│ \u{1b}[31m\r\n │"), "{text}");
    assert!(text.contains(r"no \u{9b}"));
    assert!(!text.contains(['\u{1b}', '\r', '\u{9b}']));
}

#[test]
fn tables_and_the_summary_fit_the_terminal() {
    let mut report = mixed(50);
    let tally = &mut report.tables[0];
    skip(
        tally,
        9,
        &["9", &"long ".repeat(100), "x"],
        &"why ".repeat(100),
    );
    for width in [80, 100, 160] {
        let mut out = Vec::new();
        let terminal = &mut Terminal::plain(&mut out, Some(width));
        report.write_tables(terminal, &read_back).unwrap();
        let text = String::from_utf8(out).unwrap();
        let drawn = text
            .lines()
            .filter(|line| !line.starts_with("Add --rejects"));
        let widest = drawn.map(|line| line.chars().count()).max();
        assert!(widest <= Some(width), "{width}: {text}");
    }
}

/// A run whose users come from a file with two columns that the table does not have, and the `reason` of another run.
fn with_other_columns() -> Report {
    let mut report = empty(Listing::readable(50));
    let names = ["phone", "id", "name", "fax", "email"].map(String::from);
    let header = Header {
        given: names.iter().map(|name| name.clone().into_bytes()).collect(),
        names: names.into(),
        columns: vec![2, 3, 5],
        reason: Some(1),
        ..Header::default()
    };
    let header = Arc::new(header);
    let tally = Tally::new(TABLES[0], Some(Arc::clone(&header)), Listing::readable(50));
    report.tables[0] = tally;
    for (line, fields) in [
        (2, &["0171", "old", "1", "Bo", "0172", "bob"][..]),
        (3, &["0171", "old", "1", "Bo", "0172", "bob", "surplus"]),
    ] {
        let mut batch = Batch::new(Arc::clone(&header));
        batch.push_fields(line, fields);
        let outcome = Outcome::skipped(Reason::failure("no"));
        report.tables[0].count(&Rows::new(TABLES[0], batch), 0, &outcome);
    }
    report
}

#[test]
fn columns_that_are_passed_over_take_no_room() {
    let lines = lines(&text(&with_other_columns()));
    let title = lines.iter().position(|line| line.starts_with("line|"));
    let expected = [
        "line|id|name|email||reason",
        "2|1|Bo|bob||no",
        "3|1|Bo|bob|surplus|no",
    ];
    assert_eq!(lines[title.unwrap()..][..3], expected);
}

#[test]
fn a_line_that_could_not_be_split_is_shown_though_its_first_column_is_passed_over() {
    let mut report = with_other_columns();
    skip_line(&mut report.tables[0], 4, b"0171,\"Bob");
    let lines = lines(&text(&report));
    let line = "4|0171,\"Bob||||quote is not closed".to_string();
    assert!(lines.contains(&line), "{lines:#?}");
}

#[test]
fn reasons_are_wrapped_before_other_cells() {
    let mut report = empty(Listing::readable(50));
    let row = ["1000001", "Bartholomew Berg", "bartholomew@example"];
    let reason = "email is not valid: \"bartholomew@example\"; id is taken by another row";
    skip(&mut report.tables[0], 2, &row, reason);
    let mut out = Vec::new();
    let terminal = &mut Terminal::plain(&mut out, Some(80));
    report.write_tables(terminal, &read_back).unwrap();
    let text = String::from_utf8(out).unwrap();
    for cell in row {
        assert!(text.contains(cell), "{cell} is broken: {text}");
    }
    assert!(!text.contains(reason), "{text}");
}

#[test]
fn a_wide_row_fits_the_terminal_too() {
    let mut report = empty(Listing::readable(50));
    let long = "long ".repeat(200);
    skip(&mut report.tables[0], 2, &[long.as_str(); 60], "no");
    for (width, fields) in [(20, ""), (80, "55 more"), (160, " more")] {
        let mut out = Vec::new();
        let terminal = &mut Terminal::plain(&mut out, Some(width));
        let written = report.write_tables(terminal, &read_back);
        let text = String::from_utf8(written.map(|()| out).unwrap()).unwrap();
        let drawn = text.lines().filter(|line| line.starts_with('│'));
        let widest = drawn.map(|line| line.chars().count()).max();
        assert!(widest <= Some(width.max(25)), "{width}: {text}");
        assert!(text.contains(fields), "{width}: {text}");
    }
}
