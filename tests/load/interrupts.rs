//! Ctrl-C and SIGTERM: reading stops, what is being written is finished, and the report says how far it came.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::kit;
use crate::kit::started::{end, pipe, start, start_on_a_pipe, wait_for_rows};
use crate::kit::{CLEAN, Folder, Run, TABLES, TRADEXA, many, text};

const SIGINT: i32 = 2;

fn send(signal: &str, process: &Child) {
    let kill = format!("kill -{signal} {}", process.id());
    let sent = Command::new("sh").args(["-c", &kill]).output();
    assert!(sent.is_ok_and(|sent| sent.status.success()), "{kill}");
}

const JSON: [&str; 3] = ["insert", "--format", "json"];

#[test]
fn a_load_that_waits_for_a_lock_gives_up_and_its_rows_fail() {
    if kit::ignores_interrupts() {
        return;
    }
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let folder = Folder::initialized();
        let lock = folder.lock("users");
        let arguments = [&JSON[..], &["--lock-timeout", "1000"]].concat();
        let mut process = start(&folder, &arguments);
        wait_for_rows(&folder, "products", 9, &mut process);
        send(signal, &process);
        let run = end(process);
        drop(lock);
        assert_eq!(run.status, Some(status), "{}", run.stderr);
        assert_eq!(run.report["interrupted"], true);
        let reasons = run.reasons("users", "failed");
        assert!(!reasons.is_empty());
        for reason in reasons {
            assert!(
                reason.contains("users.db is locked by another process (waited "),
                "{reason}"
            );
        }
        assert_eq!(run.counts()[0][0], 0);
        assert_eq!(folder.rows("orders").len() as u64, run.counts()[2][0]);
        folder.insert(&[]).succeeded();
        folder.assert_complete();
    }
}

/// Starts a load whose users come through a pipe, more than are read before some are written, and interrupts it once it
/// has written some. The pipe gets more until nobody reads them.
fn interrupt(folder: &Folder, first: &str, arguments: &[&str]) -> Run {
    let (mut process, mut pipe) = start_on_a_pipe(folder, &[&JSON[..], arguments].concat());
    let [users, ..] = many(USERS);
    let (header, users) = users.split_once('\n').unwrap();
    let text = format!("{header}\n{first}{users}");
    pipe.write_all(text.as_bytes()).unwrap();
    wait_for_rows(folder, "users", 1, &mut process);
    send("INT", &process);
    let more = (USERS + 1..).map(|id| format!("{id},User {id},u{id}@b.co\n"));
    for user in more {
        if pipe.write_all(user.as_bytes()).is_err() {
            break;
        }
    }
    end(process)
}

/// More users than a load reads before it writes some.
const USERS: usize = 35_000;

#[test]
fn a_load_that_reads_from_a_pipe_stops_reading_and_says_after_how_many_rows() {
    if kit::ignores_interrupts() {
        return;
    }
    let folder = Folder::with_csv(CLEAN);
    let run = interrupt(&folder, "", &["--threads", "4"]);
    assert_eq!(
        (run.status, &run.report["interrupted"]),
        (Some(130), &true.into())
    );
    assert!(run.stderr.contains("again"), "{}", run.stderr);
    for (table, counts) in TABLES.into_iter().zip(run.counts()) {
        assert_eq!(folder.rows(table).len() as u64, counts[0], "{table}");
    }
    fs::remove_file(folder.outside().join("input/users.csv")).unwrap();
    let [users, ..] = many(USERS);
    folder.csv("input", "users", users);
    let [[inserted, unchanged, ..], ..] = folder.load(&[]).succeeded().counts();
    assert_eq!(inserted + unchanged, USERS as u64);
}

