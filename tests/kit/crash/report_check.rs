//! Whether a report is true.

use super::FEW_THREADS;
use super::stored::{Rows, Stored};
use crate::kit::stored::row;
use crate::kit::subject::Sample;
use crate::kit::{Folder, Run, Subject};

/// Compares the report of a run that inserts the rows of a subject with what was stored before the run and after it.
pub fn assert_report_is_accurate(run: &Run, subject: &Subject, before: &Stored, after: &Stored) {
    let failure = run.status != Some(0);
    assert_eq!(failure, !run.stderr.is_empty(), "{}", run.stderr);
    if run.report["tables"].is_null() {
        assert_eq!(run.status, Some(1), "no report, and no failure");
        assert_eq!(before, after, "no report, and something was stored");
        return;
    }
    for (index, sample) in subject.tables.iter().enumerate() {
        let name = sample.name;
        let [inserted, unchanged, skipped, failed] = run.outcomes(name).map(|count| count as usize);
        assert!(
            failed == 0 || failure,
            "{failed} rows failed, and the status is 0"
        );
        let unread = inserted + unchanged - run.listed(name).len();
        assert!(
            unread == 0 || failure,
            "{unread} rows of {name} are missing in the report"
        );
        // Nor is it known then which rows that refer to others are only to be skipped.
        let is_whole = !run.stderr.contains("could not be read to its end");
        if is_whole {
            // In user-defined tables, the rows that a row refers to are looked up at the end, when a database may have
            // failed. The row then fails, too; it is not skipped just because its parent could not be stored.
            assert!(skipped <= sample.skipped.len(), "{name}: {skipped} skipped");
            let failed_by_itself =
                |it: &Sample| run.count(it.name, "failed") as usize == it.refused.len();
            if subject.schema.is_none() || subject.tables.iter().all(failed_by_itself) {
                assert_eq!(skipped, sample.skipped.len(), "{name}");
            }
            let rows = sample.stored.len() + sample.skipped.len() + sample.refused.len();
            assert_eq!(
                inserted + unchanged + skipped + failed,
                rows,
                "each record has one outcome"
            );
        }
        let database = subject.database(name);
        table_is_true(
            run,
            sample,
            &database,
            &before.0[index],
            &after.0[index],
            is_whole,
        );
    }
}

/// Inserting the rows once more, without a fault, stores what is missing of them, and says so.
pub fn completes(folder: &Folder, before: &Stored) {
    let subject = folder.subject;
    let again = folder.insert(FEW_THREADS).ended_well(subject);
    let after = Stored::read(folder);
    assert_report_is_accurate(&again, subject, before, &after);
    assert_eq!(after.counts(), subject.complete());
}

/// `is_whole` if each row of the file has an outcome.
fn table_is_true(
    run: &Run,
    sample: &Sample,
    database: &str,
    before: &Rows,
    after: &Rows,
    is_whole: bool,
) {
    let name = sample.name;
    let missing = |rows: &Rows| rows.without(after);
    assert_eq!(
        missing(before),
        Rows::default(),
        "what was stored has changed"
    );
    let listed = |list: &str| Rows::from_iter(run.list(name, list).iter().map(row));
    for list in ["rows", "unchanged_rows"] {
        let missing = missing(&listed(list));
        assert_eq!(missing, Rows::default(), "{list} of {name} are not stored");
    }
    let [inserted, unchanged, ..] = run.outcomes(name).map(|count| count as usize);
    let new = after.without(before);
    let lost = not_durable(run, sample, database);
    let possible = inserted..=inserted + lost.len();
    assert!(
        possible.contains(&new.len()),
        "{name}: {inserted}, {after:?}"
    );
    assert!(unchanged <= before.len(), "{name}: {unchanged}, {before:?}");
    let rejected: Vec<u64> = [run.lines(name, "skipped"), run.lines(name, "failed")].concat();
    let accepted = (2..).zip(sample.stored);
    let accepted = accepted.filter(|(line, _)| !rejected.contains(line));
    let accepted = Rows::from_iter(accepted.map(|(_, row)| row.to_string()));
    let surplus = new.without(&accepted).without(&lost);
    assert_eq!(
        surplus,
        Rows::default(),
        "{name}: stored, and skipped or failed"
    );
    if is_whole {
        assert_eq!(
            missing(&accepted),
            Rows::default(),
            "{name}: not stored, and no word of it"
        );
        assert_eq!(inserted + unchanged, accepted.len(), "{name}");
    }
}

/// The rows that a failed sync may have taken. They may be stored all the same.
fn not_durable(run: &Run, sample: &Sample, database: &str) -> Rows {
    let rows = run.list(sample.name, "failed_rows").iter();
    let lost = rows.filter(|row| {
        let reason = format!("{database} could not be made durable: ");
        row["reasons"][0].as_str().unwrap().starts_with(&reason)
    });
    let lost = lost.filter_map(|row| sample.on_line(row["line"].as_u64().expect("a line")));
    lost.map(String::from).collect()
}
