//! What was stored before is made durable, and no lock is lost on the way. That everything is really synced is tested
//! from outside, by cutting the power.

use std::process::Command;

use super::*;

/// The environment variable that tells the process started by [`another_process_can_have_it`] which folder to use.
const FOLDER: &str = "TRADEXA_TEST_FOLDER";

/// Whether another process can open the database exclusively, which needs a lock on the file that cannot be had while
/// anyone else has it open.
fn another_process_can_have_it(folder: &TempDir) -> bool {
    let (_crate, module) = module_path!().split_once("::").unwrap();
    let mut this = Command::new(std::env::current_exe().unwrap());
    this.args(["--exact", &format!("{module}::have_it")]);
    let output = this.env(FOLDER, folder.path()).output().unwrap();
    let ran = String::from_utf8_lossy(&output.stdout).contains("running 1 test");
    assert!(ran, "{output:?}");
    output.status.success()
}

/// What that process does. Without a folder, it is not that process, and there is nothing to do.
#[test]
fn have_it() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let other = Connection::open(path(TABLES[0], std::path::Path::new(&folder))).unwrap();
    other.busy_timeout(Duration::ZERO).unwrap();
    let exclusive = "PRAGMA locking_mode = EXCLUSIVE; SELECT * FROM users";
    other.execute_batch(exclusive).unwrap();
}

/// A folder with users whose last commit is in the log only, as a killed run leaves it.
fn killed() -> TempDir {
    let fixture = Fixture::new(0);
    fixture.insert(&users([1]));
    let folder = TempDir::new().unwrap();
    for suffix in ["", "-wal"] {
        let to = beside(&path(TABLES[0], folder.path()), suffix);
        std::fs::copy(beside(&fixture.path(), suffix), to).unwrap();
    }
    folder
}

#[test]
fn preparing_a_database_drops_no_locks() {
    let fixture = Fixture::open(0, killed());
    assert!(!another_process_can_have_it(&fixture.folder));
    fixture.insert(&users([2]));
    assert!(!another_process_can_have_it(&fixture.folder));
    assert_eq!(fixture.ids(), [1, 2]);
    drop(fixture.database);
    assert!(another_process_can_have_it(&fixture.folder));
}

#[test]
fn a_database_that_is_read_still_has_its_locks() {
    let folder = killed();
    // Without an index, a copy would be read.
    std::fs::write(beside(&path(TABLES[0], folder.path()), "-shm"), "").unwrap();
    let reader = Reader::open(TABLES[0], folder.path(), &none()).unwrap();
    assert_eq!(stored(&reader, &[1]), [1]);
    assert!(!another_process_can_have_it(&folder));
    drop(reader);
    assert!(another_process_can_have_it(&folder));
}

#[test]
fn locks_survive_the_wait_for_another_process() {
    let fixture = Fixture::new(0);
    let other = fixture.other();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let rows = fixture.rows(&users([1]));
    let inserted = fixture
        .database
        .writer(false)
        .unwrap()
        .insert(&rows, &[0], no_dependents);
    assert!(matches!(inserted, Err(Problem::Locked(_))), "{inserted:?}");
    drop(other);
    assert!(!another_process_can_have_it(&fixture.folder));
    fixture.insert(&users([1]));
    let log = beside(&fixture.path(), "-wal");
    drop(fixture.database);
    assert!(!log.exists(), "the last connection to close moves the log");
}

#[test]
fn a_database_that_was_taken_out_of_wal_mode_is_put_back() {
    let rollback = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT)";
    let fixture = Fixture::made_by(0, rollback);
    let mode = "PRAGMA journal_mode";
    let mode = fixture
        .other()
        .query_row(mode, [], |row| row.get::<_, String>(0));
    assert_eq!(mode.unwrap(), "wal");
}

#[test]
fn a_database_that_cannot_be_in_wal_mode_is_an_error() {
    // One in memory has no log.
    let connection = Connection::open_in_memory().unwrap();
    let kept = wal::keep_in_wal_mode(&connection, &Waiter::default());
    assert!(matches!(kept, Err(Problem::NoWal)), "{kept:?}");
}

#[cfg_attr(windows, ignore = "a file that is open cannot be removed there")]
#[test]
fn nothing_is_written_to_a_database_that_is_no_longer_in_wal_mode() {
    let fixture = Fixture::new(0);
    fixture.insert(&users([1]));
    // A program that overwrites the file without a lock, such as `cp`, can put one there that uses a rollback journal.
    let other = made_by(
        0,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT)",
    );
    std::fs::remove_file(beside(&fixture.path(), "-wal")).unwrap();
    std::fs::copy(path(TABLES[0], other.path()), fixture.path()).unwrap();
    let rows = fixture.rows(&users([2]));
    let inserted = fixture
        .database
        .writer(false)
        .unwrap()
        .insert(&rows, &[0], no_dependents);
    assert!(matches!(inserted, Err(Problem::NoWal)), "{inserted:?}");
}

#[test]
fn opening_to_write_changes_nothing_yet() {
    let rollback = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT)";
    let folder = made_by(0, rollback);
    let before = std::fs::read(path(TABLES[0], folder.path())).unwrap();
    drop(Database::open(TABLES[0], folder.path(), &none()).unwrap());
    let after = std::fs::read(path(TABLES[0], folder.path())).unwrap();
    assert!(before == after);
}

#[test]
fn a_reader_that_keeps_the_log_from_being_moved_is_no_obstacle() {
    let fixture = Fixture::open(0, killed());
    let other = fixture.other();
    other.execute_batch("BEGIN; SELECT * FROM users").unwrap();
    fixture.insert(&users([2]));
    let again = Database::open(TABLES[0], fixture.folder.path(), &none()).unwrap();
    let again = Database::prepare(vec![again]).unwrap();
    assert_eq!(stored(again.reader(TABLES[0]), &[1, 2]), [1, 2]);
}
