//! Output that cannot be written: closed pipes and full disks.

use std::process::Stdio;

use crate::kit::Folder;

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
fn an_error_that_cannot_be_printed_still_gives_status_1() {
    let folder = Folder::new();
    let status = folder.process(&["insert"]).stderr(closed_pipe()).status();
    assert_eq!(status.unwrap().code(), Some(1));
}

#[cfg(target_os = "linux")] // It has a disk that is always full.
#[test]
fn init_creates_all_databases_even_if_it_cannot_print() {
    let folder = Folder::new();
    let full = std::fs::File::create("/dev/full").unwrap();
    let status = folder.process(&["init"]).stdout(full).status();
    assert_eq!(status.unwrap().code(), Some(1));
    folder.tradexa(&["check"]).assert().success();
}

#[cfg(target_os = "linux")] // It has a disk that is always full.
#[test]
fn a_report_that_cannot_be_written_is_an_error_and_the_rows_are_stored() {
    for arguments in [&["insert"][..], &["insert", "--format", "json"]] {
        let folder = Folder::initialized();
        let full = std::fs::File::create("/dev/full").unwrap();
        let mut process = folder.process(arguments);
        process.stdout(full).stderr(Stdio::piped());
        let output = process.spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            crate::kit::text(&output.stderr),
            "tradexa: the report could not be written to standard output: No space left on device (os error 28)\n"
        );
        folder.assert_complete();
    }
}

#[cfg(target_os = "linux")] // It has a disk that is always full.
#[test]
fn init_reports_a_database_it_could_not_create_even_if_stdout_cannot_be_written() {
    let folder = Folder::new();
    let _lock = folder.lock("products");
    let full = std::fs::File::create("/dev/full").unwrap();
    let mut process = folder.process(&["init"]);
    process.stdout(full).stderr(Stdio::piped());
    let output = process.spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        crate::kit::text(&output.stderr),
        "tradexa: databases/products.db is locked by another process (waited 5 s)\n\
         tradexa: the report could not be written to standard output: No space left on device (os error 28)\n"
    );
}

/// Runs the program in a shell that redirects its output, and returns its status and what it says.
#[cfg(unix)] // The shell.
fn redirected(folder: &Folder, redirection: &str) -> (Option<i32>, String) {
    let program = folder.process(&["insert"]);
    let mut shell = std::process::Command::new("sh");
    shell
        .current_dir(folder.outside())
        .args(["-c", &format!("exec \"$@\" {redirection}"), "sh"])
        .arg(program.get_program())
        .args(program.get_args());
    let output = shell.output().unwrap();
    (output.status.code(), crate::kit::text(&output.stderr))
}

#[cfg(unix)] // The shell.
#[test]
fn a_read_only_standard_output_is_an_error() {
    for redirection in ["1</dev/null", "1<databases/users.db"] {
        let folder = Folder::initialized();
        let (status, stderr) = redirected(&folder, redirection);
        assert_eq!(status, Some(1), "{redirection}: {stderr}");
        let error = "tradexa: the report could not be written to standard output: ";
        assert!(stderr.starts_with(error), "{redirection}: {stderr}");
        folder.assert_complete();
    }
}

#[cfg(unix)] // The shell.
#[test]
fn output_may_be_thrown_away() {
    // The second is how Python and Node do it.
    for redirection in [">/dev/null", "1<>/dev/null"] {
        let thrown_away = redirected(&Folder::initialized(), redirection);
        assert_eq!(thrown_away, (Some(0), String::new()), "{redirection}");
    }
}
