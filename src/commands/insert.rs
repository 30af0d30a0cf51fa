//! `tradexa insert`

use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use anyhow::{Error, anyhow};

use super::{Failures, all, at, complain, each_table, print, shown};
use crate::cli::{Format, Insert};
use crate::csv::{self, Dialect, Rejects, Source};
use crate::database::{Database, Patience, Problem, Reader, Unprepared};
use crate::insert::{self, Feed, Lane, Results, Store};
use crate::platform::Interrupt;
use crate::report::{Report, Stored, TableReport};
use crate::row::Tally;
use crate::rules::Rules;
use crate::schema::{TABLES, Table};
use crate::sync::{Mutex, lock};
use crate::terminal::{Progress, Step, Terminal, show, to_utf8};

/// Inserts rows and reports what became of each.
///
/// # Errors
///
/// If a database or an input file could not be used, if a row failed, if a row was skipped and the options are strict,
/// or if the report or the rejects could not be written.
pub fn insert(folder: &Path, options: &Insert) -> Result<ExitCode, Failures> {
    let started = Instant::now();
    let source = match &options.from {
        Some(folder) => Source::Folder(folder),
        None => Source::Seed,
    };
    let interrupt = Arc::new(Interrupt::default());
    let readers = open_files(&source, options)?;
    let sizes: Vec<_> = (readers.iter())
        .map(|reader| reader.as_ref().and_then(|reader| reader.size))
        .collect();
    let stores = open_databases(folder, options, &interrupt)?;
    // The last thing before rows are read, because it creates the folder.
    prepare_rejects(&source, options)?;
    let mut lanes = Vec::new();
    let mut feeds = Vec::new();
    for ((table, reader), store) in TABLES.iter().zip(readers).zip(stores) {
        let results = results(table, reader.as_ref(), options);
        let at = |problem| at(table, folder, &problem);
        let mut lane = Lane::new(table, store, results, &lanes, Arc::clone(&interrupt));
        lane.timeline = options.timeline.then(Mutex::default);
        let rules = rules(&lane, options.unique_email).map_err(at)?;
        feeds.push(Feed { reader, rules });
        lanes.push(Arc::new(lane));
    }
    let tables: Vec<_> = lanes.iter().map(|lane| lane.table).collect();
    let mut progress = Progress::new(&tables);
    insert::run(&lanes, feeds, || {
        let steps = lanes
            .iter()
            .zip(&sizes)
            .map(|(lane, size)| step(lane, *size));
        progress.show(&steps.collect::<Vec<_>>());
    });
    drop(progress);
    let interrupted = interrupt.is_set() && lanes.iter().any(|lane| was_cut_short(lane));

    let mut errors = Vec::new();
    let mut rejects = None;
    for lane in &lanes {
        match put_rejects(lane) {
            Ok(put) => rejects = rejects.or(options.rejects.clone().filter(|_| put)),
            Err(failure) => errors.push(failure),
        }
    }
    let tables = lanes.iter().map(|lane| finish(lane, &source, &mut errors));
    let tables = tables.collect();
    let report = Report {
        tables,
        threads: (lanes
            .iter()
            .map(|lane| lane.spawned.load(Ordering::Relaxed)))
        .sum(),
        started,
        elapsed: started.elapsed(),
        dry_run: options.dry_run,
        interrupted,
        dir: folder.to_path_buf(),
        from: options.from.clone(),
        rejects,
        again: options.again(folder),
    };
    let printed = print(|out| {
        let mut read_back = |place: usize, id, each: &mut dyn FnMut(&Stored)| {
            let lane: &Lane = &lanes[place];
            let read = read_back(lane, id, each);
            let is_there = read.is_ok();
            errors.extend(read.err());
            is_there
        };
        match options.output.format {
            Format::Table => report.write_tables(out, &Terminal::stdout(), &mut read_back),
            Format::Json => report.write_json(out, &mut read_back),
        }
    });
    errors.extend(printed.err());
    errors.extend(report.failures(options.strict).into_iter().map(Error::msg));
    close(lanes);
    let notices: Vec<_> = report.notices().into_iter().map(Error::msg).collect();
    complain(&notices);
    match (interrupted, errors.is_empty()) {
        (true, _) => {
            complain(&errors);
            Ok(ExitCode::from(interrupt.status()))
        }
        (false, true) => Ok(ExitCode::SUCCESS),
        (false, false) => Err(Failures(errors)),
    }
}

