//! Inserts users, products and orders concurrently into three SQLite files, and reports exactly what was stored.

#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod check;
mod cli;
mod commands;
mod database;
mod escape;
mod ids;
mod insert;
mod lock;
mod outcome;
mod progress;
mod record;
mod rejects;
mod report;
mod schema;
mod source;
mod sync;
mod timeline;
mod validate;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.command {
        Command::Init => commands::init(&cli.dir),
        Command::Insert(options) => commands::insert(&cli.dir, options),
        Command::Check(options) => commands::check(&cli.dir, options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in format!("{error:#}").lines() {
                // If nobody can be told, the exit status still tells.
                let _ = writeln!(io::stderr(), "tradexa: {}", escape::escape(line));
            }
            ExitCode::FAILURE
        }
    }
}
