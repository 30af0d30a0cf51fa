//! `tradexa insert`

mod open;
mod sources;

use std::cell::RefCell;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Result, anyhow, bail};

use super::{ATTEMPTS, Messages, at, listing, print};
use crate::cli::{Format, Insert};
use crate::csv::{self, Dialect, Rejects, Source};
use crate::database::{Problem, StoredRow};
use crate::insert::{self, EndOfInput, Input, TableLoad};
use crate::platform::Interrupt;
use crate::report::{self, Report, Tally};
use crate::row::Notation;
use crate::rules::Rules;
use crate::schema::TABLES;
use crate::terminal::{Progress, Step, Terminal, show};

/// Inserts rows and reports what became of each.
///
/// # Errors
///
/// If a database or an input file could not be used, if a row failed, if a row was skipped and the options are strict,
/// or if the report or the rejects could not be written.
pub fn insert(folder: &Path, options: &Insert, messages: &mut Messages) -> Result<ExitCode> {
    let started = Instant::now();
    let dialect = Dialect {
        delimiter: options.delimiter,
        notation: Notation {
            trim: options.trim,
            decimal: options.decimal,
            null: options.null.clone(),
            backslash_escapes: options.backslash_escapes,
            ..Notation::default()
        },
        ignore_extra_columns: options.ignore_extra_columns,
        encoding: options.encoding,
        no_header: options.no_header,
        skip_lines: options.skip_lines,
        renamed: sources::renamed(&options.column, messages)?,
    };
    if options.backslash_escapes && options.delimiter == Some(b'\\') {
        bail!("a backslash cannot both escape and separate: leave --backslash-escapes out");
    }
    let sources = sources::sources(options, messages)?;
    let interrupt = Arc::new(Interrupt::default());
    let mut readers = open::files(options, &sources, &dialect, messages)?;
    let mut attempts = 0;
    let (loads, inputs) = loop {
        attempts += 1;
        // A pipe cannot be read again.
        let is_last = attempts == ATTEMPTS || !sources.iter().flatten().all(Source::is_rereadable);
        let (loads, inputs) = run(folder, options, &sources, readers, &interrupt, messages)?;
        let was_disturbed = loads.iter().any(|load| load.reader().was_disturbed());
        if is_last || !options.dry_run || !was_disturbed {
            break (loads, inputs);
        }
        for rejects in inputs.into_iter().filter_map(|input| input.rejects) {
            rejects.discard();
        }
        readers = open::readers(&sources, &dialect, messages)?;
    };
    let interrupted = interrupt.is_set() && loads.iter().any(|load| load.was_cut_short());

    let mut tables = Vec::new();
    for ((load, input), source) in loads.iter().zip(inputs).zip(&sources) {
        if let Some(source) = source {
            let name = show(&source.name(load.table));
            for remark in &input.remarks {
                messages.note(format_args!("{name} {remark}"));
            }
            unread(load, &name, messages);
        }
        disturbed(load, messages);
        let mut tally = input.tally;
        if let Some(rejects) = input.rejects
            && let Err(error) = put_rejects(load, rejects, &mut tally)
        {
            messages.error(error);
        }
        tables.push(tally);
    }
    let threads = loads
        .iter()
        .map(|load| load.threads.load(Ordering::Relaxed));
    let rejected = tables.iter().filter(|table| table.rejected() > 0);
    let rejected: Vec<_> = rejected.map(|table| table.table.name).collect();
    let file = |(table, source): (_, &Option<Source>)| match source {
        None | Some(Source::Seed) => None,
        Some(source) => Some(source.name(table)),
    };
    let report = Report {
        again: options.again(folder, &dialect.renamed, &rejected),
        files: TABLES.iter().copied().zip(&sources).map(file).collect(),
        tables,
        threads: if options.dry_run { 0 } else { threads.sum() },
        started,
        elapsed: started.elapsed(),
        dry_run: options.dry_run,
        interrupted,
        dir: folder.to_path_buf(),
        from: options.from.clone(),
        rejects: options.rejects.clone(),
    };
    for failure in report.failures(options.strict) {
        messages.error(failure);
    }
    for notice in report.notices() {
        messages.note(notice);
    }
    if !report.has_files() && holds_other_rows(&loads, &report) {
        messages.note(report.sample_rows());
    }
    let messages = RefCell::new(messages);
    let printed = print(|out| match options.output.format {
        Format::Table => report.write_tables(&mut Terminal::stdout(out), &|index, id| {
            let cell = |row: &StoredRow, column| Ok(report::cell(row.printed(column)?.as_bytes()));
            read_back(&loads[index], id, &messages, cell)
        }),
        Format::Json => {
            let read = |index: usize, id| {
                let value = |row: &StoredRow, column| Ok(report::to_json(row.value(column)));
                read_back(&loads[index], id, &messages, value)
            };
            report.write_json(out, &read, &|| messages.borrow().sentences.clone())
        }
    });
    let messages = messages.into_inner();
    if let Err(error) = printed {
        messages.error(error);
    }
    close(loads);
    if interrupted {
        Ok(ExitCode::from(interrupt.status()))
    } else {
        Ok(messages.status())
    }
}