/// Opens what the rows come from, and looks at all headers before anything else happens.
fn open_files(source: &Source, options: &Insert) -> Result<Vec<Option<csv::Reader>>, Failures> {
    if let Source::Folder(folder) = source
        && !folder.is_dir()
    {
        let advice = match folder.exists() {
            true => "give the folder that contains it",
            false => "choose another one",
        };
        let folder = show(folder);
        return Err(anyhow!("{folder} is not a folder: {advice} with --from").into());
    }
    let dialect = dialect(options);
    let readers = all(TABLES.iter().map(|table| {
        let opened = source.open(table, &dialect);
        opened.map_err(|problem| unusable(&source.path(table), &problem))
    }))?;
    if let Source::Folder(folder) = source {
        complain(&names_in_other_case(folder, &readers));
    }
    if let Source::Folder(folder) = source
        && readers.iter().all(Option::is_none)
    {
        let names: Vec<_> = TABLES.iter().map(|table| table.csv()).collect();
        let (folder, names) = (show(folder), names.join(", "));
        return Err(anyhow!("{folder} has none of the files {names}").into());
    }
    Ok(readers)
}

/// A sentence for each file that is not read because its name is not in lower case.
fn names_in_other_case(folder: &Path, readers: &[Option<csv::Reader>]) -> Vec<Error> {
    let missing = TABLES.iter().zip(readers);
    let missing = missing.filter(|(_, reader)| reader.is_none());
    let missing: Vec<_> = missing.map(|(table, _)| table.csv()).collect();
    // If the folder cannot be listed, its files can still be loaded.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut notices = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default();
        let meant = missing.iter().find(|csv| name.eq_ignore_ascii_case(csv));
        notices.extend(meant.map(|csv| anyhow!("{} is not read: rename it to {csv}", show(&path))));
    }
    notices
}

/// What is wrong with a CSV file, as a sentence.
fn unusable(path: &Path, problem: &csv::Problem) -> Error {
    let advice = match problem {
        csv::Problem::Utf16 => format!(": {}", to_utf8(path, "UTF-16")),
        _ => String::new(),
    };
    anyhow!("{} {problem}{advice}", show(path))
}

fn dialect(options: &Insert) -> Dialect {
    Dialect {
        delimiter: options.delimiter,
        trim: options.trim,
        ignore_extra_columns: options.ignore_extra_columns,
    }
}

/// Opens all databases before any is changed.
fn open_databases(
    folder: &Path,
    options: &Insert,
    interrupt: &Interrupt,
) -> Result<Vec<Store>, Failures> {
    let patience = Patience {
        limit: options.lock_timeout,
        stop: interrupt.flag(),
    };
    if options.dry_run {
        let readers = each_table(folder, |table| {
            Reader::open_or_empty(table, folder, &patience)
        })?;
        return Ok(readers.into_iter().map(Store::Rehearse).collect());
    }
    let databases = each_table(folder, |table| Database::open(table, folder, &patience))?;
    let prepared = side_by_side(databases, Unprepared::prepare);
    all(TABLES.iter().zip(prepared).map(|(table, prepared)| {
        let database = prepared.map_err(|problem| at(table, folder, &problem))?;
        let threads = usize::from(options.threads);
        Ok(Store::Write { database, threads })
    }))
}

/// Makes sure that rejects can be written, if they were asked for.
fn prepare_rejects(source: &Source, options: &Insert) -> Result<(), Failures> {
    let Some(folder) = &options.rejects else {
        return Ok(());
    };
    let reads: Vec<PathBuf> = match source {
        Source::Seed => Vec::new(),
        Source::Folder(_) => TABLES.iter().map(|table| source.path(table)).collect(),
    };
    csv::prepare(folder, options.overwrite, &reads).map_err(|refusals| {
        let errors = refusals.into_iter();
        let errors = errors.map(|(path, refusal)| anyhow!("{} {refusal}", show(&path)));
        Failures(errors.collect())
    })
}

