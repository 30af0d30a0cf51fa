//! What SQLite calls a disk error, a lock or a read-only database is explained by its cause.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::kit::unprivileged::{allow, unprivileged};
use crate::kit::{Folder, Run, TABLES, TRADEXA, bounded, many, shell_that_mounts, strace};

/// More rows than a disk of a megabyte has room for.
const ROWS: usize = 15_000;

/// Runs a script in its own mount namespace. `$d` is the folder of the databases, and `tradexa` the program on it.
/// `None` if nothing can be mounted.
fn mounted(folder: &Folder, script: &str) -> Option<Run> {
    let mut shell = shell_that_mounts()?;
    shell
        .current_dir(folder.outside())
        .env_remove("TRADEXA_DIR");
    let program = "d=$1 program=$2; tradexa() { \"$program\" --dir databases \"$@\"; }";
    shell.arg(format!("{program}; {script}")).arg("sh");
    shell.arg(folder.path()).arg(TRADEXA);
    Some(Run::of(&mut bounded(shell)))
}

/// Asserts that a run failed with this about the database of each table, and did not blame anything else.
#[track_caller]
fn assert_each(run: &Run, cause: &str) {
    let expected = TABLES.map(|table| format!("tradexa: databases/{table}.db {cause}\n"));
    assert_eq!(
        (run.status, run.stderr.as_str()),
        (Some(1), &*expected.concat())
    );
}

#[test]
fn rows_that_fail_because_the_disk_is_full_say_so() {
    let folder = Folder::with_csv(many(ROWS));
    let load = "mount -t tmpfs -o size=1m none $d; tradexa init >&2; tradexa insert --from input --format json";
    let Some(run) = mounted(&folder, load) else {
        return;
    };
    let full =
        "users.db could not be used: the disk is full (make room, and run the command again)";
    assert_eq!(run.table("users")["failed_reasons"][0]["reason"], full);
}

#[test]
fn databases_that_cannot_be_opened_because_the_disk_is_full_say_so() {
    let folder = Folder::inserted();
    let fill = "mkdir copy; cp $d/* copy; mount -t tmpfs -o size=1m none $d; cp copy/* $d; \
                cat /dev/zero >$d/fill 2>/dev/null || true; ";
    let Some(run) = mounted(&folder, &format!("{fill} tradexa insert")) else {
        return;
    };
    assert_each(
        &run,
        "could not be used: the disk is full (make room, and run the command again)",
    );
    // Reading needs no room.
    let check = format!("{fill} ! tradexa insert 2>/dev/null; tradexa check --format json");
    fs::remove_dir_all(folder.outside().join("copy")).unwrap();
    mounted(&folder, &check).unwrap().succeeded();
}

#[test]
fn an_insert_for_which_the_disk_is_full_leaves_no_file_behind() {
    let folder = Folder::inserted();
    let script = "mkdir copy; cp $d/* copy; mount -t tmpfs -o size=200k none $d; cp copy/* $d; \
                  cat /dev/zero >$d/fill 2>/dev/null || true; ! tradexa insert 2>/dev/null; ls $d";
    let Some(run) = mounted(&folder, script) else {
        return;
    };
    assert_eq!(run.stdout, "fill\norders.db\nproducts.db\nusers.db\n");
}

#[test]
fn a_read_only_mount_is_named() {
    let folder = Folder::inserted();
    let mount = "mount --bind $d $d; mount -o remount,ro,bind $d; tradexa insert";
    let Some(run) = mounted(&folder, mount) else {
        return;
    };
    assert_each(
        &run,
        "is on a file system that is mounted read-only: mount it for writing, or choose another folder with --dir",
    );
}

#[test]
fn a_limit_on_file_sizes_is_named() {
    let folder = Folder::with_csv(many(ROWS));
    let mut shell = Command::new("sh");
    let script = "ulimit -f 200; exec \"$@\" insert --from input --format json";
    shell
        .current_dir(folder.outside())
        .env_remove("TRADEXA_DIR");
    shell.args(["-c", script, "sh", TRADEXA, "--dir", "databases"]);
    let run = Run::of(&mut bounded(shell));
    assert_eq!(
        run.table("products")["failed_reasons"][0]["reason"],
        "products.db could not be used: it would grow past the limit on file sizes (raise it with `ulimit -f`)"
    );
}

#[test]
fn a_file_system_without_locks_is_named_and_init_leaves_no_file_there() {
    let no_locks = ["-f", "-o", "/dev/null", "-e", "inject=fcntl:error=ENOLCK"];
    let cause =
        "is on a file system that cannot lock files, such as a network share: use a local disk";
    let run = |folder: &Folder, command: &str| {
        let mut process = strace(&no_locks)?;
        process
            .current_dir(folder.outside())
            .env_remove("TRADEXA_DIR");
        process.args([TRADEXA, "--dir", "databases", command]);
        Some(Run::of(&mut bounded(process)))
    };
    let folder = Folder::inserted();
    for command in ["insert", "check"] {
        let Some(run) = run(&folder, command) else {
            return;
        };
        assert_each(&run, cause);
    }
    let folder = Folder::new();
    let run = run(&folder, "init").unwrap();
    // Nothing is printed to standard output, because that needs the same call, which fails.
    let expected = format!("tradexa: databases/users.db {cause}\n");
    assert!(run.stderr.starts_with(&expected), "{}", run.stderr);
    assert!(folder.files().is_empty());
}

#[test]
fn a_file_system_without_shared_memory_is_named() {
    let folder = Folder::inserted();
    let index = folder.database("users").with_extension("db-shm");
    File::create(&index).unwrap();
    let no_sharing = ["-f", "-o", "/dev/null", "-P", index.to_str().unwrap(), "-e"];
    let options = [&no_sharing[..], &["inject=mmap:error=ENODEV"]].concat();
    let Some(mut process) = strace(&options) else {
        return;
    };
    process
        .current_dir(folder.outside())
        .env_remove("TRADEXA_DIR");
    process.args([TRADEXA, "--dir", "databases", "insert"]);
    let run = Run::of(&mut bounded(process));
    assert_eq!(
        run.stderr,
        "tradexa: databases/users.db is on a file system without shared memory, such as a network share: use a local disk\n"
    );
}

#[test]
fn a_file_that_belongs_to_another_user_is_named_with_its_owner() {
    for table in TABLES {
        for suffix in ["", "-wal", "-shm"] {
            let folder = Folder::inserted();
            allow(&folder.path(), 0o777);
            for table in TABLES {
                allow(&folder.database(table), 0o666);
            }
            for log in ["-wal", "-shm"] {
                let log = folder.path().join(format!("{table}.db{log}"));
                File::create(&log).unwrap();
                allow(&log, 0o666);
            }
            let name = format!("{table}.db{suffix}");
            let file = folder.path().join(&name);
            allow(&file, 0o644);
            let Some(mut process) = unprivileged(&folder, &["insert"]) else {
                return;
            };
            if fs::metadata(folder.outside()).unwrap().permissions().mode() & 0o1 == 0 {
                // Without the superuser there is no other user.
                return;
            }
            let run = Run::of(&mut process);
            let start =
                format!("tradexa: databases/{table}.db cannot be used: you may not write to ");
            let end = format!("databases/{name}, which belongs to root\n");
            assert!(
                run.stderr.starts_with(&start) && run.stderr.ends_with(&end),
                "{name}: {}",
                run.stderr
            );
        }
    }
}
