//! Loads CSV files concurrently into SQLite databases, one for each table or one for all, and reports exactly what was
//! stored.
//!
//! Rows flow in one direction, through these modules:
//!
//! 1. [`csv`] reads a file, embedded or the user's, record by record, as given.
//! 2. [`rules`] type a record's cells by the [`schema`], or list every rule it breaks. Later steps never meet a bad row.
//! 3. [`insert`] gives each row, or each share of many rows, a thread. The thread waits for the rows that its own refer
//!    to, then for its turn on the file.
//! 4. [`database`] writes the thread's rows to one SQLite file in one durable transaction, and returns the outcome of
//!    each.
//! 5. [`report`] shows the outcomes of all rows: to people, as tables and a chart of the [`timeline`], and to programs,
//!    as JSON.
//!
//! [`row`] has the types that they pass on: a row as given, typed, and its outcome. [`check`] tests stored rows against
//! the same rules. [`commands`] puts it all together.
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod check;
mod cli;
mod commands;
mod csv;
mod database;
mod encoding;
mod insert;
mod platform;
mod report;
mod row;
mod rules;
mod schema;
mod sync;
mod terminal;
mod timeline;
mod unicode;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    platform::fit_address_space();
    commands::run(&cli::Cli::parse())
}
