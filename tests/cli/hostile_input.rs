//! Malicious or nonsensical input: it is stored byte for byte or skipped, and never controls the terminal.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::kit::{CLEAN, Folder, TABLES, header, text};

/// Loads a user with each of these names, which must be stored byte for byte, and returns what was printed in both
/// formats.
fn names_are_stored(names: &[&str]) -> [String; 2] {
    let mut users = String::from("id,name,email\n");
    for (index, name) in names.iter().enumerate() {
        users += &format!("{},\"{}\",u@b.co\n", index + 1, name.replace('"', "\"\""));
    }
    let folder = Folder::with_csv([&users, CLEAN[1], CLEAN[2]]);
    let shown = ["table", "json"].map(|format| {
        let arguments = ["insert", "--from", "input", "--format", format];
        let run = folder.tradexa(&arguments).assert().success();
        [&run.get_output().stdout, &run.get_output().stderr].map(|it| text(it))
    });
    let json: Value = serde_json::from_str(&shown[1][0]).unwrap();
    let shown = shown.map(|streams| streams.concat());
    for (index, name) in names.iter().enumerate() {
        assert_eq!(json["tables"][0]["unchanged_rows"][index]["name"], *name);
    }
    let stored: Vec<_> = (names.iter().enumerate())
        .map(|(index, name)| format!("{}|{name}|u@b.co", index + 1))
        .collect();
    assert_eq!(folder.rows("users"), stored);
    folder.tradexa(&["check"]).assert().success();
    shown
}

/// Whether a character steers a terminal: it moves the cursor, starts an escape sequence, or reorders the text.
fn steers(character: char) -> bool {
    character != '\n' && character.is_control()
        || ('\u{202a}'..='\u{202e}').contains(&character)
        || ('\u{2066}'..='\u{2069}').contains(&character)
}

#[test]
fn escape_sequences_and_bidirectional_overrides_are_stored_and_shown_escaped() {
    let [table, json] = names_are_stored(&[
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]0;title\u{7}",
        "\u{9b}31m \u{90}q\u{9c}",
        "back\u{8}\u{8}\rfront\u{7f}",
        "nimda\u{202e} \u{2066}x\u{2069} \u{2028}",
    ]);
    assert!(!table.contains(steers), "{table:?}");
    assert!(!json.contains(steers), "{json:?}");
    assert!(table.contains(r"\u{1b}[31mred\u{1b}[0m"), "{table}");
    assert!(table.contains(r"nimda\u{202e} \u{2066}x"), "{table}");
}

#[test]
fn sql_in_a_name_is_only_a_name() {
    names_are_stored(&[
        "Robert'); DROP TABLE users;--",
        "' OR '1'='1",
        "\"; DELETE FROM users; --",
        "?1 :name @name $name",
        "%s %n %x {} {0}",
        "x'00'",
        "NULL",
    ]);
}

#[test]
fn characters_of_every_plane_are_stored_and_shown_as_they_are() {
    let names = [
        "Zoë e\u{301}",
        "日本語",
        "𝒜𐍈",
        "👩‍👩‍👧‍👦",
        "𠜎",
        "x\u{e0041}",
        "\u{f0000}",
        "\u{10ffff}",
        "x\u{feff}",
        "\u{fffd}",
    ];
    let [table, _] = names_are_stored(&names);
    for name in &names[..5] {
        assert!(table.contains(name), "{name}");
    }
}

#[test]
fn rows_that_are_skipped_are_shown_escaped_too() {
    let users = "id,name,email\n1,\u{1b}[2J,\u{1b}]0;\u{7}\n\u{1b}[1,\u{9b}1m,a@b.co,\u{202e}\n";
    let folder = Folder::with_csv([users, CLEAN[1], CLEAN[2]]);
    for format in ["table", "json"] {
        let arguments = ["insert", "--from", "input", "--strict", "--format", format];
        let run = folder.tradexa(&arguments).assert().code(1);
        let shown = text(&run.get_output().stdout) + &text(&run.get_output().stderr);
        assert!(!shown.contains(steers), "{format}: {shown:?}");
    }
}

#[test]
fn the_name_of_a_folder_is_shown_escaped() {
    let folder = Folder::initialized();
    let run = folder
        .tradexa(&["insert", "--from", "\u{1b}[31m"])
        .assert()
        .code(1);
    let stderr = text(&run.get_output().stderr);
    assert!(
        !stderr.contains(steers) && stderr.contains(r"\u{1b}[31m"),
        "{stderr:?}"
    );
}

