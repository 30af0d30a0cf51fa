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
        let folder = Folder::killed();
        File::create(folder.database(table)).unwrap();
        all_refuse(
            &folder,
            table,
            "is empty or missing, but its -wal holds data",
        );
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
    use std::process::Command;

    use super::{COMMANDS, File, Folder, TABLES, fs, predicate};
    use crate::kit::{TRADEXA, bounded, skipped};

    /// The program on this folder after a script, in which `$d` is the folder, has mounted things for it alone; `None`
    /// where nothing can be mounted.
    fn after_mounting(
        folder: &Folder,
        script: &str,
        command: &[&str],
    ) -> Option<assert_cmd::Command> {
        let unshare = || {
            let mut unshare = Command::new("unshare");
            unshare.args(["--mount", "sh", "-e", "-c"]);
            unshare
        };
        let works = unshare().arg("mount -t tmpfs none /mnt").output();
        if !works.is_ok_and(|it| it.status.success()) {
            skipped("nothing can be mounted here");
            return None;
        }
        let mut shell = unshare();
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
                    "tradexa: data bases/{table}.db is mounted by itself"
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
            "databases/users.db is mounted by itself",
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
                    "tradexa: databases/users.db has a {suffix} that is mounted by itself"
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
