//! Options, folders with odd names, closed pipes and full disks, and what reaches the terminal.

mod common;

use std::fs;
use std::process::{Command, Stdio};

use common::{ALL_INSERTED, Folder, TRADEXA, bounded, text};
use predicates::prelude::*;

/// A value or an option that clap must refuse, in one line that names what was wrong.
#[track_caller]
fn wrong_usage(argument: &str, named: &str) {
    let folder = Folder::initialized();
    let run = folder.tradexa(&["insert", argument]).assert().code(2);
    run.stdout("").stderr(predicate::str::contains(named));
    assert!(folder.all_rows().concat().is_empty());
}

#[test]
fn threads_are_at_least_one_and_at_most_a_thousand() {
    for argument in ["0", "1001", "-1", "many", "1.5", ""] {
        wrong_usage(&format!("--threads={argument}"), "--threads <N>");
    }
}

#[test]
fn a_lock_timeout_is_a_finite_number_from_0_to_86400() {
    for argument in ["-1", "-0.1", "nan", "inf", "86401", "1e300", "5s", ""] {
        let argument = format!("--lock-timeout={argument}");
        wrong_usage(&argument, "expected a number of seconds from 0 to 86400");
    }
}

#[test]
fn a_format_is_table_or_json() {
    wrong_usage("--format=xml", "[possible values: table, json]");
}

#[test]
fn a_limit_is_a_whole_number_from_0_on() {
    for argument in ["-1", "all", "1.5"] {
        wrong_usage(&format!("--limit={argument}"), "--limit <N>");
    }
}

#[test]
fn a_misspelt_option_is_wrong_usage_and_the_right_one_is_named() {
    wrong_usage("--lock-timout", "--lock-timeout");
}

#[test]
fn no_command_and_an_unknown_command_are_wrong_usage() {
    for arguments in [&[][..], &["instert"]] {
        let folder = Folder::new();
        folder.tradexa(arguments).assert().code(2).stdout("");
        assert!(!folder.path().exists());
    }
}

#[test]
fn the_ends_of_the_ranges_are_accepted() {
    for arguments in [
        ["--threads=1", "--lock-timeout=86400"],
        ["--threads=1000", "--lock-timeout=0"],
    ] {
        let run = Folder::initialized().insert(&arguments);
        assert_eq!((run.status, run.counts()), (Some(0), ALL_INSERTED));
    }
}

#[test]
fn one_thread_per_database_is_enough() {
    let folder = Folder::initialized();
    // The first user has a thread of her own, the other eight share one; products and orders likewise.
    assert_eq!(folder.insert(&["--threads", "1"]).report["threads"], 6);
    folder.assert_complete();
}

#[test]
fn the_environment_names_the_folder_where_no_option_does() {
    let folder = Folder::new();
    let run = |command: &str| {
        let mut process = Command::new(TRADEXA);
        process.current_dir(folder.outside());
        process.env("TRADEXA_DIR", folder.path()).arg(command);
        bounded(process).assert().success();
    };
    run("init");
    run("insert");
    folder.assert_complete();
}

#[test]
fn the_dir_option_goes_before_the_environment() {
    let folder = Folder::new();
    let elsewhere = folder.outside().join("elsewhere");
    let mut init = folder.tradexa(&["init"]);
    init.env("TRADEXA_DIR", &elsewhere).assert().success();
    assert!(folder.database("users").exists() && !elsewhere.exists());
}

#[test]
fn the_dir_option_may_follow_the_command() {
    let folder = Folder::new();
    let mut process = Command::new(TRADEXA);
    process.args(["init", "--dir"]).arg(folder.path());
    bounded(process).assert().success();
    assert!(folder.database("users").exists());
}

#[test]
fn without_a_dir_the_databases_are_in_the_current_folder() {
    let folder = Folder::initialized();
    let mut process = Command::new(TRADEXA);
    process.current_dir(folder.path()).env_remove("TRADEXA_DIR");
    bounded(process).arg("insert").assert().success();
    folder.assert_complete();
}