#[test]
fn numbers_up_to_the_limits_are_stored_and_those_past_them_are_not() {
    let products = "id,name,price\n\
        9223372036854775807,A,1.7976931348623157e308\n1,A,5e-324\n2,A,1.8e308\n3,A,2e-324\n4,A,00000000000000000001\n\
        9223372036854775808,A,1\n00000000000000000000000006,A,1\n";
    let orders = "id,user_id,product_id,quantity\n1,1,9223372036854775807,9223372036854775807\n\
        2,1,1,9223372036854775808\n3,1,18446744073709551617,1\n";
    let folder = Folder::with_csv([CLEAN[0], products, orders]);
    let run = folder.load(&[]);
    assert_eq!(
        run.reasons("products", "skipped"),
        [
            "4: price is out of range: \"1.8e308\"",
            "5: price is out of range: \"2e-324\"",
            "7: id is out of range: \"9223372036854775808\"",
        ]
    );
    assert_eq!(
        run.reasons("orders", "skipped"),
        [
            "3: quantity is out of range: \"9223372036854775808\"",
            "4: product_id is out of range: \"18446744073709551617\"",
        ]
    );
    let stored = [
        "1|A|5e-324",
        "4|A|1.0",
        "6|A|1.0",
        "9223372036854775807|A|1.7976931348623157e308",
    ];
    assert_eq!(folder.rows("products"), stored);
    assert_eq!(
        folder.rows("orders"),
        ["1|1|9223372036854775807|9223372036854775807"]
    );
    folder.tradexa(&["check"]).assert().success();
}

#[test]
fn a_field_of_a_megabyte_is_stored_or_rejected_whole() {
    let long = "ä\"\n".repeat(1 << 18);
    let quoted = long.replace('"', "\"\"");
    let users =
        format!("id,name,email\n1,\"{quoted}\",a@b.co\n2,\"{quoted}\",\"{quoted}\"\n3,Cy,c@b.co\n");
    let folder = Folder::with_csv([&users, CLEAN[1], CLEAN[2]]);
    let run = folder.load(&["--rejects", "rejects"]);
    assert_eq!(run.counts()[0], [2, 0, 1, 0]);
    assert!(folder.rows("users")[0] == format!("1|{long}|a@b.co"));
    let rejects = folder.csv_in("rejects", "users").unwrap();
    let reject = csv::Reader::from_reader(&rejects[..])
        .records()
        .next()
        .unwrap()
        .unwrap();
    assert!(reject[1] == long && reject[2] == long);
}

#[test]
fn three_hundred_fields_are_counted_and_kept() {
    let users = format!("id,name,email\n1{}\n2,Bo,b@b.co\n", ",x".repeat(299));
    let folder = Folder::with_csv([&users, CLEAN[1], CLEAN[2]]);
    let run = folder.load(&[]);
    assert_eq!(
        run.reasons("users", "skipped"),
        ["2: expected 3 fields, found 300"]
    );
    let extra = &run.table("users")["skipped_rows"][0]["row"]["_extra"];
    assert_eq!(*extra, json!(vec!["x"; 297]));
    assert_eq!(folder.rows("users"), ["2|Bo|b@b.co"]);
}

#[test]
fn three_hundred_columns_are_one_line_that_names_the_first_ten() {
    let columns: Vec<_> = (0..300).map(|n| format!("c{n}")).collect();
    let folder = Folder::with_csv([&columns.join(","), CLEAN[1], CLEAN[2]]);
    let run = folder
        .tradexa(&["insert", "--from", "input"])
        .assert()
        .code(1);
    let stderr = text(&run.get_output().stderr);
    assert_eq!(stderr.lines().count(), 1);
    for column in &columns[..10] {
        assert!(stderr.contains(&format!("\"{column}\"")), "{stderr}");
    }
}

#[test]
fn eighty_thousand_columns_are_one_line_that_is_not_long() {
    let columns: Vec<_> = (0..80_000).map(|n| format!("c{n}")).collect();
    let folder = Folder::with_csv([&columns.join(","), CLEAN[1], CLEAN[2]]);
    let run = folder.load(&[]);
    assert_eq!(run.status, Some(1));
    assert!(
        run.stderr.contains(", 79990 more columns are unknown, "),
        "{}",
        run.stderr
    );
    assert!(run.stderr.len() < 2000, "{}", run.stderr.len());
    let load = folder.load(&["--ignore-extra-columns"]);
    assert!(
        load.stderr.contains("column \"email\" is missing"),
        "{}",
        load.stderr
    );
}

