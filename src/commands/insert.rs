//! `tradexa insert`

mod open;

use std::cell::RefCell;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Error, Result, anyhow};

use super::{at, complain, print, shown, status};
use crate::cli::{Format, Insert};
use crate::csv::{self, Dialect};
use crate::database::{Problem, StoredRow};
use crate::insert::{self, Fed, Feed, Lane, Results};
use crate::platform::Interrupt;
use crate::report::{self, Report};
use crate::row::Tally;
use crate::rules::Rules;
use crate::schema::TABLES;
use crate::terminal::{Progress, Step, Terminal, show};

/// Inserts rows and reports what became of each.
///
/// # Errors
///
/// If a database or an input file could not be used, if a row failed, if a row was skipped and the options are strict,
/// or if the report or the rejects could not be written.
pub fn insert(folder: &Path, options: &Insert) -> Result<ExitCode> {
    let started = Instant::now();
    let from = options.from.as_deref();
    let dialect = Dialect {
        delimiter: options.delimiter,
        trim: options.trim,
        ignore_extra_columns: options.ignore_extra_columns,
    };
    let interrupt = Arc::new(Interrupt::default());
    let readers = open::files(from, &dialect)?;
    let sizes = readers.iter().map(|reader| reader.as_ref()?.size);
    let sizes: Vec<_> = sizes.collect();
    let stores = open::databases(folder, options, &interrupt)?;
    // Last, because it creates the folder.
    let rejects = open::rejects(options, &readers, &dialect)?;
    let mut lanes = Vec::new();
    let mut feeds = Vec::new();
    for (((table, reader), store), rejects) in TABLES.iter().zip(readers).zip(stores).zip(rejects) {
        let header = reader.as_ref().map(csv::Reader::header);
        let shown = shown(&options.output);
        let mut tally = Tally::new(table, header, options.output.limit, shown);
        tally.timeline = options.timeline.then(Vec::new);
        let results = Results { tally, rejects };
        let lane = Lane::new(store, results, &lanes, Arc::clone(&interrupt));
        let rules = rules(&lane, options.unique_email);
        let rules = rules.map_err(|problem| at(table, folder, &problem))?;
        feeds.push(Feed { reader, rules });
        lanes.push(Arc::new(lane));
    }
    let mut progress = Progress::new();
    insert::run(&lanes, feeds, || {
        let steps = lanes.iter().zip(&sizes);
        let steps = steps.map(|(lane, size)| step(lane, *size));
        progress.show(&steps.collect::<Vec<_>>());
    });
    drop(progress);
    let interrupted = interrupt.is_set() && lanes.iter().any(|lane| was_cut_short(lane));

    let mut errors = Vec::new();
    for lane in &lanes {
        errors.extend(put_rejects(lane).err());
    }
    let spawned = lanes
        .iter()
        .map(|lane| lane.spawned.load(Ordering::Relaxed));
    let tables = lanes.iter().map(|lane| finish(lane, from, &mut errors));
    let report = Report {
        tables: tables.collect(),
        threads: if options.dry_run { 0 } else { spawned.sum() },
        started,
        elapsed: started.elapsed(),
        dry_run: options.dry_run,
        interrupted,
        dir: folder.to_path_buf(),
        from: options.from.clone(),
        rejects: options.rejects.clone(),
        again: options.again(folder),
    };
    let unread = RefCell::new(Vec::new());
    let printed = print(|out| match options.output.format {
        Format::Table => report.write_tables(&mut Terminal::stdout(out), &|place, id| {
            let cell = |row: &StoredRow, column| Ok(report::cell(row.printed(column)?.as_bytes()));
            read_back(&lanes[place], id, &unread, cell)
        }),
        Format::Json => report.write_json(out, &|place, id| {
            let value = |row: &StoredRow, column| Ok(report::to_json(row.value(column)));
            read_back(&lanes[place], id, &unread, value)
        }),
    });
    errors.extend(unread.into_inner());
    errors.extend(printed.err());
    errors.extend(report.failures(options.strict).into_iter().map(Error::msg));
    close(lanes);
    complain(&report.notices());
    let status = status(&errors);
    Ok(match interrupted {
        true => ExitCode::from(interrupt.status()),
        false => status,
    })
}

