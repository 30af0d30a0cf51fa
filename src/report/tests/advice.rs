use super::*;

#[test]
fn failed_rows_and_strictly_skipped_ones_make_a_failure() {
    let report = mixed(50);
    let failed = "1 row could not be inserted: run the command again once the cause is fixed (rows that are stored already stay as they are)";
    assert_eq!(report.failures(false), [failed]);
    let strict = "2 rows were skipped, and --strict allows none";
    assert_eq!(report.failures(true), [failed, strict]);
    assert!(empty(Listing::complete(50)).failures(true).is_empty());
}

#[test]
fn rejects_that_were_written_are_named_with_the_command_to_load_them() {
    let mut report = mixed(50);
    write_rejects(&mut report, "my rejects");
    let quoted = if cfg!(windows) {
        "\"my rejects\""
    } else {
        "'my rejects'"
    };
    let expected = [
        "The skipped and failed rows are in my rejects, with their reasons.".to_string(),
        format!("Once they are fixed, load them with: tradexa --dir data insert --from {quoted}"),
        String::new(),
    ];
    assert_eq!(report.advice(), expected);
}

#[test]
fn rows_that_only_failed_need_their_cause_fixed() {
    let mut report = empty(Listing::complete(50));
    let failed = Outcome::failed(Reason::failure("locked"));
    reject(&mut report.tables[0], 2, &["1"], failed);
    let advice = report.advice().concat();
    assert!(
        advice.contains("to write the failed rows to DIR"),
        "{advice}"
    );
    assert!(
        advice.contains("Once the cause is fixed, load them with: "),
        "{advice}"
    );
}

#[test]
fn a_dry_run_does_not_advise_to_load_the_rejects_alone() {
    let mut report = mixed(50);
    report.dry_run = true;
    assert!(!report.advice().concat().contains("load them"));
}

#[test]
fn rejects_that_are_skipped_again_can_be_corrected_where_they_are() {
    let mut report = empty(Listing::complete(50));
    let header = Header {
        reason: Some(3),
        ..Header::of(TABLES[0])
    };
    report.tables[0].header = Some(Arc::new(header));
    skip(&mut report.tables[0], 2, &["1"], "no");
    let expected = "Correct the rows in in and run the same command again, \
                    or add --rejects with another folder for the remaining rows and their new reasons.";
    assert_eq!(report.advice(), [expected, ""]);
    write_rejects(&mut report, "bad");
    assert!(report.advice()[0].contains("are in bad"));
    report.rejects = None;
    skip(&mut report.tables[1], 2, &["1"], "no");
    assert!(report.advice()[0].starts_with("Add --rejects DIR"));
}

#[test]
fn rejects_that_could_not_be_written_are_not_said_to_be_there() {
    let mut report = mixed(1);
    skip(&mut report.tables[1], 2, &["1"], "no");
    write_rejects(&mut report, "bad");
    report.tables[0].rejects = None;
    let expected = "Not all skipped and failed rows could be written to bad.";
    assert_eq!(report.advice(), [expected, ""]);
    let bad = Path::new("bad");
    let [users, products] = ["users.csv", "products.csv"].map(|name| bad.join(name));
    assert_eq!(
        report.where_rejects_are(&report.tables[0]),
        format!("They could not be written to {}", users.display())
    );
    assert_eq!(
        report.where_rejects_are(&report.tables[1]),
        format!("All are in {}", products.display())
    );
}

#[test]
fn a_run_without_rejects_needs_no_advice() {
    assert!(empty(Listing::complete(50)).advice().is_empty());
}

/// A run with a row of users that is not in this encoding, and whose name has these bytes.
fn not_in(encoding: &'static str, name: &[u8]) -> Report {
    let mut report = empty(Listing::complete(50));
    let mut header = Header::of(TABLES[0]);
    header.notation.encoding = encoding;
    report.tables[0].header = Some(Arc::new(header));
    let mut batch = Batch::new(Arc::new(Header::of(TABLES[0])));
    batch.push_fields(2, [&b"1"[..], name]);
    let outcome = Outcome::skipped(Reason::NotValid("name", encoding));
    report.tables[0].count(&Rows::new(TABLES[0], batch), 0, &outcome);
    report
}

/// Has a file of products with text beyond ASCII.
fn add_utf8(report: &mut Report) {
    report.tables[1].has_utf8 = true;
}

