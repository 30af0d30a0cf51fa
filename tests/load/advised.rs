//! Files as other programs write them, which cannot be read as they are: each loads once the options are added that the
//! errors name, one error after the other.

use std::fs;
use std::process::Command;

use crate::kit::{Folder, Run, TRADEXA, bounded};

/// The options that take a value.
const WITH_VALUES: [&str; 3] = ["--delimiter", "--encoding", "--skip-lines"];

/// The options that a message names, as it writes them for a shell.
fn advised(message: &str) -> Vec<String> {
    let mut options = Vec::new();
    let mut words = message.split_inclusive(' ').peekable();
    while let Some(word) = words.next() {
        let option = word.trim_start_matches('(').trim();
        if !option.starts_with("--") || matches!(option, "--column" | "--null") {
            continue;
        }
        let mut whole = option.to_string();
        if WITH_VALUES.contains(&option) {
            let value: String = words.by_ref().take(1).collect();
            whole += &format!(" {}", value.trim_end());
            // `" "` has been split.
            if value == "\" " {
                whole += " \"";
            }
        }
        options.push(whole);
    }
    options
}

/// Loads a file of users, with the options that the errors advise until there are none, and returns the options.
#[track_caller]
fn load_as_advised(bytes: &[u8], expected: &[&str]) -> Vec<String> {
    let folder = Folder::initialized();
    fs::write(folder.outside().join("export"), bytes).unwrap();
    let mut options: Vec<String> = Vec::new();
    for _ in 0..5 {
        let mut shell = Command::new("sh");
        let load = "\"$PROGRAM\" --dir databases insert --format json --file users=export";
        shell
            .current_dir(folder.outside())
            .env("PROGRAM", TRADEXA)
            .args(["-c", &format!("{load} {}", options.join(" "))]);
        let run = Run::of(&mut bounded(shell));
        if run.status == Some(0) && run.count("users", "skipped") == 0 {
            assert_eq!(folder.rows("users"), expected, "{options:?}");
            return options;
        }
        let more = advised(&run.stderr);
        assert!(
            !more.is_empty(),
            "{options:?}: {}{}",
            run.stderr,
            run.stdout
        );
        options.extend(more);
    }
    panic!("the advice goes in circles: {options:?}");
}

const ANN: &str = "1|Ann Lee|ann@example.com";
const ZOE: &str = "2|Zo\u{eb}|zoe@example.com";

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn a_shell_that_writes_the_type_first() {
    let text = b"#TYPE System.Object\r\n\"id\",\"name\",\"email\"\r\n\"1\",\"Ann Lee\",\"ann@example.com\"\r\n";
    assert_eq!(load_as_advised(text, &[ANN]), ["--skip-lines 1"]);
}

#[test]
fn comments_and_titles_above_another_delimiter() {
    let text = b"# users\n# 2026\n\nID;Name;E-Mail\n";
    let folder = Folder::initialized();
    fs::write(folder.outside().join("export"), text).unwrap();
    let run = folder.insert(&["--file=users=export"]);
    assert_eq!(
        advised(&run.stderr),
        ["--skip-lines 3", "--delimiter \";\""]
    );
    let text = b"# users\n# 2026\n\nid^name^email\n1^Ann Lee^ann@example.com\n";
    assert_eq!(
        load_as_advised(text, &[ANN]),
        ["--skip-lines 3", "--delimiter \"^\""]
    );
}

#[test]
fn a_warehouse_with_control_characters_and_no_header() {
    let text = b"1\x01Ann Lee\x01ann@example.com\n";
    assert_eq!(
        load_as_advised(text, &[ANN]),
        ["--no-header", "--delimiter \"\\x01\""]
    );
}

#[test]
fn a_line_printer_list_with_bars_at_both_ends() {
    let text = "Users 2026\n\n|id|name|email|\n|1|Ann Lee|ann@example.com|\n|2|Zo\u{eb}|zoe@example.com|\n";
    let options = load_as_advised(text.as_bytes(), &[ANN, ZOE]);
    assert_eq!(
        options,
        [
            "--skip-lines 2",
            "--delimiter \"|\"",
            "--ignore-extra-columns"
        ]
    );
}

#[test]
fn a_delimiter_of_two_characters() {
    let text = b"id||name||email\n1||Ann Lee||ann@example.com\n";
    let options = load_as_advised(text, &[ANN]);
    assert_eq!(options, ["--delimiter \"|\"", "--ignore-extra-columns"]);
}

#[test]
fn rows_with_a_delimiter_at_their_end_and_no_header() {
    let text = b"1|Ann Lee|ann@example.com|\n";
    let options = load_as_advised(text, &[ANN]);
    assert_eq!(
        options,
        ["--no-header", "--delimiter \"|\"", "--ignore-extra-columns"]
    );
}

#[test]
fn a_spreadsheet_that_saves_unicode_text() {
    let text =
        "id\tname\temail\r\n1\tAnn Lee\tann@example.com\r\n2\t\"Zo\u{eb}\"\tzoe@example.com\r\n";
    let marked = utf16(&format!("\u{feff}{text}"), u16::to_le_bytes);
    let options = ["--encoding utf-16le", "--delimiter tab"];
    assert_eq!(load_as_advised(&marked, &[ANN, ZOE]), options);
    let big = utf16(text, u16::to_be_bytes);
    let options = ["--encoding utf-16be", "--delimiter tab"];
    assert_eq!(load_as_advised(&big, &[ANN, ZOE]), options);
}

#[test]
fn a_script_that_writes_a_blank_behind_each_comma() {
    let text = b"\"id\", \"name\", \"email\"\n1, \"Ann Lee\", \"ann@example.com\"\n";
    assert_eq!(load_as_advised(text, &[ANN]), ["--trim"]);
}

#[test]
fn a_dump_with_escaped_quotes() {
    let text = b"\"1\";\"Ann \\\"Lee\\\"\";\"ann@example.com\"\n";
    let options = load_as_advised(text, &["1|Ann \"Lee\"|ann@example.com"]);
    let advised = [
        "--no-header",
        "--delimiter \";\"",
        "--backslash-escapes",
        "--update",
    ];
    assert_eq!(options, advised);
}

#[test]
fn an_index_without_a_name() {
    let text = b",id,name,email\n0,1,Ann Lee,ann@example.com\n";
    assert_eq!(load_as_advised(text, &[ANN]), ["--ignore-extra-columns"]);
}

#[test]
fn an_old_mac() {
    let text = b"id,name,email\r1,Ann Lee,ann@example.com\r2,Zo\x91,zoe@example.com\r";
    let folder = Folder::initialized();
    fs::write(folder.outside().join("export"), text).unwrap();
    let run = folder.insert(&["--file=users=export"]).succeeded();
    assert!(
        run.stderr.contains(" or macintosh (Zo\u{eb})"),
        "{}",
        run.stderr
    );
    folder
        .insert(&["--file=users=export", "--encoding=macintosh"])
        .succeeded();
    assert_eq!(folder.rows("users"), [ANN, ZOE]);
}

#[test]
fn white_space_around_cells_is_named_once_whether_rows_were_stored_with_it_or_skipped() {
    let folder = Folder::initialized();
    folder.csv(
        "input",
        "users",
        "id,name,email\n1,Ann   ,a@b.co\n 2,Bob,b@b.co\n",
    );
    let run = folder.load(&[]);
    assert_eq!(run.outcomes("users"), [1, 0, 1, 0]);
    assert_eq!(run.stderr.matches("--trim").count(), 1, "{}", run.stderr);
}
