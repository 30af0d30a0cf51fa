//! What changes during a run: rows that another process deletes, databases that it writes to, input that cannot be read
//! any further. The run says so.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::kit::started::{end, pipe, start, start_on_a_pipe, wait_for_rows};
use crate::kit::{CLEAN, Folder, Run, TRADEXA, bounded, header, many, strace, text};

/// More users than a load reads before it writes some.
const USERS: usize = 40_000;

#[test]
fn a_row_that_is_gone_before_it_is_read_back_is_an_error() {
    let [users, ..] = many(USERS);
    let folder = Folder::with_csv([&users, CLEAN[1], CLEAN[2]]);
    let arguments = ["insert", "--format", "json"];
    let (mut process, mut pipe) = start_on_a_pipe(&folder, &arguments);
    pipe.write_all(users.as_bytes()).unwrap();
    wait_for_rows(&folder, "users", 3, &mut process);
    let connection = folder.execute("users", "");
    connection.busy_timeout(Duration::from_secs(60)).unwrap();
    connection
        .execute("DELETE FROM users WHERE id = 3", [])
        .unwrap();
    drop(pipe);
    let run = end(process);
    assert_eq!(run.status, Some(1));
    let gone =
        "user 3 was stored, but is gone from users.db: another process or a trigger deleted it";
    assert!(run.stderr.contains(gone), "{}", run.stderr);
}

/// A dry run during which another process executes this SQL in the database of products, which it still has open when
/// the run ends.
fn dry_run_beside(sql: &str) -> Run {
    let [users, ..] = many(USERS);
    let folder = Folder::with_csv([&users, CLEAN[1], CLEAN[2]]);
    let arguments = ["insert", "--dry-run", "--format", "json"];
    let (process, mut pipe) = start_on_a_pipe(&folder, &arguments);
    // More than a pipe and a buffer hold: once it is written, the databases are open.
    pipe.write_all(users.as_bytes()).unwrap();
    let _other = folder.execute("products", sql);
    drop(pipe);
    end(process)
}

#[test]
fn a_dry_run_fails_if_another_process_writes_to_a_database() {
    let run = dry_run_beside("INSERT INTO products VALUES (9, 'Lamp', 20)");
    assert_eq!(run.status, Some(1));
    let changed =
        "products.db was changed by another process during the run: run the command again";
    assert!(run.stderr.contains(changed), "{}", run.stderr);
}

#[test]
fn a_dry_run_succeeds_while_another_process_only_reads() {
    let run = dry_run_beside("SELECT count(*) FROM products");
    assert_eq!((run.status, &run.stderr[..]), (Some(0), ""));
}

#[test]
fn a_dry_run_fails_if_another_process_checkpoints_its_writes() {
    let checkpointed =
        "INSERT INTO products VALUES (9, 'Lamp', 20); PRAGMA wal_checkpoint(TRUNCATE)";
    assert_eq!(dry_run_beside(checkpointed).status, Some(1));
}

#[test]
fn a_check_fails_if_other_processes_keep_writing() {
    let folder = Folder::with_csv(many(5000));
    folder.load(&[]).succeeded();
    let file = std::fs::File::options()
        .append(true)
        .open(folder.database("users"));
    let (file, done) = (file.unwrap(), AtomicBool::new(false));
    let noticed = thread::scope(|scope| {
        scope.spawn(|| {
            let mut time = SystemTime::now();
            while !done.load(Ordering::Relaxed) {
                time += Duration::from_millis(10);
                file.set_modified(time).unwrap();
            }
        });
        // The other thread may get no CPU time on a busy machine.
        let noticed = (0..50).any(|_| {
            let run = folder.check(&[]);
            let changed = "tradexa: other processes kept changing the databases: run the command again when they are done\n";
            match run.status {
                Some(0) => false,
                _ => (run.status, run.report["tables"].is_null(), &run.stderr[..]) == (Some(1), true, changed),
            }
        });
        done.store(true, Ordering::Relaxed);
        noticed
    });
    assert!(noticed);
}

/// Loads the clean files. Once the users and products are stored, and before any order is read, does something.
fn load_and_meanwhile(
    folder: &Folder,
    arguments: &[&str],
    order: &str,
    meanwhile: impl FnOnce(),
) -> Run {
    let pipe = pipe(folder, "orders");
    let all = ["insert", "--from", "input", "--format", "json"];
    let mut process = start(folder, &[&all, arguments].concat());
    let mut pipe = OpenOptions::new().write(true).open(&pipe).unwrap();
    writeln!(pipe, "{}", header(2)).unwrap();
    for table in ["users", "products"] {
        wait_for_rows(folder, table, 2, &mut process);
    }
    meanwhile();
    writeln!(pipe, "{order}").unwrap();
    drop(pipe);
    end(process)
}

