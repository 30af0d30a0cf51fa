//! The concurrent run. Each table has a [lane](Lane), and a feeder thread that reads and checks its records. The rows
//! that follow the rules go to writer threads, one row each at first and a share of many later. A writer waits for the
//! rows that its own refer to, then for its turn on the database.
//!
//! Nobody waits forever. A feeder waits for its input, for the feeders of the tables that its own refers to, and for
//! room, which writers make. A table's writers start only when those feeders have handed over all their rows, and so
//! every row that a writer waits for is settled already or has a thread. No thread waits for rows while it has its
//! turn, and other processes' locks are waited for only as long as patience lasts. Every thread, however it ends,
//! settles its rows, passes on its turn and makes room. What became of its rows is noted in the order of the file: at
//! once, or by the thread whose rows come before. In a dry run, writers only look up what is stored.

mod feeder;
mod lane;
mod ledger;
#[cfg(all(test, loom))]
mod models;
mod order;
mod slots;
mod turns;
mod writer;

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::Builder;

use crate::sync;

pub use feeder::Feed;

pub use lane::{Fed, Lane, Results, Store};

/// Inserts all records of the feeds, each into the lane at its place. A table's lane comes after those of the tables it
/// refers to. Calls `watch` now and then. In the end each record that was read has an outcome in its lane's results,
/// except for those that an interrupt, or a panic of the feeder, kept from being handed over.
pub fn run(lanes: &[Arc<Lane>], feeds: Vec<Feed>, watch: impl FnMut()) {
    std::thread::scope(|scope| {
        let (running, done) = channel::<()>();
        for (lane, feed) in lanes.iter().zip(feeds) {
            let running = running.clone();
            let thread = Builder::new().name(format!("feed {}", lane.table.name));
            let thread = thread.spawn_scoped(scope, move || {
                feeder::feed(lane, feed);
                // Not while rows are read: their first commits, of one row each, would wait for the disk.
                lanes.iter().for_each(|lane| _ = lane.fed.wait());
                if let Store::Write { database, .. } = &lane.store {
                    database.checkpoint();
                }
                drop(running);
            });
            if let Err(error) = thread {
                let why = format!("its thread could not be started: {error}");
                let _ = lane.fed.set(Fed::failed(why));
            }
        }
        drop(running);
        sync::watch(&done, watch);
    });
}

#[cfg(test)]
mod tests;
