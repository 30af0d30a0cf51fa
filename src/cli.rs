//! The command line; the comments here are its help.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  tradexa --dir data init                               create the databases
  tradexa --dir data insert                             insert the embedded rows
  tradexa --dir data insert --from in --rejects bad     load in/*.csv, what is wrong goes to bad/*.csv
  tradexa --dir data check                              check what is stored";

/// Insert users, products and orders concurrently into three SQLite files, and report exactly what was stored.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub struct Cli {
    /// Folder of the databases
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "TRADEXA_DIR",
        default_value = "."
    )]
    pub dir: PathBuf,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the database of each table, and the folder if need be
    Init,
    /// Check the rows, insert those that keep the rules, and report what became of each
    Insert(Insert),
    /// Check what is stored against the rules, references across the files included, and change nothing
    Check(Check),
}

/// The options of `insert`.
#[derive(Debug, Args)]
pub struct Insert {
    /// Insert the rows of DIR/TABLE.csv instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,

    /// Also require an email that no other user has
    #[arg(long)]
    pub unique_email: bool,

    /// Check and report, but write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Exit with status 1 if any row was skipped
    #[arg(long)]
    pub strict: bool,

    /// Write skipped and failed rows, with their reasons, to DIR/TABLE.csv
    #[arg(long, value_name = "DIR")]
    pub rejects: Option<PathBuf>,

    /// Most writer threads alive per database, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 64, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub threads: u16,

    /// How long to wait, in all, for a database that another process has locked, 0 to 86400
    #[arg(long, value_name = "SECONDS", default_value = "5", allow_negative_numbers = true, value_parser = seconds)]
    pub lock_timeout: Duration,

    /// How to print the report.
    #[command(flatten)]
    pub output: Output,

    /// Draw when each writer thread waited and wrote
    #[arg(long)]
    pub timeline: bool,
}

/// The options of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Also require an email that no other user has
    #[arg(long)]
    pub unique_email: bool,

    /// How to print the report.
    #[command(flatten)]
    pub output: Output,
}

/// How to print the report.
#[derive(Debug, Args)]
pub struct Output {
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,

    /// Most rows listed per table and outcome
    #[arg(
        long,
        value_name = "N",
        default_value_t = 50,
        allow_negative_numbers = true
    )]
    pub limit: usize,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables, for people
    Table,
    /// One JSON object, for programs
    Json,
}

/// How long `init` and `check` wait for a database that another process has locked.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok();
    seconds
        .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected a number of seconds from 0 to 86400".to_string())
}
