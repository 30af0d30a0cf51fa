//! `docs/nightly.md`: its scripts, in the folder of a job, and as cron runs them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::kit::{Folder, Run, TRADEXA, bounded, many, skipped};
use crate::shell::Shell;
use crate::transcripts::assert_prints;

const TEXT: &str = include_str!("../../docs/nightly.md");

/// The script of this name in the text.
fn script(name: &str) -> &'static str {
    let (_, script) = TEXT.split_once(&format!("$ cat {name}\n")).unwrap();
    script.split_once("```").unwrap().0
}

/// Writes a script of the text into a folder, to be run.
fn put(folder: &Path, name: &str) {
    let path = folder.join(name);
    fs::write(&path, script(name)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Whether these programs are there. Says so if one is not.
fn has(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| {
        let found = Command::new(program).arg("--version").output();
        !found.is_ok_and(|output| output.status.success())
    });
    if let Some(program) = missing {
        skipped(&format!("there is no {program} here"));
    }
    missing.is_none()
}

#[test]
fn the_commands_print_what_the_text_shows() {
    if !has(&["jq", "sqlite3"]) {
        return;
    }
    let shell = Shell::new();
    for name in ["load.sh", "check.sh"] {
        put(shell.folder(), name);
    }
    assert_prints(&shell, TEXT);
}

/// Runs a script as cron does: there is hardly any environment, no input and no terminal.
fn by_cron(folder: &Folder, name: &str, patience: &str) -> Run {
    let programs = Path::new(TRADEXA).parent().unwrap().display();
    let mut script = Command::new(folder.outside().join(name));
    script
        .current_dir("/")
        .env_clear()
        .env("PATH", format!("{programs}:/usr/bin:/bin"))
        .env("PATIENCE", patience);
    Run::of(&mut bounded(script))
}

/// A folder of the job with databases that are empty.
fn job(files: [String; 3]) -> Folder {
    let folder = Folder::named("shop");
    folder.tradexa(&["init"]).assert().success();
    folder.give("in", files);
    for name in ["load.sh", "check.sh"] {
        put(&folder.outside(), name);
    }
    folder
}

#[test]
fn nothing_is_mailed_after_a_good_night() {
    if !has(&["jq"]) {
        return;
    }
    let [mut users, products, orders] = many(100);
    users += "101,,zoë@example.com\n";
    let folder = job([users, products, orders]);
    for name in ["load.sh", "check.sh", "load.sh"] {
        let run = by_cron(&folder, name, "5");
        assert_eq!(
            (run.status, run.stdout + &run.stderr),
            (Some(0), String::new())
        );
    }
    assert_eq!(folder.rows("orders").len(), 100);
    let rejects = fs::read_dir(folder.outside().join("rejects")).unwrap();
    let rejects = rejects.last().unwrap().unwrap().path();
    let users = fs::read_to_string(rejects.join("users.csv")).unwrap();
    assert!(
        users.ends_with("101,,zoë@example.com,name is empty\n"),
        "{users}"
    );
}

#[test]
fn a_backup_that_holds_a_lock_for_too_long_is_mailed_and_the_next_night_completes_the_load() {
    if !has(&["jq"]) {
        return;
    }
    let folder = job(many(100));
    let lock = folder.lock("products");
    let run = by_cron(&folder, "load.sh", "0");
    assert_eq!(run.status, Some(1));
    assert!(
        run.stdout
            .starts_with("Loading in ended with status 1.\n200 rows could not be inserted: "),
        "{}",
        run.stdout
    );
    drop(lock);
    let run = by_cron(&folder, "load.sh", "0");
    assert_eq!((run.status, run.stdout), (Some(0), String::new()));
    assert_eq!(folder.all_rows().map(|rows| rows.len()), [100; 3]);
}

#[test]
fn a_load_without_a_report_and_a_database_that_is_gone_are_mailed() {
    if !has(&["jq"]) {
        return;
    }
    let folder = job(many(3));
    fs::remove_file(folder.database("orders")).unwrap();
    for (name, first) in [
        ("load.sh", "Loading in ended with status 1."),
        ("check.sh", "The check of the databases found something:"),
    ] {
        let run = by_cron(&folder, name, "0");
        assert_eq!(run.status, Some(1));
        let lines: Vec<_> = run.stdout.lines().collect();
        assert_eq!(lines[0], first);
        assert!(
            lines[1].starts_with("shop/orders.db does not exist"),
            "{lines:#?}"
        );
    }
}
