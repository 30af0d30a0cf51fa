//! `tradexa check`

use std::path::Path;

use anyhow::{Result, bail};

use super::{at, each_table, print};
use crate::check::check as check_all;
use crate::cli::{Check, Format, LOCK_TIMEOUT};
use crate::database::Database;
use crate::report::{CheckReport, Terminal};

/// How often to begin again when another process disturbs the reading.
const ATTEMPTS: u32 = 5;

/// Checks what is stored against the rules, and changes nothing.
///
/// # Errors
///
/// If a stored row breaks a rule, if a database is missing, damaged or not as declared, or if the report could not be
/// printed.
pub fn check(folder: &Path, options: &Check) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let databases = each_table(folder, |table| {
            Database::open_to_read(table, folder, LOCK_TIMEOUT)
        })?;
        let checked = check_all(&databases, options.unique_email, options.output.limit);
        if databases.iter().any(Database::was_disturbed) {
            continue;
        }
        let tables =
            checked.map_err(|(place, problem)| at(databases[place].table, folder, &problem))?;
        let report = CheckReport {
            tables,
            limit: options.output.limit,
        };
        match options.output.format {
            Format::Table => print(&report.to_tables(&Terminal::stdout()))?,
            Format::Json => print(&report.to_json()?)?,
        }
        return match report.failure() {
            None => Ok(()),
            Some(failure) => bail!(failure),
        };
    }
    bail!("other processes kept changing the databases: run it again when they are done")
}
