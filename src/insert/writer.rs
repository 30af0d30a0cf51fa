//! One writer thread's work: wait for the parents of its rows, take a turn, write, and let everybody know.

use std::collections::BTreeMap;

use super::ledger::Settled;
use super::{Lane, parents};
use crate::database::{Fate, Problem};
use crate::outcome::{Outcome, Reason};
use crate::schema::Table;
use crate::sync::lock;
use crate::timeline::{Phase, Track};
use crate::validate::{Row, Rows};

/// Writes rows once their parents are settled and it is their turn, and returns the outcome of each.
pub fn write(lanes: &[Lane], table: usize, rows: &Rows) -> Vec<Outcome> {
    let lane = &lanes[table];
    let first_id = rows.iter().next().map_or(0, |row| row.id());
    let mut track = Track::begin(first_id, rows.len());
    let blocked = blocked(lanes, table, rows);
    track.end(Phase::Parents);
    let fates = match blocked.len() == rows.len() {
        true => Ok(Vec::new()),
        false => {
            let _turn = lane.turns.take();
            #[cfg(test)]
            super::tests::panic_if_asked_to(rows);
            track.end(Phase::Turn);
            let fates = lane.database.writer().and_then(|writer| {
                track.end(Phase::Open);
                writer.insert(rows.iter().filter(|row| !blocked.contains_key(&row.id())))
            });
            // Before the next thread has its turn.
            track.end(Phase::Write);
            fates
        }
    };
    if let Some(timeline) = &lane.timeline {
        lock(timeline).push(track);
    }
    outcomes(lane, rows, blocked, fates)
}

/// What would become of rows if they were written now. Their parents are settled.
pub fn rehearse(lanes: &[Lane], table: usize, rows: &Rows) -> Vec<Outcome> {
    let lane = &lanes[table];
    let blocked = blocked(lanes, table, rows);
    let free = rows.iter().filter(|row| !blocked.contains_key(&row.id()));
    let fates = lane.database.rehearse(free);
    outcomes(lane, rows, blocked, fates)
}

/// Why rows cannot be written, by id.
type Blocked = BTreeMap<i64, Vec<Reason>>;

/// Waits until all rows that these refer to are settled, and tells which refer to one that could not be inserted.
fn blocked(lanes: &[Lane], table: usize, rows: &Rows) -> Blocked {
    let mut blocked = Blocked::new();
    let parents: Vec<_> = parents(lanes, table).collect();
    if parents.is_empty() {
        return blocked;
    }
    for row in rows.iter() {
        for (column, parent) in &parents {
            let Some(id) = row.integer(*column) else {
                continue;
            };
            let parent = &lanes[*parent];
            // A row that could not be written now may have been stored before.
            if parent.ledger.wait(id) == Settled::Failed
                && !parent.database.contains(id).unwrap_or(false)
            {
                let reasons = blocked.entry(row.id()).or_default();
                reasons.push(not_inserted(parent.table, id));
            }
        }
    }
    blocked
}

/// The outcome of each row: that of those which were not blocked is told by their fates, in order.
fn outcomes(
    lane: &Lane,
    rows: &Rows,
    mut blocked: Blocked,
    fates: Result<Vec<Fate>, Problem>,
) -> Vec<Outcome> {
    let mut fates = fates
        .map(Vec::into_iter)
        .map_err(|problem| unusable(lane.table, &problem));
    let outcomes = rows.iter().map(|row| {
        if let Some(missing) = blocked.remove(&row.id()) {
            return Outcome::Failed(missing);
        }
        match &mut fates {
            Ok(fates) => outcome(lane.table, row, fates.next()),
            Err(reason) => Outcome::Failed(vec![reason.clone()]),
        }
    });
    outcomes.collect()
}

fn outcome(table: &Table, row: Row, fate: Option<Fate>) -> Outcome {
    match fate {
        Some(Fate::Inserted) => Outcome::Inserted,
        Some(Fate::Unchanged) => Outcome::Unchanged,
        Some(Fate::Taken) => {
            let (column, database) = (table.columns[0].name, table.database());
            let taken = format!("already taken by a different row in {database}");
            Outcome::Skipped(vec![Reason::new(
                format!("{column} {} is {taken}", row.id()),
                format!("{column} is {taken}"),
            )])
        }
        Some(Fate::Refused(why)) => Outcome::Failed(vec![same(format!(
            "{} refused it: {why}",
            table.database()
        ))]),
        None => Outcome::Failed(vec![same("its thread lost track of it")]),
    }
}

/// Lets everybody know what became of rows.
pub fn settle(lane: &Lane, rows: &Rows, outcomes: Vec<Outcome>) {
    let settled = rows.iter().zip(&outcomes).map(|(row, outcome)| {
        let settled = match outcome {
            Outcome::Inserted | Outcome::Unchanged | Outcome::Skipped(_) => Settled::Exists,
            Outcome::Failed(_) => Settled::Failed,
        };
        (row.id(), settled)
    });
    lane.ledger.settle(settled);
    let mut tally = lock(&lane.tally);
    for (row, outcome) in rows.iter().zip(outcomes) {
        tally.record(row.record, row.id(), outcome);
    }
}

/// The same reason for all rows.
pub fn all_failed(rows: &Rows, reason: &Reason) -> Vec<Outcome> {
    vec![Outcome::Failed(vec![reason.clone()]); rows.len()]
}

/// The reason of a row that refers to a row that could not be inserted.
pub fn not_inserted(table: &Table, id: i64) -> Reason {
    Reason::new(
        format!("{} {id} could not be inserted", table.row),
        format!("{} could not be inserted", table.row),
    )
}

/// The reason of a row whose database has a problem.
pub fn unusable(table: &Table, problem: &Problem) -> Reason {
    same(format!("{} {problem}", table.database()))
}

/// A reason that has nothing particular to one row.
pub fn same(text: impl Into<String>) -> Reason {
    let text = text.into();
    Reason::new(text.clone(), text)
}
