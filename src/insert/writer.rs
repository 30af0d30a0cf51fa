//! One writer thread's work: wait for the rows that its own refer to, take a turn, write, and tell everyone who waits.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::lane::{Lane, Store};
use super::order::Order;
use super::slots::Slot;
use crate::row::{Outcome, Reason, Rows};
use crate::timeline::{Phase, Track};

/// Checked rows, and the room that they take until nobody needs them any more.
pub type Cargo<'a> = Arc<(Rows, Slot<'a>)>;

/// Shares that are done: their rows, the places of their records, and what became of those that were not inserted.
pub type Done<'a> = Order<(Cargo<'a>, Range<u32>, Vec<(u32, Outcome)>)>;

/// Does the work that tells what became of those rows of a share that were not inserted, by their places, and tells
/// everyone who waits for the rows or counts them, even if the work panics.
pub fn carry_out<'a>(
    lane: &Lane,
    done: &Done<'a>,
    cargo: &Cargo<'a>,
    places: Range<u32>,
    share: u64,
    work: impl FnOnce() -> Vec<(u32, Outcome)>,
) {
    let rows = &cargo.0;
    let mut others = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        failed(
            rows.accepted_at(&places),
            &Reason::same("its thread panicked"),
        )
    });
    others.sort_unstable_by_key(|(place, _)| *place);
    let failed = (others.iter())
        .filter(|(_, outcome)| matches!(outcome, Outcome::Failed(_)))
        .map(|(place, _)| rows.id(*place));
    lane.ledger.settle(share, failed);
    done.note(share, (Arc::clone(cargo), places, others), |done| {
        let (cargo, places, others) = done;
        lane.note(&cargo.0, &places, &others);
    });
}

/// Writes the rows at these places, one at least, once all that they refer to are settled, or finds out what would
/// become of them then. Returns what became of those that were not inserted.
pub fn write(lane: &Lane, rows: &Rows, places: &[u32]) -> Vec<(u32, Outcome)> {
    let mut track = Track::begin(rows.id(places[0]), places.len());
    let mut others = wait_for_parents(lane, rows, places);
    track.end(Phase::Parents);
    let free = by_id(rows, places, &others);
    if !free.is_empty() {
        let written = match &lane.store {
            Store::Rehearse(reader) => reader.compare(rows, &free),
            Store::Write { database, .. } => {
                let _turn = lane.turns.take();
                track.end(Phase::Turn);
                let written = database.writer().and_then(|writer| {
                    track.end(Phase::Open);
                    writer.insert(rows, &free)
                });
                // While it still is this thread's turn, or the next one would seem to write at the same time.
                track.end(Phase::Write);
                written
            }
        };
        match written {
            Ok(not_inserted) => others.extend(not_inserted),
            Err(problem) => others.extend(failed(&free, &lane.unusable(&problem))),
        }
    }
    if let (Some(timeline), Store::Write { .. }) = (&mut lane.results().tally.timeline, &lane.store)
    {
        timeline.push(track);
    }
    others
}

/// Waits until all rows that these refer to are settled, and tells which refer to one that could not be inserted.
fn wait_for_parents(lane: &Lane, rows: &Rows, places: &[u32]) -> Vec<(u32, Outcome)> {
    let mut blocked: BTreeMap<u32, Vec<Reason>> = BTreeMap::new();
    for (column, parent) in &lane.parents {
        let id = |place: &u32| rows.integer(*place, *column);
        let missing = parent.ledger.wait(places.iter().map(id)).into_iter();
        let mut missing: Vec<_> = missing.map(|index| places[index]).collect();
        if missing.is_empty() {
            continue;
        }
        // A row that could not be written now may have been stored before.
        let mut ids: Vec<_> = missing.iter().map(id).collect();
        ids.sort_unstable();
        ids.dedup();
        let stored = parent.reader().stored(&ids).unwrap_or_default();
        missing.retain(|place| stored.binary_search(&id(place)).is_err());
        for place in missing {
            let reason = Reason::not_inserted(parent.table, id(&place));
            blocked.entry(place).or_default().push(reason);
        }
    }
    let blocked = blocked.into_iter();
    blocked
        .map(|(place, reasons)| (place, Outcome::Failed(reasons)))
        .collect()
}

/// The places that are not among `others`, by the ids of their rows: SQLite writes them quickest in this order.
fn by_id(rows: &Rows, places: &[u32], others: &[(u32, Outcome)]) -> Vec<u32> {
    let other = |place: &u32| others.binary_search_by_key(place, |(other, _)| *other);
    let free = places.iter().filter(|place| other(place).is_err());
    let mut free: Vec<_> = free.copied().collect();
    free.sort_unstable_by_key(|place| rows.id(*place));
    free
}

/// The same reason for the rows at all these places.
pub fn failed(places: &[u32], reason: &Reason) -> Vec<(u32, Outcome)> {
    let failed = |place: &u32| (*place, Outcome::Failed(vec![reason.clone()]));
    places.iter().map(failed).collect()
}
