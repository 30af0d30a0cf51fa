//! Databases in other people's places: mounted, restored in part, on full disks, in folders of a group.

use std::fs::{self, File};

use predicates::prelude::*;

use crate::kit::{Folder, TABLES, shown};

/// Every command, on databases that are not used.
const COMMANDS: [&[&str]; 4] = [&["init"], &["insert"], &["insert", "--dry-run"], &["check"]];

/// The files of a table's database, with what is in them.
fn files_of(folder: &Folder, table: &str) -> Vec<(String, Option<Vec<u8>>)> {
    let mut files = folder.contents();
    files.retain(|(name, _)| name.starts_with(table));
    files
}

/// Asserts that every command is refused with this about the database of a table, and does not change its files.
#[track_caller]
fn all_refuse(folder: &Folder, table: &str, what: &str) {
    let before = files_of(folder, table);
    for command in COMMANDS {
        let run = folder.tradexa(command).assert().code(1).stdout("");
        let start = shown(&format!("tradexa: databases/{table}.db {what}"));
        run.stderr(predicate::str::starts_with(start));
        assert!(files_of(folder, table) == before, "{command:?}");
    }
}

#[test]
fn an_empty_database_whose_log_holds_rows_is_refused_and_the_log_stays() {
    for table in TABLES {
        // SQLite takes a file of one byte for an empty one, too.
        for bytes in [&b""[..], b"S"] {
            let folder = Folder::killed();
            fs::write(folder.database(table), bytes).unwrap();
            all_refuse(
                &folder,
                table,
                "is empty or missing, but its -wal holds data",
            );
        }
    }
}

#[test]
fn a_missing_database_whose_log_holds_rows_is_refused_and_the_log_stays() {
    for table in TABLES {
        let folder = Folder::killed();
        fs::remove_file(folder.database(table)).unwrap();
        all_refuse(
            &folder,
            table,
            "is empty or missing, but its -wal holds data",
        );
    }
}

#[test]
fn a_database_that_is_lost_without_its_rollback_journal_is_refused() {
    for remove in [false, true] {
        let folder = Folder::inserted();
        let writer = folder.execute(
            "users",
            "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; PRAGMA cache_spill = 1;
             BEGIN; UPDATE users SET name = hex(zeroblob(100000))",
        );
        let journal = fs::read(folder.path().join("users.db-journal")).unwrap();
        drop(writer);
        fs::write(folder.path().join("users.db-journal"), journal).unwrap();
        File::create(folder.database("users")).unwrap();
        if remove {
            fs::remove_file(folder.database("users")).unwrap();
        }
        all_refuse(
            &folder,
            "users",
            "is empty or missing, but its -journal holds data",
        );
    }
}

#[test]
fn init_completes_a_database_whose_creation_was_cut_short() {
    let folder = Folder::new();
    let writer = folder.execute(
        "users",
        "PRAGMA cache_size = 1; BEGIN; CREATE TABLE users (id)",
    );
    let journal = fs::read(folder.path().join("users.db-journal")).unwrap();
    drop(writer);
    fs::write(folder.path().join("users.db-journal"), journal).unwrap();
    folder.tradexa(&["init"]).assert().success();
    folder.tradexa(&["insert"]).assert().success();
    folder.assert_complete();
}

#[cfg(target_os = "linux")] // Single files are mounted.
mod mounted {
    use super::{COMMANDS, File, Folder, TABLES, fs, predicate};
    use crate::kit::{TRADEXA, bounded, shell_that_mounts};

    /// The program on this folder after a script, in which `$d` is the folder, has mounted things for it alone; `None`
    /// where nothing can be mounted.
    fn after_mounting(
        folder: &Folder,
        script: &str,
        command: &[&str],
    ) -> Option<assert_cmd::Command> {
        let mut shell = shell_that_mounts()?;
        shell
            .current_dir(folder.outside())
            .env_remove("TRADEXA_DIR");
        shell
            .arg(format!("d=$1; shift; {script}; exec \"$@\""))
            .arg("sh");
        shell
            .arg(folder.path())
            .arg(TRADEXA)
            .arg("--dir")
            .arg(folder.name());
        shell.args(command);
        Some(bounded(shell))
    }