#[test]
fn a_file_that_is_not_utf_8_is_advised_to_name_its_encoding() {
    assert!(empty(Listing::complete(50)).notices().is_empty());
    let report = not_in("UTF-8", b"K\xf6ln \x80");
    let expected = "users.csv has 1 row that is not UTF-8, including every row with non-ASCII characters: \
                    name its encoding with --encoding, most likely windows-1252 (Köln) or windows-1250 for Central Europe; \
                    rows that are stored already stay as they are";
    assert!(
        report.notices()[0].ends_with(expected),
        "{:?}",
        report.notices()
    );
}

#[test]
fn a_file_that_is_not_utf_8_is_loaded_apart_if_others_are() {
    let mut report = not_in("UTF-8", b"K\xf6ln");
    add_utf8(&mut report);
    let file = Path::new("in").join("users.csv");
    let apart = format!(
        "; --encoding applies to all files, and others are UTF-8, so load this one separately, with --file users={}; rows",
        file.display()
    );
    assert!(
        report.notices()[0].contains(&apart),
        "{:?}",
        report.notices()
    );
    // A byte order mark counts more than the option.
    let marked = Header {
        preamble: "\u{feff}".into(),
        ..Header::of(TABLES[1])
    };
    report.tables[1].header = Some(Arc::new(marked));
    assert!(!report.notices()[0].contains("separately"));
}

#[test]
fn a_file_with_a_byte_order_mark_is_utf_8_and_only_its_other_rows_are_to_be_fixed() {
    let mut report = not_in("UTF-8", b"K\xf6ln");
    let marked = Header {
        preamble: "\u{feff}".into(),
        ..Header::of(TABLES[0])
    };
    report.tables[0].header = Some(Arc::new(marked));
    assert!(report.notices()[0].contains("mixes encodings"));
}

#[test]
fn an_encoding_that_was_given_may_be_the_wrong_one() {
    let mut report = not_in("GBK", b"");
    report.tables[0].has_utf8 = true;
    report.tables[0].foreign = b"id,name\n1,K\xf6ln\n2,Stra\xdfe\n".to_vec();
    let expected = "users.csv has 1 row that is not GBK: --encoding may name the wrong one, \
                    so try another, most likely windows-1252 (Köln) or windows-1250 for Central Europe; \
                    --update replaces rows that are stored already; \
                    if it is GBK, fix only those rows, in the rejects";
    assert!(
        report.notices()[0].ends_with(expected),
        "{:?}",
        report.notices()
    );
    report.tables[0].foreign = encoding_rs::GBK.encode("张伟").0.into_owned();
    let expected = "users.csv has 1 row that is not GBK: --encoding may name the wrong one; \
                    if it is GBK, fix only those rows, in the rejects";
    assert!(
        report.notices()[0].ends_with(expected),
        "{:?}",
        report.notices()
    );
    report.tables[0].seems_utf8 = true;
    assert!(report.notices().is_empty());
}

#[test]
fn an_interrupted_run_says_where_it_stopped_and_how_to_go_on() {
    let mut report = empty(Listing::complete(50));
    report.from = None;
    report.files = vec![None; 3];
    report.interrupted = true;
    report.tables[0].settle_all(&users(2, 1..1_235), &[]);
    let stopped = "interrupted after 1,234 rows of users.csv, 0 rows of products.csv and 0 rows of orders.csv";
    let again = format!("{stopped}: run the same command again to load the rest");
    assert_eq!(report.notices(), [again]);
    skip(&mut report.tables[1], 2, &["1"], "no");
    write_rejects(&mut report, "bad");
    assert!(report.notices()[0].ends_with(
        ": run the same command again, with --overwrite for the rejects, to load the rest"
    ));
}

#[test]
fn a_table_without_a_file_was_not_stopped() {
    let mut report = empty(Listing::complete(50));
    (report.files, report.interrupted) = (vec![None; 3], true);
    report.tables[1].header = None;
    assert!(
        report.notices()[0]
            .starts_with("interrupted after 0 rows of users.csv and 0 rows of orders.csv: ")
    );
}

#[cfg(unix)] // A shell of Unix.
#[test]
fn the_query_for_all_rows_can_be_pasted_into_a_shell() {
    let query = |dir: &str| {
        let mut report = empty(Listing::complete(50));
        report.dir = dir.into();
        let query = report.query(TABLES[0]);
        query
            .strip_prefix("All stored users: ")
            .unwrap()
            .to_string()
    };
    assert_eq!(query("."), "sqlite3 users.db 'SELECT * FROM users'");
    assert_eq!(query("data"), "sqlite3 data/users.db 'SELECT * FROM users'");
    assert_eq!(
        query("my data"),
        "sqlite3 'my data/users.db' 'SELECT * FROM users'"
    );
    assert_eq!(
        query("file:x"),
        "sqlite3 ./file:x/users.db 'SELECT * FROM users'"
    );
}
