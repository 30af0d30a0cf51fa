//! The command line; the comments here are its help.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PathBufValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use encoding_rs::Encoding;

use crate::csv::{Renamed, is_delimiter};
use crate::platform;

const EXAMPLES: &str = "\
Examples:
  tradexa --dir data init                             create the databases
  tradexa --dir data insert                           insert the sample rows
  tradexa --dir data insert --from in --rejects bad   load the files of a folder
  tradexa --dir data check                            test what is stored
  tradexa --dir data --schema tables.sql init         create tables of your own
  tradexa --database app.db insert --from in          load into one database";

const ENVIRONMENT: &str = "\
Environment:
  TRADEXA_DIR        folder of the databases, unless --dir is given
  TRADEXA_SCHEMA     schema that declares the tables, unless --schema is given
  TRADEXA_DATABASE   one file for all tables, unless --database or --dir is given
  NO_COLOR           no colours, if set to anything but an empty string
  CLICOLOR=0         no colours, unless CLICOLOR_FORCE is set
  CLICOLOR_FORCE=1   colours even if the output is not a terminal
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
      load an export that has semicolons, padded cells and columns of its own
  tradexa --dir data insert --file users=people.csv.gz --column users.email=E-Mail
      load one table from a compressed file that has another name for a column";

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

/// Load CSV files concurrently into SQLite, check every rule first, and report exactly what was stored
#[derive(Debug, Parser)]
#[command(
    version = VERSION.as_str(),
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{ENVIRONMENT}")
)]
pub struct Cli {
    /// Folder of the databases [env: TRADEXA_DIR] [default: .]
    #[arg(long, global = true, value_name = "DIR", value_parser = folder(), value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,

