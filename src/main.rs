//! Inserts users, products and orders concurrently into three SQLite files, and reports exactly what was stored.
//!
//! Rows flow one way, and the modules are named for its stations:
//!
//! 1. [`source`] reads a CSV file, embedded or of the user's, and yields its [records](record) as given.
//! 2. [`validate`] types a record's cells by the [`schema`], or lists every rule it breaks. Nothing behind it meets a bad row.
//! 3. [`insert`] gives each row, or each share of many rows, a thread. The thread waits for the rows that its own refer
//!    to, then for its turn on the file.
//! 4. [`database`] writes the thread's rows to one SQLite file in one durable transaction, and says what became of each.
//! 5. [`outcome`] counts what became of all records and keeps the first few of each kind; the rest go to the rejects.
//! 6. [`report`] tells it to people, as tables and a chart of the [`timeline`], and to programs, as JSON.
//!
//! [`check`] sends stored rows the same way, as records like any others. [`commands`] puts it all together.
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod check;
mod cli;
mod commands;
mod database;
mod escape;
mod insert;
mod outcome;
mod progress;
mod record;
mod report;
mod schema;
mod source;
mod sync;
mod timeline;
mod validate;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    commands::run(&cli::Cli::parse())
}