/// Both commands in a folder with this name.
#[track_caller]
fn works_in(name: impl Into<std::ffi::OsString>) {
    let folder = Folder::named(name);
    folder.tradexa(&["init"]).assert().success();
    let run = folder.insert(&[]);
    assert_eq!((run.status, run.counts()), (Some(0), ALL_INSERTED));
    folder.assert_complete();
    assert_eq!(folder.files(), ["orders.db", "products.db", "users.db"]);
    assert_eq!(fs::read_dir(folder.outside()).unwrap().count(), 1);
}

#[test]
fn a_folder_may_have_spaces_in_its_name() {
    works_in("my data bases");
}

#[test]
fn a_folder_may_have_a_name_that_looks_like_a_uri() {
    works_in("file:x");
    works_in("file:x?mode=memory&cache=shared#y");
}

#[test]
fn a_folder_may_have_percent_signs_and_letters_of_the_world_in_its_name() {
    works_in("100%41 Zoë 日本");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_may_have_a_name_that_is_not_utf_8() {
    use std::os::unix::ffi::OsStringExt;
    works_in(std::ffi::OsString::from_vec(b"caf\xe9".to_vec()));
}

#[cfg(unix)]
#[test]
fn a_folder_may_be_a_link() {
    let folder = Folder::initialized();
    let link = folder.outside().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    let mut process = Command::new(TRADEXA);
    process.arg("--dir").arg(link).arg("insert");
    bounded(process).assert().success();
    folder.assert_complete();
}

/// A pipe whose reader has gone.
fn closed_pipe() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    writer.into()
}

#[test]
fn a_closed_pipe_ends_the_report_quietly_with_the_status_the_run_earned() {
    for (option, status) in [("--format=table", 0), ("--format=json", 0), ("--strict", 1)] {
        let folder = Folder::initialized();
        let mut process = folder.process(&["insert", option]);
        process.stdout(closed_pipe()).stderr(Stdio::piped());
        let output = process.spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{option}");
        assert_eq!(output.stderr.is_empty(), status == 0, "{option}");
        folder.assert_complete();
    }
}

#[test]
fn init_with_a_closed_pipe_creates_all_three_databases() {
    let folder = Folder::new();
    let status = folder.process(&["init"]).stdout(closed_pipe()).status();
    assert_eq!(status.unwrap().code(), Some(0));
    assert_eq!(folder.files(), ["orders.db", "products.db", "users.db"]);
}

#[test]
fn an_error_that_nobody_can_be_told_still_gives_status_1() {
    let folder = Folder::new();
    let status = folder.process(&["insert"]).stderr(closed_pipe()).status();
    assert_eq!(status.unwrap().code(), Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn init_creates_all_databases_though_it_cannot_say_so() {
    let folder = Folder::new();
    let full = fs::File::create("/dev/full").unwrap();
    let status = folder.process(&["init"]).stdout(full).status();
    assert_eq!(status.unwrap().code(), Some(1));
    folder.tradexa(&["check"]).assert().success();
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_is_an_error_and_the_rows_are_stored() {
    for arguments in [&["insert"][..], &["insert", "--format", "json"]] {
        let folder = Folder::initialized();
        let full = fs::File::create("/dev/full").unwrap();
        let mut process = folder.process(arguments);
        process.stdout(full).stderr(Stdio::piped());
        let output = process.spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            text(&output.stderr),
            "tradexa: the report could not be written to standard output: No space left on device (os error 28)\n"
        );
        folder.assert_complete();
    }
}

#[cfg(unix)]
#[test]
fn the_name_of_a_folder_reaches_the_terminal_escaped() {
    let folder = Folder::named("\u{1b}[31mred\r\nand more");
    let run = folder.tradexa(&["insert"]).assert().code(1);
    let stderr = text(&run.get_output().stderr);
    assert!(stderr.starts_with(r"tradexa: \u{1b}[31mred\r\nand more/users.db does not exist"));
    assert!(!stderr.contains(['\u{1b}', '\r']));
}

#[cfg(unix)]
#[test]
fn a_thousand_threads_work_with_256_file_descriptors() {
    let folder = Folder::initialized();
    let mut run = folder.with_descriptors(256, &["insert", "--threads", "1000"]);
    run.assert().success().stderr("");
    folder.assert_complete();
}