/// What will become of a table's records: nothing yet.
fn results(table: &Table, reader: Option<&csv::Reader>, options: &Insert) -> Results {
    let header = reader.map(csv::Reader::header);
    let tally = Tally::new(options.output.limit, shown(&options.output));
    let rejects = options
        .rejects
        .as_ref()
        .zip(header.clone())
        .map(|(folder, header)| {
            Rejects::new(folder, table, header, &dialect(options), options.overwrite)
        });
    Results {
        header,
        tally,
        rejects,
    }
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
        read: lane.position.load(Ordering::Relaxed),
        size,
        rows: lane.results().tally.records(),
        waits_for: lane.waits_for().map(|table| table.name).collect(),
        done: lane
            .fed()
            .is_some_and(|fed| !fed.cut && fed.error.is_none()),
    }
}

/// Whether some of the lane's records have no outcome, or failed: an interrupt that comes later than that changes nothing.
fn was_cut_short(lane: &Lane) -> bool {
    lane.fed().is_some_and(|fed| fed.cut) || lane.results().tally.failed.count > 0
}

/// Puts the rejects of a lane whose threads are done in their place, and returns whether there are any.
fn put_rejects(lane: &Lane) -> Result<bool, Error> {
    let complete = lane
        .fed()
        .is_some_and(|fed| fed.error.is_none() && !fed.cut);
    let Some(rejects) = lane.results().rejects.take() else {
        return Ok(false);
    };
    let path = show(rejects.path());
    let put = rejects.finish(complete);
    put.map_err(|failure| anyhow!("{path} {failure}"))
}

/// Takes the results of a lane whose threads are done.
fn finish(lane: &Lane, source: &Source, errors: &mut Vec<Error>) -> TableReport {
    let table = lane.table;
    if let Some(error) = lane.fed().and_then(|fed| fed.error.as_ref()) {
        let path = show(&source.path(table));
        errors.push(anyhow!("{path} could not be read to its end: {error}"));
    }
    if lane.reader().was_disturbed() {
        let file = table.database();
        errors.push(anyhow!(
            "{file} was changed by another process during the run: run the command again"
        ));
    }
    let mut results = lane.results();
    TableReport {
        table,
        header: results.header.clone(),
        tally: std::mem::replace(&mut results.tally, Tally::new(0, None)),
        timeline: (lane.timeline.as_ref()).map(|tracks| std::mem::take(&mut *lock(tracks))),
    }
}

/// Hands over a row as the database has it now.
fn read_back(lane: &Lane, id: i64, each: &mut dyn FnMut(&Stored)) -> Result<(), Error> {
    let (row, file) = (lane.table.row, lane.table.database());
    let mut printed = Ok(());
    let read = lane.reader().row(id, |stored| {
        let cells = (0..lane.table.columns.len())
            .map(|column| Ok((stored.value(column), stored.printed(column)?)));
        printed = cells
            .collect::<Result<Vec<_>, _>>()
            .map(|cells| each(&cells));
    });
    match read.and_then(|is_there| printed.map(|()| is_there)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(anyhow!(
            "{row} {id} was stored, but is gone from {file}: another process deleted it"
        )),
        Err(problem) => Err(anyhow!(
            "{row} {id} was stored, but could not be read back: {file} {problem}"
        )),
    }
}

/// Closes the databases side by side: each moves its WAL into the file, and waits for the disk.
fn close(mut lanes: Vec<Arc<Lane>>) {
    let mut stores = Vec::new();
    // The last one first: a lane is kept by those of the tables that refer to it.
    while let Some(lane) = lanes.pop().and_then(Arc::into_inner) {
        stores.push(lane.store);
    }
    side_by_side(stores, drop);
}

/// Does something with each item in a thread of its own, or here where no thread can be had.
fn side_by_side<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let items: Vec<_> = items
        .into_iter()
        .map(|item| Mutex::new(Some(item)))
        .collect();
    let work = |item: &Mutex<Option<T>>| lock(item).take().map(&work);
    thread::scope(|scope| {
        let threads: Vec<_> = (items.iter())
            .map(|item| {
                (
                    item,
                    thread::Builder::new().spawn_scoped(scope, move || work(item)),
                )
            })
            .collect();
        let results = threads
            .into_iter()
            .filter_map(|(item, thread)| match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                Err(_) => work(item),
            });
        results.collect()
    })
}
