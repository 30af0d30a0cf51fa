//! The command line; the comments here are its help.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use crate::platform;

const EXAMPLES: &str = "\
Examples:
  tradexa --dir data init                             create the databases
  tradexa --dir data insert                           insert the sample rows
  tradexa --dir data insert --from in --rejects bad   load the files of a folder
  tradexa --dir data check                            test what is stored";

const ENVIRONMENT: &str = "\
Environment:
  TRADEXA_DIR        folder of the databases, where --dir does not name one
  NO_COLOR           if it is not empty: no colours
  CLICOLOR=0         no colours, unless CLICOLOR_FORCE is set
  CLICOLOR_FORCE=1   colours also where the output is no terminal
  TERM=dumb          no colours and no progress";

const INSERT_EXAMPLES: &str = "\
Examples:
  tradexa --dir data insert --from in --dry-run
      see what would be inserted, and what is wrong with the rest
  tradexa --dir data insert --from in --rejects bad
      load in/users.csv, in/products.csv and in/orders.csv,
      and write the rows that were not inserted to bad
  tradexa --dir data insert --from bad
      load them once they are fixed (the column `reason` is ignored)
  tradexa --dir data insert --from in --delimiter \";\" --trim --ignore-extra-columns
      load an export that has semicolons, padded cells and columns of its own";

const INSERT_STATUS: &str = "\
Exit status:
  0     done; skipped rows are a normal result
  1     something could not be done: a row failed, a database or a file could
        not be used, a row was skipped with --strict, or --max-rejects was exceeded
  2     wrong usage";

/// Windows has no SIGTERM.
const INTERRUPTED: &str = if cfg!(windows) {
    "  130   interrupted with Ctrl-C or Ctrl-Break; running it again loads the rest"
} else {
    "  130   interrupted with Ctrl-C; running it again loads the rest
  143   interrupted by SIGTERM, likewise"
};

const COMPLETIONS_EXAMPLES: &str = "\
Where the shells look for them:
  bash         tradexa completions bash > ~/.local/share/bash-completion/completions/tradexa
  zsh          tradexa completions zsh > DIR/_tradexa, for any DIR of $fpath
  fish         tradexa completions fish > ~/.config/fish/completions/tradexa.fish
  PowerShell   tradexa completions powershell >> $PROFILE
  elvish       tradexa completions elvish >> ~/.config/elvish/rc.elv";

const CHECK_STATUS: &str = "\
Exit status:
  0   every stored row follows the rules
  1   some do not, or a database could not be read
  2   wrong usage";

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let version = env!("CARGO_PKG_VERSION");
    format!("{version} (SQLite {})", rusqlite::version())
});

/// Insert users, products and orders concurrently into three SQLite files, and report exactly what was stored
#[derive(Debug, Parser)]
#[command(
    version = VERSION.as_str(),
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{ENVIRONMENT}")
)]
pub struct Cli {
    /// Folder of the databases [env: TRADEXA_DIR]
    #[arg(long, global = true, value_name = "DIR", default_value_os_t = default_dir(), value_parser = folder(), value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,

    /// Tables of your own: a script of SQL statements, or a SQLite database [env: TRADEXA_SCHEMA]
    ///
    /// Each table that a `CREATE TABLE` statement declares gets a database of its own. Its rules hold across these
    /// files: PRIMARY KEY, UNIQUE, NOT NULL, CHECK and REFERENCES.
    #[arg(long, global = true, value_name = "FILE", value_parser = folder(), value_hint = ValueHint::FilePath)]
    pub schema: Option<PathBuf>,

    /// Seconds to wait for another process's lock, 0 to 86400
    ///
    /// Fractions are allowed, and 0 does not wait. The wait starts over whenever this process gets the lock to write, or
    /// another one is seen to have committed.
    #[arg(long, global = true, value_name = "SECONDS", default_value = "5", allow_negative_numbers = true, value_parser = seconds)]
    pub lock_timeout: Duration,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the three databases and their folder; keep those that exist
    Init,
    /// Insert the rows that follow the rules, and report what became of each row
    ///
    /// The first rows of a table get a thread each, as many as --threads says; from there on, a thread takes a share
    /// of many rows. What is stored already is never changed, so running it again is safe.
    #[command(after_long_help = format!("{INSERT_EXAMPLES}\n\n{INSERT_STATUS}\n{INTERRUPTED}"))]
    Insert(Insert),
    /// Test stored rows against the rules, and change nothing
    ///
    /// References across the three files are tested too.
    #[command(after_long_help = CHECK_STATUS)]
    Check {
        /// Also report users whose email another user has
        #[arg(long)]
        unique_email: bool,

        /// How to print the report.
        #[command(flatten)]
        output: Output,
    },
    /// Print the completions of a shell
    #[command(after_long_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    ///
    /// To read it: tradexa man | man -l -
    Man,
}

/// The options of `insert`.
#[derive(Debug, Args)]
pub struct Insert {
    /// Load the CSV files of a folder instead of the sample rows
    ///
    /// These are users.csv, products.csv and orders.csv. A missing file means that there are no rows for its table.
    /// The sample rows are built into the program, ten for each table.
    #[arg(long, value_name = "DIR", value_parser = folder(), value_hint = ValueHint::DirPath)]
    pub from: Option<PathBuf>,

    /// Skip users whose email another user has
    ///
    /// The case of ASCII letters does not matter. An email belongs to the first user that has it. Emails that other
    /// programs store during the load do not count.
    #[arg(long)]
    pub unique_email: bool,

