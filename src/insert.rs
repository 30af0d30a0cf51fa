//! The concurrent run. Each table has a [load](TableLoad) and a reader thread, which reads and checks its records. The
//! rows that follow the rules go to writer threads, one row each at first and shares of many rows later. A writer waits
//! for the rows that its own refer to, for the share before its own, and for the write lock of the database. It
//! commits, releases the lock, and waits until the commit is on disk, by a sync that it shares with others. Then it
//! sends the outcomes of its rows to the reader thread, which tallies them in the order of the file.
//!
//! No thread waits forever. A reader thread waits for its input, for the reader threads of referenced tables, and for
//! its own writers. The writers of a table start only when the reader threads of the tables it refers to have handed
//! over all their rows, so every row that a writer waits for has an outcome already or a thread. A share of many rows
//! also waits until the one before it has been written, which waits for none after it. No thread waits for rows or
//! shares while it has a write lock. The thread that runs a sync waits for the disk alone, and waiting for locks of
//! other processes ends with the lock timeout. Every thread, however it ends, resolves its rows, releases its lock and
//! lets the next share write. In a dry run, writers only look up what is stored.

mod fair_lock;
mod ledger;
#[cfg(all(test, loom))]
mod models;
mod producer;
mod reject_limit;
mod table_load;
mod writer;

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::Builder;

use crate::sync::{self, Mutex, lock};

pub use producer::Input;
pub use reject_limit::RejectLimit;
pub use table_load::{Budget, EndOfInput, TableLoad, Target};

/// Inserts all records of the inputs, each with the load at its index. The load of a table comes after those of the
/// tables it refers to. Calls `watch` now and then. In the end each record that was read is in the tally of its input,
/// except for those that an interrupt, or a panic while they were checked, kept from being handed to a writer.
pub fn run(loads: &[Arc<TableLoad>], inputs: &mut [Input], watch: impl FnMut()) {
    // No writer starts before the last reader thread: under a limit on threads, it could take its place.
    let starting = Mutex::new(());
    std::thread::scope(|scope| {
        let (running, done) = channel::<()>();
        let guard = lock(&starting);
        for (load, input) in loads.iter().zip(inputs) {
            let (running, starting) = (running.clone(), &starting);
            let thread = Builder::new().name(format!("read {}", load.table.name));
            let thread = thread.spawn_scoped(scope, move || {
                drop(lock(starting));
                producer::load(load, input);
                // Not while other tables are still read: the first rows, a commit each, would wait for the disk.
                loads.iter().for_each(|load| _ = load.end.wait());
                if let Target::Database { database, .. } = &load.target {
                    database.checkpoint();
                }
                drop(running);
            });
            if let Err(error) = thread {
                let why = format!(
                    "its thread could not be started: {error} (raise the limit on threads with `ulimit -u`, or \
                     have fewer of them with --threads)"
                );
                let _ = load.end.set(EndOfInput::failed(why));
            }
        }
        drop((running, guard));
        sync::watch(&done, watch);
    });
}

#[cfg(test)]
mod tests;
