//! Commits that share a sync, and what follows from one that fails. That power cuts take nothing is tested from outside, and
//! every order of the threads in `models.rs`.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread::scope;

use super::*;
use crate::database::group_commit::GroupCommit;

fn broken() -> io::Error {
    io::Error::other("the disk is broken")
}

/// Lets all later syncs of a database fail.
fn break_disk(database: &Database) {
    database.commits.checkpoint(|| Err(broken()));
}

/// Which of these users are stored, and on disk.
fn durably_stored(fixture: &Fixture, ids: &[i64]) -> Result<Vec<i64>, Problem> {
    let keys: Vec<_> = ids.iter().copied().map(Key::Integer).collect();
    let stored = fixture.database.stored(TABLES[0], 0, &keys)?;
    let stored = ids.iter().zip(stored).filter(|(_, is_stored)| *is_stored);
    Ok(stored.map(|(id, _)| *id).collect())
}

#[track_caller]
fn assert_not_durable<T: std::fmt::Debug>(result: Result<T, Problem>) {
    let sentence = result.unwrap_err().to_string();
    let start = "could not be made durable: the disk is broken (";
    assert!(sentence.starts_with(start), "{sentence}");
}

#[test]
fn one_sync_is_enough_for_all_commits_before_it() {
    let (group, syncs) = (GroupCommit::default(), AtomicUsize::new(0));
    let commits = [group.committed(), group.committed(), group.committed()];
    for commit in [commits[1], commits[2], commits[0]] {
        let sync = || {
            syncs.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        group.sync(commit, sync).unwrap();
    }
    assert_eq!(syncs.into_inner(), 1);
}

#[test]
fn a_commit_after_the_beginning_of_a_sync_needs_another_one() {
    let (group, syncs) = (GroupCommit::default(), AtomicUsize::new(0));
    let late = std::cell::Cell::new(0);
    let first = group.committed();
    let commits_meanwhile = || {
        late.set(group.committed());
        Ok(())
    };
    group.sync(first, commits_meanwhile).unwrap();
    let sync = || {
        syncs.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    group.sync(late.get(), sync).unwrap();
    assert_eq!(syncs.into_inner(), 1);
}

#[test]
fn a_sync_that_panics_fails_those_that_wait_for_it() {
    let group = GroupCommit::default();
    let (begin, begins) = channel();
    let (end, ends) = channel::<()>();
    scope(|scope| {
        let its = &group;
        let syncs = scope.spawn(move || {
            let sync = || {
                begin.send(()).unwrap();
                ends.recv().unwrap();
                panic!("as asked")
            };
            let sync = AssertUnwindSafe(|| its.sync(its.committed(), sync));
            assert!(catch_unwind(sync).is_err());
        });
        begins.recv().unwrap();
        let waits = scope.spawn(|| group.sync(group.committed(), || panic!("not while one runs")));
        end.send(()).unwrap();
        syncs.join().unwrap();
        let failure = waits.join().unwrap().unwrap_err();
        assert_eq!(failure.to_string(), "the thread that syncs it panicked");
    });
    assert!(group.sync(group.committed(), || Ok(())).is_err());
}

#[test]
fn a_later_sync_does_not_make_up_for_one_that_failed() {
    let group = GroupCommit::default();
    let durable = group.committed();
    group.sync(durable, || Ok(())).unwrap();
    let lost = group.committed();
    group.sync(lost, || Err(broken())).unwrap_err();
    for commit in [lost, group.committed()] {
        group.sync(commit, || Ok(())).unwrap_err();
    }
    group.sync(durable, || Err(broken())).unwrap();
}

#[test]
fn a_commit_needs_a_sync_even_if_a_checkpoint_came_after_it() {
    let group = GroupCommit::default();
    let commit = group.committed();
    group.checkpoint(|| Ok(()));
    group.sync(commit, || Err(broken())).unwrap_err();
}

#[test]
fn no_checkpoint_runs_after_a_sync_has_failed() {
    let group = GroupCommit::default();
    group.sync(group.committed(), || Err(broken())).unwrap_err();
    group.checkpoint(|| panic!("it runs"));
}

#[test]
fn rows_are_not_inserted_if_the_sync_of_their_commit_fails() {
    let fixture = Fixture::new(0);
    let rows = fixture.rows(&users([1]));
    let commit = fixture
        .database
        .writer(false)
        .unwrap()
        .insert(&rows, &[0], no_dependents);
    break_disk(&fixture.database);
    assert_not_durable(commit.unwrap().sync());
}

#[test]
fn nothing_is_written_after_a_sync_has_failed() {
    let fixture = Fixture::new(0);
    break_disk(&fixture.database);
    assert_not_durable(fixture.database.writer(false));
}

#[test]
fn rows_that_were_stored_at_the_start_need_no_sync() {
    let folder = Fixture::new(0);
    folder.insert(&users([1]));
    let Fixture { database, folder } = folder;
    drop(database);
    let fixture = Fixture::open(0, folder);
    let rows = fixture.rows(&users([1]));
    let writer = fixture.database.writer(false).unwrap();
    let commit = writer.insert(&rows, &[0], no_dependents).unwrap();
    break_disk(&fixture.database);
    assert_eq!(commit.sync().unwrap().others, [(0, Unchanged)]);
    assert_eq!(durably_stored(&fixture, &[1, 2]).unwrap(), [1]);
    let compared = fixture.database.compare(&rows, &[0]).unwrap();
    assert_eq!(compared, [(0, Unchanged)]);
}

#[test]
fn rows_that_another_program_stores_meanwhile_count_once_they_are_synced() {
    let fixture = Fixture::new(0);
    let row = "INSERT INTO users VALUES (1, 'user 1', '1@b.co')";
    fixture.other().execute_batch(row).unwrap();
    let rows = fixture.rows(&users([1]));
    let writer = fixture.database.writer(false).unwrap();
    let commit = writer.insert(&rows, &[0], no_dependents).unwrap();
    break_disk(&fixture.database);
    assert_not_durable(commit.sync());
    assert_not_durable(durably_stored(&fixture, &[1, 2]));
    assert_not_durable(fixture.database.compare(&rows, &[0]));
    // There is nothing to sync.
    assert_eq!(durably_stored(&fixture, &[2]).unwrap(), [0; 0]);
}

#[test]
fn rows_of_this_run_that_wait_for_the_disk_count_for_others_once_they_are_synced() {
    let fixture = Fixture::new(0);
    let rows = fixture.rows(&users([1]));
    let commit = fixture
        .database
        .writer(false)
        .unwrap()
        .insert(&rows, &[0], no_dependents);
    assert_eq!(durably_stored(&fixture, &[1]).unwrap(), [1]);
    break_disk(&fixture.database);
    assert_eq!(commit.unwrap().sync().unwrap().others, []);
    assert_eq!(durably_stored(&fixture, &[1]).unwrap(), [1]);
}

#[test]
fn a_log_that_could_not_be_synced_is_not_moved_into_the_file() {
    for breaks in [false, true] {
        let fixture = Fixture::new(0);
        fixture.insert(&users([1]));
        let log = beside(&fixture.path(), "-wal");
        if breaks {
            break_disk(&fixture.database);
        }
        let before = std::fs::read(fixture.path()).unwrap();
        fixture.database.checkpoint();
        let Fixture { database, folder } = fixture;
        assert_eq!(
            std::fs::read(path(TABLES[0], folder.path())).unwrap() == before,
            breaks
        );
        drop(database);
        assert_eq!(log.exists(), breaks);
        assert_eq!(
            std::fs::read(path(TABLES[0], folder.path())).unwrap() == before,
            breaks
        );
        assert_eq!(Fixture::open(0, folder).ids(), [1]);
    }
}

#[test]
fn a_long_log_starts_over_while_rows_are_inserted() {
    let fixture = Fixture::new(0);
    let log = beside(&fixture.path(), "-wal");
    let name = "x".repeat(10_000);
    let insert = |first: i64| {
        let lines = (first..first + 700).map(|id| format!("{id},{name},{id}@b.co\n"));
        fixture.insert(&lines.collect::<String>());
        log.metadata().unwrap().len()
    };
    let lengths = [1, 1001, 2001, 3001, 4001, 5001].map(insert);
    let longest = lengths.iter().max().unwrap();
    assert!(*longest < 3 * lengths[0], "{lengths:?}");
    assert_eq!(fixture.ids().len(), 4200);
}
