//! `tradexa check`

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail};

use super::{ATTEMPTS, Messages, all_databases, each_table, listing, print};
use crate::check::{self, TableCheck};
use crate::cli::{Format, Output};
use crate::database::{LockTimeout, Reader};
use crate::report::CheckReport;
use crate::terminal::{Progress, Step, Terminal};

/// Checks what is stored against the rules, and changes nothing.
///
/// # Errors
///
/// If a database is missing, damaged or not as declared, or if the report could not be printed. Violations are not
/// errors here, but show in the exit status.
pub fn check(
    folder: &Path,
    unique_email: bool,
    output: &Output,
    lock_timeout: &LockTimeout,
    messages: &mut Messages,
) -> Result<ExitCode> {
    for _ in 0..ATTEMPTS {
        let checks = each_table(folder, messages, |table| {
            Reader::open(table, folder, lock_timeout).map(TableCheck::new)
        })?;
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
        let report = CheckReport::new(all_databases(folder, messages, checked)?);
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