    #[test]
    fn a_database_that_is_mounted_by_itself_is_refused() {
        for table in TABLES {
            // The kernel escapes white space.
            let folder = Folder::named("data bases");
            folder.tradexa(&["init"]).assert().success();
            let elsewhere = folder.outside().join("elsewhere.db");
            fs::copy(folder.database(table), elsewhere).unwrap();
            let mount = format!("mount --bind elsewhere.db \"$d/{table}.db\"");
            let before = folder.contents();
            for command in COMMANDS {
                let Some(mut run) = after_mounting(&folder, &mount, command) else {
                    return;
                };
                let run = run.assert().code(1).stdout("");
                run.stderr(predicate::str::starts_with(format!(
                    "tradexa: data bases/{table}.db is mounted separately"
                )));
            }
            assert!(folder.contents() == before);
        }
    }

    #[test]
    fn a_link_to_a_database_that_is_mounted_by_itself_is_refused() {
        let folder = Folder::initialized();
        fs::copy(folder.database("users"), folder.outside().join("a.db")).unwrap();
        fs::rename(folder.database("users"), folder.outside().join("b.db")).unwrap();
        std::os::unix::fs::symlink("../b.db", folder.database("users")).unwrap();
        let Some(mut run) = after_mounting(&folder, "mount --bind a.db b.db", &["insert"]) else {
            return;
        };
        let run = run.assert().code(1).stdout("");
        run.stderr(predicate::str::contains(
            "databases/users.db is mounted separately",
        ));
    }

    #[test]
    fn a_log_that_is_mounted_by_itself_is_refused() {
        for suffix in ["-wal", "-shm"] {
            let folder = Folder::initialized();
            for file in [
                folder.outside().join("a"),
                folder.path().join(format!("users.db{suffix}")),
            ] {
                File::create(file).unwrap();
            }
            let mount = format!("mount --bind a \"$d/users.db{suffix}\"");
            for command in COMMANDS {
                let Some(mut run) = after_mounting(&folder, &mount, command) else {
                    return;
                };
                let run = run.assert().code(1).stdout("");
                run.stderr(predicate::str::starts_with(format!(
                    "tradexa: databases/users.db has a {suffix} that is mounted separately"
                )));
            }
        }
    }

    #[test]
    fn a_folder_that_is_mounted_is_used() {
        let folder = Folder::initialized();
        let mount = "mkdir a && cp $d/* a && mount --bind a $d";
        let Some(mut run) = after_mounting(&folder, mount, &["insert"]) else {
            return;
        };
        run.assert().success();
    }
}

#[test]
fn a_database_that_is_shorter_than_its_header_says_is_damaged() {
    for table in TABLES {
        for cut in [1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1] {
            let folder = Folder::inserted();
            let file = File::options()
                .write(true)
                .open(folder.database(table))
                .unwrap();
            file.set_len(file.metadata().unwrap().len() - cut).unwrap();
            all_refuse(
                &folder,
                table,
                "is damaged: it is shorter than its header says (restore it",
            );
        }
    }
}

#[test]
fn a_database_of_which_only_a_part_of_the_header_is_left_is_damaged() {
    let folder = Folder::inserted();
    let file = File::options()
        .write(true)
        .open(folder.database("users"))
        .unwrap();
    file.set_len(99).unwrap();
    all_refuse(
        &folder,
        "users",
        "is damaged: it is shorter than its header says (restore it",
    );
}

#[test]
fn a_database_whose_last_pages_are_in_its_log_still_is_whole() {
    let (folder, copy) = (Folder::inserted(), Folder::inserted());
    let before = fs::read(folder.database("users")).unwrap();
    let held = folder.execute("users", "SELECT count(*) FROM users");
    folder.execute(
        "users",
        "UPDATE users SET name = hex(zeroblob(50000)) WHERE id = 1",
    );
    fs::copy(
        folder.path().join("users.db-wal"),
        copy.path().join("users.db-wal"),
    )
    .unwrap();
    folder.execute("users", "PRAGMA wal_checkpoint(PASSIVE)");
    let mut bytes = fs::read(folder.database("users")).unwrap();
    assert!(bytes.len() > before.len() + 16 * 1024);
    drop(held);
    // This is how a checkpoint leaves the file if it is killed before it reaches the last pages.
    bytes.truncate(before.len() + 100);
    copy.write("users", &bytes);
    copy.tradexa(&["check"]).assert().success();
    copy.tradexa(&["insert", "--dry-run"]).assert().success();
    copy.tradexa(&["insert"]).assert().success();
    copy.tradexa(&["check"]).assert().success();
}