/// Opens the databases and loads all rows, or finds out what would become of them.
fn run(
    folder: &Path,
    options: &Insert,
    sources: &[Option<Source>],
    readers: Vec<Option<csv::Reader>>,
    interrupt: &Arc<Interrupt>,
    messages: &mut Messages,
) -> Result<(Vec<Arc<TableLoad>>, Vec<Input>)> {
    let targets = open::databases(folder, options, interrupt, messages)?;
    // Last, because it creates the folder.
    let rejects = open::rejects(options, sources, &readers, messages)?;
    let sizes: Vec<_> = readers.iter().map(|reader| reader.as_ref()?.size).collect();
    let mut loads: Vec<Arc<TableLoad>> = Vec::new();
    let mut inputs = Vec::new();
    for (((table, reader), target), rejects) in TABLES.iter().zip(readers).zip(targets).zip(rejects)
    {
        let load = TableLoad::new(table, target, &loads, Arc::clone(interrupt));
        let rules = rules(&load, options.unique_email);
        let header = reader.as_ref().map(csv::Reader::header);
        let mut tally = Tally::new(table, header, listing(&options.output));
        tally.timeline = options.timeline.then(Vec::new);
        inputs.push(Input {
            reader,
            rules: rules.map_err(|problem| at(table, folder, &problem))?,
            tally,
            rejects,
            remarks: Vec::new(),
        });
        loads.push(Arc::new(load));
    }
    let mut progress = Progress::new();
    insert::run(&loads, &mut inputs, || {
        let steps = loads.iter().zip(&sizes);
        let steps = steps.map(|(load, size)| step(load, *size));
        progress.show(&steps.collect::<Vec<_>>());
    });
    Ok((loads, inputs))
}

/// The rules of a table, which know the unique texts of stored rows.
fn rules(load: &TableLoad, unique: bool) -> Result<Rules, Problem> {
    let mut rules = Rules::new(load.table, unique);
    for index in rules.unique_columns() {
        let column = &load.table.columns[index];
        let own = |text: &str, id| rules.own(index, text.as_bytes(), id);
        load.reader().texts(column.name, own)?;
    }
    Ok(rules)
}

/// Whether the databases have rows besides those that the report counts as stored. A database that cannot be read has
/// been reported already.
fn holds_other_rows(loads: &[Arc<TableLoad>], report: &Report) -> bool {
    loads.iter().zip(&report.tables).any(|(load, tally)| {
        let inserted = if report.dry_run { 0 } else { tally.inserted };
        let others = (load.reader()).has_more_rows_than(inserted + tally.unchanged);
        others.unwrap_or(false)
    })
}

fn step(load: &TableLoad, size: Option<u64>) -> Step {
    Step {
        name: load.table.name,
        read: load.position.load(Ordering::Relaxed),
        size,
        rows: load.records.load(Ordering::Relaxed),
        waits_for: load.waits_for().map(|table| table.name).collect(),
        done: load.is_done(),
    }
}

/// Puts the rejects of a finished load in place.
fn put_rejects(load: &TableLoad, rejects: Rejects, tally: &mut Tally) -> Result<()> {
    let path = rejects.path().to_path_buf();
    let is_complete = load.end.get().is_some_and(EndOfInput::is_complete);
    let put = rejects.finish(is_complete);
    put.map_err(|failure| anyhow!("{} {failure}", show(&path)))?;
    tally.rejects = Some(path).filter(|_| tally.rejected() > 0);
    Ok(())
}

/// Adds why not all of a table's rows could be read from what has this name.
fn unread(load: &TableLoad, name: &str, messages: &mut Messages) {
    if let Some(error) = load.end.get().and_then(|end| end.error.as_ref()) {
        messages.error(format_args!("{name} could not be read to its end: {error}"));
    }
}

/// Adds that the database of a table changed while it was only read.
fn disturbed(load: &TableLoad, messages: &mut Messages) {
    if load.reader().was_disturbed() {
        let file = load.table.database();
        messages.error(format_args!(
            "{file} was changed by another process during the run: run the command again"
        ));
    }
}

/// A row as the database has it now, given what to make of each column; `None`, and why, if it cannot be had.
fn read_back<T>(
    load: &TableLoad,
    id: i64,
    messages: &RefCell<&mut Messages>,
    cell: impl Fn(&StoredRow, usize) -> Result<T, Problem>,
) -> Option<Vec<T>> {
    let (row, file) = (load.table.row, load.table.database());
    let mut cells = None;
    let columns = 0..load.table.columns.len();
    let read = load.reader().row(id, |row| {
        cells = Some(columns.clone().map(|column| cell(row, column)).collect());
    });
    let why = match read.and_then(|_| cells.transpose()) {
        Ok(Some(cells)) => return Some(cells),
        Ok(None) => format!("is gone from {file}: another process deleted it"),
        Err(problem) => format!("could not be read back: {file} {problem}"),
    };
    let error = format_args!("{row} {id} was stored, but {why}");
    messages.borrow_mut().error(error);
    None
}

/// Closes the databases side by side: each moves its WAL into the file, and waits for the disk.
fn close(mut loads: Vec<Arc<TableLoad>>) {
    let mut targets = Vec::new();
    // The last one first: the loads of referring tables keep it.
    while let Some(load) = loads.pop().and_then(Arc::into_inner) {
        targets.push(load.target);
    }
    open::side_by_side(targets, drop);
}