    /// Report what would happen, without changing any database
    ///
    /// With --rejects, the skipped rows are still written to CSV files.
    #[arg(long)]
    pub dry_run: bool,

    /// Exit with status 1 if any row was skipped
    #[arg(long)]
    pub strict: bool,

    /// Stop once more than N rows were skipped or failed
    ///
    /// The rows of all tables count. Like an interrupted load, it finishes the rows that threads are writing, and reports
    /// what was done. Running it again once the rows are fixed loads the rest.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub max_rejects: Option<u64>,

    /// Write skipped and failed rows, with reasons, to CSV files in DIR
    ///
    /// The files hold the cells of these rows and one more column, `reason`. Once fixed, they can be loaded with
    /// --from, which ignores that column. Existing files are not replaced, because you may have fixed rows there.
    #[arg(long, value_name = "DIR", value_parser = folder(), value_hint = ValueHint::DirPath)]
    pub rejects: Option<PathBuf>,

    /// Replace existing files in the --rejects folder
    ///
    /// Corrections in them are lost. The files of loaded tables with nothing left to reject are removed.
    #[arg(long, requires = "rejects")]
    pub overwrite: bool,

    /// Field separator of the files, one character or `tab`
    ///
    /// Any ASCII character except a quote, a letter, a digit or a line end. All files of the folder must use it. It
    /// also separates the fields of the files that --rejects writes.
    #[arg(long, value_name = "CHAR", default_value = ",", value_parser = delimiter)]
    pub delimiter: u8,

    /// Remove white space around cells
    #[arg(long)]
    pub trim: bool,

    /// Ignore columns the table does not have, instead of refusing them
    #[arg(long)]
    pub ignore_extra_columns: bool,

    /// Maximum writer threads per database, 1 to 1000
    ///
    /// That many rows of each table get a thread each; from there on, a thread takes a share of many rows.
    #[arg(long, value_name = "N", default_value_t = 64, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub threads: u16,

    /// How to print the report.
    #[command(flatten)]
    pub output: Output,

    /// Draw when each writer thread waited and wrote
    #[arg(long)]
    pub timeline: bool,

    /// Write the same to a trace file, for a load of any size
    ///
    /// It is in the Trace Event Format, which Perfetto shows (ui.perfetto.dev), and chrome://tracing where a browser has it.
    /// An existing file is replaced.
    #[arg(long, value_name = "FILE", value_parser = folder(), value_hint = ValueHint::FilePath)]
    pub trace: Option<PathBuf>,
}

/// How to print the report.
#[derive(Debug, Args)]
pub struct Output {
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,

    /// Maximum rows in each listing
    ///
    /// Counts are always complete.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 50,
        allow_negative_numbers = true
    )]
    pub limit: usize,

    /// Print only the last line of the report, and no progress
    ///
    /// Messages on stderr are still printed, and a report in JSON is complete.
    #[arg(long)]
    pub quiet: bool,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables, for people.
    Table,
    /// One JSON object, for programs.
    Json,
}

impl Insert {
    /// The words of a command that loads another folder by the same rules, whose name is still to follow:
    /// `tradexa --dir data insert --unique-email --from`.
    pub fn again(&self, cli: &Cli) -> Vec<OsString> {
        let mut words = vec![OsString::from("tradexa")];
        if [&cli.dir, &default_dir()] != [Path::new("."); 2] {
            words.extend(["--dir".into(), cli.dir.clone().into()]);
        }
        if let Some(schema) = &cli.schema {
            words.extend(["--schema".into(), schema.into()]);
        }
        words.push("insert".into());
        let switches = [
            (self.unique_email, "--unique-email"),
            (self.trim, "--trim"),
            (self.ignore_extra_columns, "--ignore-extra-columns"),
        ];
        let given = switches.iter().filter(|(given, _)| *given);
        words.extend(given.map(|(_, switch)| switch.into()));
        let delimiter = match self.delimiter {
            b'\t' => "tab".to_string(),
            other => char::from(other).to_string(),
        };
        if delimiter != "," {
            words.extend(["--delimiter".into(), delimiter.into()]);
        }
        words.push("--from".into());
        words
    }
}

/// The folder in `TRADEXA_DIR`, or the current one if that is unset or empty. The `env` of clap would take an
/// empty variable for an empty folder.
fn default_dir() -> PathBuf {
    let named = env::var_os("TRADEXA_DIR").filter(|dir| !dir.is_empty());
    named.unwrap_or_else(|| ".".into()).into()
}

/// A folder, with the separators of the system. `-x` becomes `./-x`, because it would be an option in the commands that
/// messages advise.
fn folder() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(|folder| {
        let folder = platform::native(folder);
        if folder.as_os_str().as_encoded_bytes().starts_with(b"-") {
            Path::new(".").join(folder)
        } else {
            folder
        }
    })
}

fn delimiter(text: &str) -> Result<u8, String> {
    let refused = |byte: &u8| byte.is_ascii_alphanumeric() || b"\"'\r\n".contains(byte);
    match text.as_bytes() {
        b"tab" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !refused(byte) => Ok(*byte),
        _ => Err(
            "expected one ASCII character, but no quote, letter, digit or line end; \
             for a tab, write `tab`"
                .to_string(),
        ),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok();
    seconds
        .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected a number of seconds from 0 to 86400".to_string())
}

#[cfg(test)]
mod tests;