#[test]
fn eighty_thousand_columns_beside_those_of_the_table_can_be_ignored() {
    let others = ",c".repeat(80_000);
    let users = format!("id,name,email{others}\n1,Alice,alice@b.co{others}\n");
    let folder = Folder::with_csv([&users, CLEAN[1], CLEAN[2]]);
    let run = folder.load(&["--ignore-extra-columns"]);
    assert_eq!(run.counts()[0], [1, 0, 0, 0], "{}", run.stderr);
}

/// Bytes that look more or less like the body of a CSV file.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => (1..9_u8).prop_map(|digit| vec![b'0' + digit]),
        6 => Just(b",".to_vec()),
        3 => prop_oneof![Just("\n"), Just("\r\n"), Just("\r"), Just("\n\n")].prop_map(|end| end.into()),
        3 => "[1-9],[1-9],[1-9],[1-9]\n".prop_map(String::into_bytes),
        3 => "[1-9],[a-c ]{0,2},[0-9.]{1,3}\n".prop_map(String::into_bytes),
        3 => "[1-9],[a-c ]{0,2},[ab]@b[.]co\n".prop_map(String::into_bytes),
        1 => prop_oneof![Just("a@b.co"), Just("-"), Just("\u{feff}")].prop_map(|it| it.into()),
        1 => prop_oneof![Just("\n1,\"a,\"\"b\n\",a@b.co\n"), Just("\n\"\",\"\",\"\"\n")].prop_map(|it| it.into()),
        // A quote may be out of place, and what that costs is another matter.
        1 => prop::collection::vec(any::<u8>().prop_filter("no quote", |byte| *byte != b'"'), 1..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// How many records with any text a file has, by another reader than that of the program.
fn records(file: &[u8]) -> u64 {
    let mark = "\u{feff}".as_bytes();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let has_text = |record: &csv::ByteRecord| {
        let mut first = &record[0];
        while let Some(rest) = first.strip_prefix(mark) {
            first = rest;
        }
        !first.is_empty() || record.iter().skip(1).any(|field| !field.is_empty())
    };
    reader
        .byte_records()
        .map(Result::unwrap)
        .filter(has_text)
        .count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_of_any_bytes_is_either_stored_or_skipped(
        bodies in prop::array::uniform3(body()),
        unique in any::<bool>(),
        threads in prop_oneof![Just("1"), Just("3"), Just("64")],
    ) {
        let files = [0, 1, 2].map(|place| {
            [header(place).as_bytes(), b"\n", &bodies[place]].concat()
        });
        let folder = Folder::with_csv(files.each_ref());
        let unique: &[&str] = if unique { &["--unique-email"] } else { &[] };
        let run = folder.load(&[&["--limit", "100000", "--threads", threads], unique].concat());
        prop_assert_eq!(run.status, Some(0));
        let remarks = [
            "not UTF-8",
            "beyond the header",
            "an extra empty field",
            "one field more",
            "empty cells in text columns",
            "quotes around cells were removed",
            "a line that is not data",
            "add --trim",
        ];
        let is_expected = |line: &str| remarks.iter().any(|remark| line.contains(remark));
        prop_assert!(run.stderr.lines().all(is_expected), "{}", run.stderr);
        for (place, table) in TABLES.iter().enumerate() {
            let [inserted, unchanged, skipped, failed] = run.counts()[place];
            prop_assert_eq!((unchanged, failed), (0, 0));
            prop_assert_eq!(inserted + skipped, records(&files[place]), "{}", table);
            prop_assert_eq!(folder.rows(table).len() as u64, inserted);
            prop_assert_eq!(run.list(table, "rows").len() as u64, inserted);
            let lines = run.lines(table, "skipped");
            prop_assert_eq!(lines.iter().collect::<BTreeSet<_>>().len() as u64, skipped);
            prop_assert!(lines.is_sorted());
        }
        folder.tradexa(&[&["check"], unique].concat()).assert().success();
        let rerun = folder.load(unique);
        for (first, again) in run.counts().iter().zip(rerun.counts()) {
            prop_assert_eq!(again, [0, first[0], first[2], 0]);
        }
    }
}