/// The rules of a lane's table, which know the texts that stored rows own.
fn rules(lane: &Lane, unique: bool) -> Result<Rules, Problem> {
    let mut rules = Rules::new(lane.table, unique);
    for (index, column) in rules.unique_columns() {
        let own = |text: &str, id| rules.own(index, text.as_bytes(), id);
        lane.reader().texts(column.name, own)?;
    }
    Ok(rules)
}

fn step(lane: &Lane, size: Option<u64>) -> Step {
    Step {
        name: lane.table.name,
        read: lane.position.load(Ordering::Relaxed),
        size,
        rows: lane.results().tally.records(),
        waits_for: lane.waits_for().map(|table| table.name).collect(),
        done: is_complete(lane) && lane.is_settled(),
    }
}

/// Whether the lane's file was read to its end.
fn is_complete(lane: &Lane) -> bool {
    let complete = |fed: &Fed| !fed.cut && fed.error.is_none();
    lane.fed.get().is_some_and(complete)
}

/// Whether some of the lane's records have no outcome, or failed: an interrupt that comes later than that changes
/// nothing.
fn was_cut_short(lane: &Lane) -> bool {
    lane.fed.get().is_some_and(|fed| fed.cut) || lane.results().tally.failed.count > 0
}

/// Puts the rejects of a lane whose threads are done in their place.
fn put_rejects(lane: &Lane) -> Result<()> {
    let mut results = lane.results();
    let Some(rejects) = results.rejects.take() else {
        return Ok(());
    };
    let path = rejects.path().to_path_buf();
    let put = rejects.finish(is_complete(lane));
    put.map_err(|failure| anyhow!("{} {failure}", show(&path)))?;
    results.tally.rejects = Some(path).filter(|_| results.tally.rejected() > 0);
    Ok(())
}

/// Takes the results of a lane whose threads are done.
fn finish(lane: &Lane, from: Option<&Path>, errors: &mut Vec<Error>) -> Tally {
    let table = lane.table;
    if let Some(error) = lane.fed.get().and_then(|fed| fed.error.as_ref()) {
        let path = show(&csv::path(from, table));
        errors.push(anyhow!("{path} could not be read to its end: {error}"));
    }
    if lane.reader().was_disturbed() {
        let file = table.database();
        errors.push(anyhow!(
            "{file} was changed by another process during the run: run the command again"
        ));
    }
    std::mem::replace(&mut lane.results().tally, Tally::new(table, None, 0, None))
}

/// A row as the database has it now, given what to make of each column; `None`, and why, if it cannot be had.
fn read_back<T>(
    lane: &Lane,
    id: i64,
    errors: &RefCell<Vec<Error>>,
    cell: impl Fn(&StoredRow, usize) -> Result<T, Problem>,
) -> Option<Vec<T>> {
    let (row, file) = (lane.table.row, lane.table.database());
    let mut cells = None;
    let columns = 0..lane.table.columns.len();
    let read = lane.reader().row(id, |row| {
        cells = Some(columns.clone().map(|column| cell(row, column)).collect());
    });
    let why = match read.and_then(|_| cells.transpose()) {
        Ok(Some(cells)) => return Some(cells),
        Ok(None) => format!("is gone from {file}: another process deleted it"),
        Err(problem) => format!("could not be read back: {file} {problem}"),
    };
    let error = anyhow!("{row} {id} was stored, but {why}");
    errors.borrow_mut().push(error);
    None
}

/// Closes the databases side by side: each moves its WAL into the file, and waits for the disk.
fn close(mut lanes: Vec<Arc<Lane>>) {
    let mut stores = Vec::new();
    // The last one first: a lane is kept by those of the tables that refer to it.
    while let Some(lane) = lanes.pop().and_then(Arc::into_inner) {
        stores.push(lane.store);
    }
    open::side_by_side(stores, drop);
}
