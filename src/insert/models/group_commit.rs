//! Threads that share a sync, and rows that wait for it.

use std::io;

use super::*;
use crate::database::GroupCommit;

/// A database file on a disk that may break.
#[derive(Default)]
struct File {
    commits: GroupCommit,
    disk: Mutex<Disk>,
    /// Only the thread that syncs touches it.
    syncing: Cell<usize>,
}

#[derive(Default)]
struct Disk {
    /// How many commits are in the log, and how many of them are on disk.
    written: usize,
    durable: usize,
    syncs: usize,
    /// The sync with this number, from 1, fails and takes what it was to write. Later ones succeed.
    fails: usize,
    is_broken: bool,
}

impl File {
    /// One whose sync with this number, from 1, fails.
    fn failing_at(sync: usize) -> &'static File {
        let file = shared::<File>();
        lock(&file.disk).fails = sync;
        file
    }

    fn sync(&self) -> io::Result<()> {
        count_up(&self.syncing);
        let mut disk = lock(&self.disk);
        let written = disk.written;
        disk.syncs += 1;
        disk.is_broken |= disk.syncs == disk.fails;
        let fails = disk.syncs == disk.fails;
        // Others may write while the disk is at work.
        drop(disk);
        let mut disk = lock(&self.disk);
        if !disk.is_broken {
            disk.durable = written;
        }
        drop(disk);
        if fails {
            Err(io::Error::other("as asked"))
        } else {
            Ok(())
        }
    }

    /// Commits, as a writer does, and returns whether that is on disk.
    fn commit(&self) -> bool {
        let (position, number) = {
            let mut disk = lock(&self.disk);
            disk.written += 1;
            (disk.written, self.commits.committed())
        };
        let is_durable = self.commits.sync(number, || self.sync()).is_ok();
        if is_durable {
            assert!(lock(&self.disk).durable >= position, "it is on disk");
        }
        is_durable
    }
}

/// With three threads, there are too many interleavings to try with more preemptions.
fn model_of_three_threads(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(3);
    builder.check(body);
}

#[test]
fn a_commit_counts_once_it_is_on_disk_and_not_if_a_sync_before_failed() {
    for fails in 0..=3 {
        model_of_three_threads(move || {
            let file = File::failing_at(fails);
            let threads: Vec<_> = (0..2).map(|_| spawn(|| file.commit())).collect();
            let here = file.commit();
            let others = threads.into_iter().map(|thread| thread.join().unwrap());
            let durable = others.filter(|durable| *durable).count() + usize::from(here);
            let disk = lock(&file.disk);
            assert!(disk.syncs <= 3, "no sync is in vain");
            assert_eq!(durable == 3, !disk.is_broken);
            drop(disk);
            assert_eq!(file.commit(), file.commits.failure().is_none());
        });
    }
}

#[test]
fn a_checkpoint_does_not_run_beside_a_sync() {
    for fails in 0..=2 {
        model(move || {
            let file = File::failing_at(fails);
            let writer = spawn(|| file.commit());
            file.commits.checkpoint(|| file.sync());
            let durable = writer.join().unwrap();
            assert!(durable || file.commits.failure().is_some());
        });
    }
}

#[test]
fn a_row_is_written_after_its_parent_is_on_disk() {
    for fails in 0..=2 {
        model_of_three_threads(move || {
            let (users, ledger) = (File::failing_at(fails), shared::<Ledger>());
            let share = ledger.register(iter::once(1));
            let user = spawn(move || ledger.resolve(share, gaps(!users.commit())));
            let other = spawn(|| users.commit());
            // What the writer of an order does.
            if ledger.wait(u64::MAX, [1]) == Settled::AllStored {
                assert!(lock(&users.disk).durable > 0, "its user is on disk");
            } else {
                assert!(users.commits.failure().is_some());
            }
            join([user]);
            other.join().unwrap();
        });
    }
}