#[test]
fn a_database_by_a_program_that_does_not_count_pages_is_whole() {
    let folder = Folder::inserted();
    let mut bytes = fs::read(folder.database("users")).unwrap();
    bytes[28..32].copy_from_slice(&9_u32.to_be_bytes());
    bytes[95] = bytes[95].wrapping_add(1);
    folder.write("users", &bytes);
    folder.tradexa(&["check"]).assert().success();
}

#[cfg(unix)] // Owners and permissions.
mod shared {
    use std::os::unix::fs::MetadataExt;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{Folder, TABLES, fs, predicate};
    use crate::kit::unprivileged::{allow, unprivileged};
    use crate::kit::{many, skipped};

    /// A folder that everybody may write to, with databases that only their owner may write to.
    fn shared(folder: Folder) -> Folder {
        for file in folder.files() {
            allow(&folder.path().join(file), 0o644);
        }
        allow(&folder.path(), 0o777);
        folder
    }

    #[test]
    fn a_log_that_was_restored_without_its_index_is_read_and_no_file_is_left() {
        let folder = shared(Folder::killed());
        for table in TABLES {
            let _ = fs::remove_file(folder.path().join(format!("{table}.db-shm")));
        }
        let before = folder.contents();
        for command in [&["check"][..], &["insert", "--dry-run"]] {
            for mut program in [
                Some(folder.tradexa(command)),
                unprivileged(&folder, command),
            ]
            .into_iter()
            .flatten()
            {
                let run = program.assert().success().stderr("");
                run.stdout(predicate::str::contains("9"));
                assert!(folder.contents() == before, "{command:?} changed something");
            }
        }
        folder.tradexa(&["insert"]).assert().success();
        folder.assert_complete();
    }

    #[test]
    fn an_insert_that_is_refused_leaves_no_file_behind() {
        let folder = shared(Folder::inserted());
        let before = folder.contents();
        if let Some(mut program) = unprivileged(&folder, &["insert"]) {
            program.assert().code(1).stdout("");
        }
        assert!(folder.contents() == before);
    }

    #[test]
    fn a_log_without_an_index_that_holds_violations_is_read() {
        let (killed, empty) = (Folder::killed(), Folder::initialized());
        for file in ["users.db", "users.db-wal", "users.db-shm", "orders.db-shm"] {
            let _ = fs::remove_file(killed.path().join(file));
        }
        fs::copy(empty.database("users"), killed.database("users")).unwrap();
        assert_eq!(killed.check(&[]).violations().len(), 7);
    }

    /// Runs commands that only read, as somebody else, while the owner loads again and again.
    fn read_beside_loads(mode: u32) {
        let folder = Folder::with_csv(many(100));
        let folder = shared(folder);
        folder.load(&["--limit", "0"]).succeeded();
        let commands = [&["check"][..], &["insert", "--dry-run"]];
        // A copy of the program that runs cannot be replaced.
        let programs = commands.map(|command| unprivileged(&folder, command));
        allow(&folder.path(), mode);
        let owner = folder.path().metadata().unwrap().uid();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for mut program in programs.into_iter().flatten() {
                let done = &done;
                scope.spawn(move || {
                    while !done.load(Ordering::Relaxed) {
                        let output = program.output().unwrap();
                        // A dry run that is disturbed by a load reports that.
                        let said = String::from_utf8_lossy(&output.stderr);
                        let is_disturbed = said.contains("by another process during the run");
                        assert!(output.status.success() || is_disturbed, "{said}");
                    }
                });
            }
            for _ in 0..20 {
                folder.load(&["--limit", "0"]).succeeded();
            }
            done.store(true, Ordering::Relaxed);
        });
        for file in folder.files() {
            let metadata = folder.path().join(&file).metadata().unwrap();
            assert_eq!(metadata.uid(), owner, "{file}");
        }
        if owner != 0 {
            skipped("there is no other user to read as");
        }
        allow(&folder.path(), 0o755);
        folder.load(&["--limit", "0"]).succeeded();
    }

    #[test]
    fn commands_that_only_read_leave_no_file_in_a_shared_folder() {
        read_beside_loads(0o777);
    }

    #[test]
    fn commands_that_only_read_never_fail_in_a_folder_that_they_cannot_write() {
        read_beside_loads(0o755);
    }
}
