//! `tradexa check`

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::anyhow;

use super::{Failures, all, at, each_table, print, shown};
use crate::check::{self, Lane};
use crate::cli::{Check, Format, LOCK_TIMEOUT};
use crate::database::{Patience, Reader};
use crate::report::CheckReport;
use crate::terminal::{Progress, Step, Terminal};

/// How often to begin again when another process disturbs the reading.
const ATTEMPTS: u32 = 5;

/// Checks what is stored against the rules, and changes nothing.
///
/// # Errors
///
/// If a database is missing, damaged or not as declared, or if the report could not be printed. Violations are not
/// errors here, but show in the exit status.
pub fn check(folder: &Path, options: &Check) -> Result<ExitCode, Failures> {
    let (limit, shown) = (options.output.limit, shown(&options.output));
    let patience = Patience {
        limit: LOCK_TIMEOUT,
        ..Patience::default()
    };
    for _ in 0..ATTEMPTS {
        let lanes = each_table(folder, |table| {
            let reader = Reader::open(table, folder, &patience)?;
            Ok(Lane::new(table, reader))
        })?;
        let tables: Vec<_> = lanes.iter().map(|lane| lane.table).collect();
        let mut progress = Progress::new(&tables);
        let checked = check::check(&lanes, options.unique_email, limit, shown, || {
            progress.show(&lanes.iter().map(step).collect::<Vec<_>>());
        });
        drop(progress);
        if lanes.iter().any(|lane| lane.reader.was_disturbed()) {
            continue;
        }
        let checked = (checked.into_iter().zip(&tables))
            .map(|(result, table)| result.map_err(|problem| at(table, folder, &problem)));
        let tables = all(checked)?;
        let report = CheckReport { tables };
        print(|out| match options.output.format {
            Format::Table => report.write_tables(out, &Terminal::stdout()),
            Format::Json => report.write_json(out),
        })?;
        return Ok(match report.violations() {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        });
    }
    let disturbed =
        "other processes kept changing the databases: run the command again when they are done";
    Err(anyhow!(disturbed).into())
}

fn step(lane: &Lane) -> Step {
    Step {
        rows: lane.rows.load(Ordering::Relaxed),
        done: lane.is_read(),
        ..Step::default()
    }
}
