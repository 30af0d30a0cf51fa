//! What a load writes never takes the place of what it reads, whatever the tables are called.

use std::fs::{self, File};
use std::process::Command;

use super::kit::{Folder, Run, TRADEXA, bounded};
use super::{with_schema, with_script};

const ITEMS: &str = "CREATE TABLE item (code TEXT PRIMARY KEY, n INTEGER CHECK (n > 0));";
const ROWS: &str = "code,n\na,1\nb,-1\n";

/// A folder with an empty database for the items, and a file of rows for it.
fn items() -> Folder {
    let folder = with_script(ITEMS);
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv("in", "item", ROWS);
    folder
}

/// Everything in a folder but the times, and the files that come and go beside a database.
fn contents(folder: &Folder) -> Vec<(String, Option<Vec<u8>>)> {
    let files = folder.everything().into_iter();
    let files = files.filter(|(name, ..)| !name.ends_with("-wal") && !name.ends_with("-shm"));
    files.map(|(name, bytes, _)| (name, bytes)).collect()
}

/// Asserts that a load with these arguments is refused with these words and changes nothing.
#[track_caller]
fn refuses(folder: &Folder, schema: &str, arguments: &[&str], words: &str) {
    let before = contents(folder);
    let run = with_schema(folder, schema, &[&["insert"], arguments].concat());
    assert_eq!(run.status, Some(1), "{arguments:?}: {}", run.stderr);
    assert!(run.stderr.contains(words), "{arguments:?}: {}", run.stderr);
    assert!(contents(folder) == before, "{arguments:?}");
}

#[test]
fn rejects_that_are_there_already_are_an_error_before_anything_is_loaded() {
    let folder = items();
    folder.csv("bad", "item", "fixed");
    let arguments = ["--from", "in", "--rejects", "bad"];
    refuses(&folder, "schema.sql", &arguments, "item.csv already exists");
}

#[test]
fn rejects_never_replace_the_file_of_the_rows() {
    let arguments = ["--from", "in", "--rejects", "in", "--overwrite"];
    let words = "item.csv is being read by this run: choose another folder with --rejects";
    refuses(&items(), "schema.sql", &arguments, words);
}

#[test]
fn rejects_never_replace_the_schema() {
    let folder = items();
    let schema = folder.outside().join("schema.sql");
    fs::rename(schema, folder.outside().join("item.csv")).unwrap();
    let arguments = ["--from", "in", "--rejects", ".", "--overwrite"];
    refuses(&folder, "item.csv", &arguments, "is being read by this run");
}

#[test]
fn rejects_never_replace_the_database() {
    let folder = items();
    let tradexa = |arguments: &[&str]| {
        let mut command = Command::new(TRADEXA);
        command.current_dir(folder.outside());
        command.args(["--database", "item.csv"]).args(arguments);
        Run::of(&mut bounded(command))
    };
    tradexa(&["--schema", "schema.sql", "init"]).succeeded();
    let before = contents(&folder);
    let run = tradexa(&["insert", "--from=in", "--rejects=.", "--overwrite"]);
    assert_eq!(run.status, Some(1));
    let words = "item.csv is being read by this run";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    assert!(contents(&folder) == before);
}

#[test]
fn a_trace_never_replaces_a_file_that_is_read() {
    let folder = items();
    fs::write(folder.outside().join("rows.csv"), ROWS).unwrap();
    fs::create_dir(folder.outside().join("gz")).unwrap();
    fs::write(folder.outside().join("gz/item.csv.gz"), ROWS).unwrap();
    let words = "belongs to this load: choose another name with --trace";
    for (rows, trace) in [
        ("--file=item=rows.csv", "rows.csv"),
        ("--file=item=rows.csv", "schema.sql"),
        ("--from=in", "in/../in/item.csv"),
        ("--from=gz", "gz/item.csv.gz"),
    ] {
        refuses(&folder, "schema.sql", &[rows, "--trace", trace], words);
    }
}

#[test]
fn a_trace_never_replaces_the_file_that_standard_input_comes_from() {
    let folder = items();
    let rows = folder.outside().join("rows.csv");
    fs::write(&rows, ROWS).unwrap();
    let mut command = Command::new(TRADEXA);
    command.current_dir(folder.outside()).arg("--dir");
    command.arg(folder.name()).args(["--schema", "schema.sql"]);
    command.args(["insert", "--file=item=-", "--trace=rows.csv"]);
    let run: Run = command
        .stdin(File::open(&rows).unwrap())
        .output()
        .unwrap()
        .into();
    assert_eq!(run.status, Some(1));
    let words = "rows.csv belongs to this load";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&rows).unwrap(), ROWS);
}

#[test]
fn a_trace_never_gets_the_name_of_another_output() {
    let folder = items();
    fs::create_dir(folder.outside().join("bad")).unwrap();
    let words = "belongs to this load";
    for trace in ["./bad/../bad/item.csv", "databases/item.db-journal"] {
        let arguments = ["--from=in", "--rejects=bad", "--trace", trace];
        refuses(&folder, "schema.sql", &arguments, words);
    }
}