    /// One SQLite database for all tables [env: TRADEXA_DATABASE]
    ///
    /// Its tables are loaded and checked as it declares them. With --schema, `init` adds what is missing from it, and
    /// the tables of the schema are loaded.
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "dir", value_parser = folder(), value_hint = ValueHint::FilePath)]
    pub database: Option<PathBuf>,

    /// Tables of your own: a script of SQL statements, or a SQLite database [env: TRADEXA_SCHEMA]
    ///
    /// Each table that a `CREATE TABLE` statement declares gets a database of its own. Its rules hold across these
    /// files: PRIMARY KEY, UNIQUE, NOT NULL, CHECK and REFERENCES.
    #[arg(long, global = true, value_name = "FILE", value_parser = folder(), value_hint = ValueHint::FilePath)]
    pub schema: Option<PathBuf>,

    /// Seconds to wait for another process's lock, 0 to 86400
    ///
    /// Fractions are allowed; with 0, there is no wait. The time starts over whenever this process gets the write lock,
    /// or sees that another process has committed.
    #[arg(long, global = true, value_name = "SECONDS", default_value = "5", allow_negative_numbers = true, value_parser = seconds)]
    pub lock_timeout: Duration,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the databases and their folder; keep those that exist
    Init,
    /// Insert the rows that follow the rules, and report the outcome of each row
    ///
    /// Each of the first rows of a table gets its own thread, up to --threads; after that, a thread takes a share of
    /// many rows. Stored rows are not changed unless --update is given, so it is safe to run the command again.
    #[command(after_long_help = format!("{INSERT_EXAMPLES}\n\n{INSERT_STATUS}\n{INTERRUPTED}"))]
    Insert(Insert),
    /// Test stored rows against the rules, and change nothing
    ///
    /// References from one file to another are tested too.
    #[command(after_long_help = CHECK_STATUS)]
    Check {
        /// Also report users whose email belongs to another user
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

/// The groups of the options of `insert`.
const SOURCE: &str = "Where rows come from";
const FILES: &str = "How the files are written";
const RULES: &str = "Rules";
const REPORT: &str = "What is reported";
const RUN: &str = "How it runs";

/// The options of `insert`.
#[derive(Debug, Args)]
pub struct Insert {
    /// Load the CSV files of a folder instead of the sample rows
    ///
    /// Each is named after its table, such as users.csv, or users.csv.gz if it is compressed. A missing file means that
    /// there are no rows for its table. A file need not have columns that may be NULL or have a default; without the
    /// column of an INTEGER PRIMARY KEY, SQLite assigns the ids, and a row is recognized by its other values.
    /// The sample rows are built into the program, ten for each table.
    #[arg(long, help_heading = SOURCE, value_name = "DIR", value_parser = folder(), value_hint = ValueHint::DirPath)]
    pub from: Option<PathBuf>,

    /// Load a table from this file; `-` is standard input
    ///
    /// May be repeated for other tables. With --from, it replaces the table's file in that folder. A file may be
    /// compressed with gzip, which is detected from its first bytes.
    #[arg(long, help_heading = SOURCE, value_name = "TABLE=PATH", value_parser = OsStringValueParser::new().try_map(assignment))]
    pub file: Vec<OsString>,

    /// Field separator, one character or `tab` [default: ,]
    ///
    /// Any ASCII character except a quote, a letter, a digit or a line end; a control character by its code, such as
    /// `\x01`. All files must use it, and --rejects writes it too. Without it, a first line `sep=;` names it.
    #[arg(long, help_heading = FILES, value_name = "CHAR", value_parser = delimiter)]
    pub delimiter: Option<u8>,

    /// Encoding, such as `windows-1252` [default: utf-8]
    ///
    /// Any label of the WHATWG Encoding Standard. A byte order mark in a file wins. --rejects writes UTF-8.
    #[arg(long, help_heading = FILES, value_name = "NAME", value_parser = encoding)]
    pub encoding: Option<&'static Encoding>,

    /// Name of a column in its file: `users.email=Mail`
    ///
    /// May be repeated.
    #[arg(long, help_heading = FILES, value_name = "TABLE.COLUMN=HEADER", conflicts_with = "no_header", value_parser = renaming)]
    pub column: Vec<String>,

    /// Treat the first line as a row
    ///
    /// The columns are those of the table, in its order.
    #[arg(long, help_heading = FILES)]
    pub no_header: bool,

    /// Skip the first N lines of each file
    #[arg(
        long,
        help_heading = FILES,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        allow_negative_numbers = true
    )]
    pub skip_lines: u64,

    /// Ignore columns the table does not have
    ///
    /// Otherwise they are an error. Unnamed columns at the end of the header may then be missing from rows, and extra
    /// empty cells at the end of a row are ignored too.
    #[arg(long, help_heading = FILES)]
    pub ignore_extra_columns: bool,

    /// Remove white space around cells
    #[arg(long, help_heading = FILES)]
    pub trim: bool,

    /// Decimal separator of numbers: `.` or `,` [default: .]
    ///
    /// With `,`, a number that contains a point is invalid: `1.234` is never read as 1.234.
    #[arg(long, help_heading = FILES, value_name = "CHAR", default_value = ".", hide_default_value = true, value_parser = decimal)]
    pub decimal: char,

    /// Read cells with exactly this text as NULL
    ///
    /// Without it, an empty cell is NULL. May be repeated.
    #[arg(long, help_heading = FILES, value_name = "TEXT")]
    pub null: Vec<String>,

    /// Read backslash escapes, as MySQL exports them
    ///
    /// The text exports of PostgreSQL have them too. A cell `\N` is NULL; `\n`, `\t`, `\r`, `\0`, `\b`, `\f` and `\v` are
    /// control characters; and a backslash before any other character stands for that character. An empty cell of a text
    /// column is then an empty text, unless --null '' is given too.
    #[arg(long, help_heading = FILES)]
    pub backslash_escapes: bool,

    /// Skip users whose email belongs to another user
    ///
    /// The case of ASCII letters does not matter. An email belongs to the first user that has it. Emails that other
    /// programs store during the load do not count.
    #[arg(long, help_heading = RULES)]
    pub unique_email: bool,

    /// Replace stored rows that have the same key and other values
    ///
    /// Columns missing from a file keep their values. All rules apply, as they do to new rows. Columns that references
    /// go to cannot change, and a unique value that an update gives up can be used again in the next run.
    #[arg(long, help_heading = RULES)]
    pub update: bool,

    /// Exit with status 1 if any row was skipped
    #[arg(long, help_heading = RULES)]
    pub strict: bool,

    /// Stop once more than N rows were skipped or failed
    ///
    /// The rows of all tables count. Like an interrupted load, it finishes the rows that threads are writing, and reports
    /// what was done. Running it again once the rows are fixed loads the rest.
    #[arg(long, help_heading = RULES, value_name = "N", allow_negative_numbers = true)]
    pub max_rejects: Option<u64>,

    /// Write skipped and failed rows, with reasons, to CSV files in DIR
    ///
    /// The files are in UTF-8, and hold the cells of these rows and one more column, `reason`. Once fixed, they can be loaded with
    /// --from, which ignores that column. Existing files are not replaced, because you may have fixed rows there.
    #[arg(long, help_heading = REPORT, value_name = "DIR", value_parser = folder(), value_hint = ValueHint::DirPath)]
    pub rejects: Option<PathBuf>,

    /// Replace existing files in the --rejects folder
    ///
    /// Corrections in them are lost. The files of loaded tables with nothing left to reject are removed.
    #[arg(long, help_heading = REPORT, requires = "rejects")]
    pub overwrite: bool,

    /// How to print the report.
    #[command(flatten, next_help_heading = REPORT)]
    pub output: Output,

    /// Draw when each writer thread waited and wrote
    #[arg(long, help_heading = REPORT)]
    pub timeline: bool,

    /// Report what would happen, without changing any database
    ///
    /// With --rejects, the skipped rows are still written to CSV files.
    #[arg(long, help_heading = RUN)]
    pub dry_run: bool,

    /// Maximum writer threads per database, 1 to 1000
    ///
    /// This many rows of each table get their own thread; after that, a thread takes a share of many rows.
    #[arg(long, help_heading = RUN, value_name = "N", default_value_t = 64, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub threads: u16,

    /// Write the timeline to a trace file, for a load of any size
    ///
    /// The file is in the Trace Event Format, which Perfetto (ui.perfetto.dev) and, in some browsers, chrome://tracing
    /// can display.
    /// An existing file is replaced.
    #[arg(long, help_heading = REPORT, value_name = "FILE", value_parser = folder(), value_hint = ValueHint::FilePath)]
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
    /// The words of a command that loads the rejects of this load by the same rules, up to the name of their folder:
    /// `tradexa --dir data insert --unique-email --from`. Only these tables have rejects. Rejects are in UTF-8 and have
    /// a header of their own, so options that say otherwise are left out.
    pub fn reload_command(&self, cli: &Cli, renamed: &[Renamed], tables: &[&str]) -> Vec<OsString> {
        let mut words = vec![OsString::from("tradexa")];
        words.extend(cli.names());
        words.push("insert".into());
        let switches = [
            (self.unique_email, "--unique-email"),
            (self.update, "--update"),
            (self.trim, "--trim"),
            (self.ignore_extra_columns, "--ignore-extra-columns"),
            (self.backslash_escapes, "--backslash-escapes"),
        ];
        let given = switches.iter().filter(|(given, _)| *given);
        words.extend(given.map(|(_, switch)| switch.into()));
        if let Some(delimiter) = self.delimiter.filter(|delimiter| *delimiter != b',') {
            let delimiter = match delimiter {
                b'\t' => "tab".to_string(),
                control if control.is_ascii_control() => format!("\\x{control:02x}"),
                other => char::from(other).to_string(),
            };
            words.extend(["--delimiter".into(), delimiter.into()]);
        }
        if self.decimal != '.' {
            words.extend(["--decimal".into(), self.decimal.to_string().into()]);
        }
        for null in &self.null {
            // In one word, because the text may begin with a hyphen.
            words.push(format!("--null={null}").into());
        }
        for column in renamed.iter().filter(|it| tables.contains(&it.table)) {
            let Renamed {
                table,
                column,
                header,
            } = column;
            words.extend([
                "--column".into(),
                format!("{table}.{column}={header}").into(),
            ]);
        }
        words.push("--from".into());
        words
    }
}

