//! `tradexa check`

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail};

use super::{ATTEMPTS, Databases, Messages, listing, print};
use crate::check::{self, TableCheck};
use crate::cli::{Cli, Format, Output};
use crate::database::Reader;
use crate::report::CheckReport;
use crate::terminal::{Progress, Step, Terminal};

/// Checks what is stored against the rules, and changes nothing.
///
/// # Errors
///
/// If a database is missing, damaged or not as declared, or if the report could not be printed. Violations are not
/// errors here, but show in the exit status.
pub fn check(
    cli: &Cli,
    unique_email: bool,
    output: &Output,
    messages: &mut Messages,
) -> Result<ExitCode> {
    let databases = Databases::open(cli, messages)?;
    for (table, reasons) in &databases.unsupported {
        messages.note(format!("{table} is not checked: {}", reasons.join("; ")));
    }
    messages.say();
    for _ in 0..ATTEMPTS {
        let readers = databases.readers(messages, |table, other| match other {
            Some(other) => other.of_another(table),
            None => Reader::open(table, &databases.folder, &databases.lock_timeout),
        })?;
        let checks: Vec<_> = readers.into_iter().map(TableCheck::new).collect();
        let mut progress = (!output.quiet).then(Progress::new);
        let checked = check::check(&checks, unique_email, listing(output), || {
            if let Some(progress) = &mut progress {
                progress.show(&checks.iter().map(step).collect::<Vec<_>>());
            }
        });
        drop(progress);
        if checks.iter().any(|check| check.reader.was_disturbed()) {
            continue;
        }
        let report = CheckReport::new(databases.all(messages, checked)?);
        let printed = print(|out| match output.format {
            Format::Table if output.quiet => report.write_summary(&mut Terminal::stdout(out)),
            Format::Table => report.write_tables(&mut Terminal::stdout(out)),
            Format::Json => report.write_json(out),
        });
        if let Err(error) = printed {
            messages.error(error);
        }
        return Ok(match report.violations {
            0 => messages.status(),
            _ => ExitCode::FAILURE,
        });
    }
    bail!("other processes kept changing the databases: run the command again when they are done")
}

fn step(check: &TableCheck) -> Step {
    Step {
        name: check.reader.table.name,
        rows: check.rows.load(Ordering::Relaxed),
        done: check.is_read(),
        ..Step::default()
    }
}