#[test]
fn the_rejects_of_a_load_that_is_interrupted_are_put_in_their_place() {
    if kit::ignores_interrupts() {
        return;
    }
    let folder = Folder::with_csv(CLEAN);
    let run = interrupt(&folder, "0,Nobody,n@b.co\n", &["--rejects", "rejects"]);
    assert_eq!(run.status, Some(130));
    assert_eq!(
        text(&folder.csv_in("rejects", "users").unwrap()),
        "id,name,email,reason\n0,Nobody,n@b.co,\"id must be greater than 0, got 0\"\n"
    );
}

#[test]
fn a_load_that_is_interrupted_leaves_the_rejects_of_an_earlier_one() {
    if kit::ignores_interrupts() {
        return;
    }
    let folder = Folder::with_csv(CLEAN);
    folder.csv("rejects", "users", "of an earlier load");
    let run = interrupt(&folder, "", &["--rejects", "rejects", "--overwrite"]);
    assert_eq!(run.status, Some(130));
    let rejects = folder.csv_in("rejects", "users").unwrap();
    assert_eq!(text(&rejects), "of an earlier load");
}

#[test]
fn a_second_signal_immediately_ends_a_load_that_is_blocked_on_an_idle_pipe() {
    if kit::ignores_interrupts() {
        return;
    }
    let folder = Folder::with_csv(CLEAN);
    let (mut process, mut pipe) = start_on_a_pipe(&folder, &JSON);
    pipe.write_all(CLEAN[0].as_bytes()).unwrap();
    // Two signals that come one right after the other may count as one.
    let patience = Instant::now() + Duration::from_secs(60);
    let mut signals = 0;
    while process.try_wait().unwrap().is_none() && Instant::now() < patience {
        send("INT", &process);
        signals += 1;
    }
    let hangs = process.try_wait().unwrap().is_none();
    let _ = process.kill();
    let run = end(process);
    assert!(!hangs, "it takes no notice of {signals} signals");
    assert!(
        run.ended.signal() == Some(SIGINT) || run.status == Some(130),
        "{}",
        run.ended
    );
    folder.check(&[]).succeeded();
}

#[test]
fn a_signal_before_the_first_row_ends_the_process_as_always() {
    if kit::ignores_interrupts() {
        return;
    }
    for arguments in [&["insert"][..], &["insert", "--dry-run"]] {
        let folder = Folder::with_csv(CLEAN);
        let (process, pipe) = start_on_a_pipe(&folder, arguments);
        send("INT", &process);
        let run = end(process);
        drop(pipe);
        assert_eq!(
            run.ended.signal(),
            Some(SIGINT),
            "{arguments:?}: {}",
            run.ended
        );
        assert_eq!(run.stdout, "");
    }
}

#[cfg(target_os = "linux")] // Elsewhere the program cannot find out.
#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored_and_the_other_does_not() {
    for (ignored, other, status) in [("INT", "TERM", 143), ("TERM", "INT", 130)] {
        for (signal, status) in [(ignored, 0), (other, status)] {
            if signal == "INT" && kit::ignores_interrupts() {
                continue;
            }
            let folder = Folder::with_csv(CLEAN);
            let path = pipe(&folder, "users");
            let mut shell = Command::new("sh");
            let script = format!("trap '' {ignored}; exec \"$@\"");
            let program = folder.process(&[&JSON[..], &["--from", "input"]].concat());
            shell
                .current_dir(folder.outside())
                .args(["-c", &script, "sh", TRADEXA])
                .args(program.get_args())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            let mut process = shell.spawn().unwrap();
            let mut pipe = OpenOptions::new().write(true).open(&path).unwrap();
            let [users, ..] = many(USERS);
            pipe.write_all(users.as_bytes()).unwrap();
            wait_for_rows(&folder, "users", 1, &mut process);
            send(signal, &process);
            // A load that stops takes notice only when it reads the next rows.
            while status != 0 && pipe.write_all(b"0,Nobody,n@b.co\n").is_ok() {}
            drop(pipe);
            let run = end(process);
            assert_eq!(run.status, Some(status), "{signal} with {ignored} ignored");
            assert_eq!(run.report["interrupted"], status != 0);
        }
    }
}