impl Cli {
    /// The folder of the databases.
    pub fn folder(&self) -> PathBuf {
        let folder = self.dir.clone().or_else(|| variable("TRADEXA_DIR"));
        folder.unwrap_or_else(|| ".".into())
    }

    /// The database that all tables are in, if there is one.
    pub fn one_file(&self) -> Option<PathBuf> {
        let named = || variable("TRADEXA_DATABASE").filter(|_| self.dir.is_none());
        self.database.clone().or_else(named)
    }

    /// What declares the tables, unless they are built in.
    pub fn declared(&self) -> Option<PathBuf> {
        self.schema.clone().or_else(|| variable("TRADEXA_SCHEMA"))
    }

    /// The options that name databases and tables, as another command needs them: `--dir data`.
    pub fn names(&self) -> Vec<OsString> {
        let mut words = Vec::new();
        let mut add = |option: &str, path: PathBuf| words.extend([option.into(), path.into()]);
        match self.one_file() {
            Some(file) => add("--database", file),
            None if self.folder() == Path::new(".") && variable("TRADEXA_DIR").is_none() => {}
            None => add("--dir", self.folder()),
        }
        if let Some(schema) = self.declared() {
            add("--schema", schema);
        }
        words
    }
}

/// The path in a variable of the environment, unless it is unset or empty. The `env` of clap would take an empty variable
/// for an empty path.
fn variable(name: &str) -> Option<PathBuf> {
    let path = env::var_os(name).filter(|path| !path.is_empty())?;
    Some(path.into())
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
    let byte = match text.as_bytes() {
        b"tab" => Some(b'\t'),
        [byte] => Some(*byte),
        [b'\\', b'x', digits @ ..] if digits.len() == 2 => u8::from_str_radix(&text[2..], 16).ok(),
        _ => None,
    };
    byte.filter(|byte| is_delimiter(*byte)).ok_or_else(|| {
        "expected one ASCII character other than a quote, letter, digit or line end; \
         for a tab, write `tab`, and for a control character its code, such as `\\x01`"
            .to_string()
    })
}

fn encoding(label: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        "expected a label of the WHATWG Encoding Standard, such as utf-8, windows-1252, utf-16le, \
         shift_jis or gb18030"
            .to_string()
    })
}

fn assignment(text: OsString) -> Result<OsString, String> {
    let bytes = text.as_encoded_bytes();
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(1..) if !bytes.ends_with(b"=") => Ok(text),
        _ => Err(
            "expected the name of a table, `=` and a path, such as `users=people.csv`".to_string(),
        ),
    }
}

fn renaming(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((column, _)) if column.contains('.') => Ok(text.to_string()),
        _ => Err("expected a column of a table, `=` and its name in the file, such as `users.email=E-Mail`".to_string()),
    }
}

fn decimal(text: &str) -> Result<char, String> {
    match text {
        "." => Ok('.'),
        "," => Ok(','),
        _ => Err("expected `.` or `,`".to_string()),
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