#[test]
fn a_stored_row_whose_table_another_program_drops_cannot_be_read_back() {
    let folder = Folder::with_csv(CLEAN);
    let run = load_and_meanwhile(&folder, &[], "1,1,1,1", || {
        folder.execute("users", "DROP TABLE users");
    });
    assert_eq!(run.status, Some(1));
    let start =
        "tradexa: user 1 was stored, but could not be read back: users.db could not be used: ";
    assert!(run.stderr.starts_with(start), "{}", run.stderr);
    assert_eq!(run.counts()[0], [2, 0, 0, 0]);
}

#[test]
fn a_stored_row_that_another_program_changes_is_listed_as_it_is_now() {
    let folder = Folder::with_csv(CLEAN);
    let run = load_and_meanwhile(&folder, &[], "1,1,1,1", || {
        folder.execute("users", "UPDATE users SET name = 'Changed' WHERE id = 1");
    });
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(run.list("users", "rows")[0]["name"], "Changed");
}

#[test]
fn an_order_is_not_written_to_another_folder_than_its_user() {
    let folder = Folder::with_csv(CLEAN);
    let other = Folder::initialized();
    let run = load_and_meanwhile(&folder, &[], "1,1,1,1", || {
        fs::rename(folder.path(), folder.outside().join("old")).unwrap();
        fs::rename(other.path(), folder.path()).unwrap();
    });
    assert_eq!(run.status, Some(1));
    let why = "orders.db was moved or replaced during the run: run the command again";
    assert_eq!(run.list("orders", "failed_rows")[0]["reasons"][0], why);
    assert!(folder.all_rows().concat().is_empty());
}

/// The rejected orders in `bad` that are not in place yet, or will never be.
fn temporary(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.outside().join("bad")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".partial")).collect()
}

#[test]
fn two_loads_into_one_folder_each_put_their_own_rejects_in_place() {
    let folder = Folder::with_csv(CLEAN);
    let options = ["--rejects", "bad", "--overwrite"];
    let orders = || text(&folder.csv_in("bad", "orders").unwrap());
    let run = load_and_meanwhile(&folder, &options, "1,7,8,1", || {
        let other = folder.insert(&options).succeeded();
        assert_eq!(other.counts()[2], [7, 0, 3, 0]);
        assert_eq!(orders().lines().count(), 4);
    });
    assert_eq!((run.status, &run.stderr[..]), (Some(0), ""));
    assert_eq!(orders().lines().count(), 2);
    assert!(temporary(&folder).is_empty());
}

#[test]
fn a_reject_file_that_appears_meanwhile_is_left_as_it_is() {
    let folder = Folder::with_csv(CLEAN);
    let run = load_and_meanwhile(&folder, &["--rejects", "bad"], "1,7,8,1", || {
        folder.csv("bad", "orders", "of somebody else");
    });
    assert_eq!(run.status, Some(1));
    let [name] = <[String; 1]>::try_from(temporary(&folder)).unwrap();
    let appeared = format!(
        "tradexa: bad/orders.csv appeared during the run and was left as it is: the rejects are in the same folder, in {name}\n"
    );
    assert!(run.stderr.contains(&appeared), "{}", run.stderr);
    assert_eq!(folder.csv_in("bad", "orders").unwrap(), b"of somebody else");
    let rejects = fs::read_to_string(folder.outside().join("bad").join(name)).unwrap();
    let reject =
        "1,7,8,1,user_id 7 does not exist in users; product_id 8 does not exist in products\n";
    assert!(rejects.ends_with(reject), "{rejects}");
}

/// A load whose users cannot be read on after the first 128 KiB, where strace can do that.
fn load_with_a_bad_disk(folder: &Folder) -> Option<Run> {
    let users = folder.outside().join("input/users.csv");
    let fault = ["-e", "inject=read:error=EIO:when=2+"].map(OsStr::new);
    let options = ["-f", "-o", "/dev/null", "-e", "trace=read", "-P"].map(OsStr::new);
    let mut strace = strace(&[&options[..], &[users.as_os_str()], &fault].concat())?;
    strace.arg(TRADEXA).arg("--dir").arg(folder.path());
    strace.args(["insert", "--format", "json", "--from"]);
    strace.arg(folder.outside().join("input"));
    Some(Run::of(&mut bounded(strace)))
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_is_an_error_and_what_was_read_is_stored() {
    let [users, ..] = many(USERS);
    let orders = format!("{}\n1,1,1,1\n2,{USERS},1,1\n", header(2));
    let folder = Folder::with_csv([&users, CLEAN[1], &orders]);
    let Some(run) = load_with_a_bad_disk(&folder) else {
        return;
    };
    assert_eq!(run.status, Some(1));
    let cut = "users.csv could not be read to its end: ";
    assert!(run.stderr.contains(cut), "{}", run.stderr);
    let stored = folder.rows("users").len();
    assert!((1..USERS).contains(&stored), "{stored} are stored");
    assert_eq!(run.count("users", "inserted"), stored as u64);
    assert_eq!(folder.rows("orders").len(), 1);
    let why = format!("3: user_id {USERS} could not be inserted into users");
    assert_eq!(run.reasons("orders", "failed"), [why]);
    let rerun = folder.load(&[]).succeeded();
    assert_eq!(rerun.counts()[2], [1, 1, 0, 0]);
}
