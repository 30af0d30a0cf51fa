//! `tradexa insert`

mod open;
mod sources;
mod update;

use std::cell::RefCell;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Result, anyhow, bail};

use super::{ATTEMPTS, Databases, Messages, listing, print};
use crate::cli::{Cli, Format, Insert};
use crate::csv::{self, Dialect, Rejects, Source};
use crate::database::{LockTimeout, Problem, StoredRow};
use crate::insert::{self, Budget, EndOfInput, Input, RejectLimit, TableLoad, Target};
use crate::report::{self, Report, Tally, Trace};
use crate::row::{Notation, RowId};
use crate::rules::Rules;
use crate::terminal::{Progress, Step, Terminal, show};

/// Inserts rows and reports what became of each.
///
/// # Errors
///
/// If a database or an input file could not be used, if a row failed, if a row was skipped and the options are strict,
/// or if the report or the rejects could not be written.
pub fn insert(cli: &Cli, options: &Insert, messages: &mut Messages) -> Result<ExitCode> {
    let started = Instant::now();
    let databases = Databases::open(cli, messages)?;
    let has_files = options.from.is_some() || !options.file.is_empty();
    if databases.tables.iter().all(|table| table.seed.is_empty()) && !has_files {
        bail!(
            "there are no sample rows for tables of your own: name the folder of their CSV files with --from, or files with --file"
        );
    }
    if options.unique_email && databases.tables.iter().all(|table| table.seed.is_empty()) {
        bail!("--unique-email is for the built-in tables: declare the column UNIQUE in the schema");
    }
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
        renamed: sources::renamed(&databases.tables, &options.column, messages)?,
    };
    if options.backslash_escapes && options.delimiter == Some(b'\\') {
        bail!("a backslash cannot both escape and separate: leave --backslash-escapes out");
    }
    let sources = sources::sources(&databases, options, messages)?;
    let reads = open::reads(cli, &databases, &sources);
    let (folder, tables) = (&databases.folder, &databases.tables[..]);
    let mut readers = open::files(&databases, options, &sources, &dialect, messages)?;
    let mut attempts = 0;
    let (loads, inputs, limit, trace) = loop {
        attempts += 1;
        let limit = Arc::new(RejectLimit::new(options.max_rejects));
        // A pipe cannot be read again.
        let is_last = attempts == ATTEMPTS || !sources.iter().flatten().all(Source::is_rereadable);
        let lock_timeout = LockTimeout {
            limit: cli.lock_timeout,
            stop: limit.interrupt.flag(),
        };
        open::rejects_can_be_written(&databases, options, &reads, messages)?;
        let targets = open::databases(&databases, options, &sources, &lock_timeout, messages)?;
        // Last, because they create files.
        let rejects = open::rejects(&databases, options, &reads, &readers, messages)?;
        let trace = open::trace(options, &databases, &reads, started)?;
        let (loads, inputs) = run(
            &databases,
            options,
            readers,
            targets,
            rejects,
            trace.as_ref(),
            &limit,
        )?;
        let was_disturbed = loads.iter().any(|load| load.reader().was_disturbed());
        if is_last || !options.dry_run || !was_disturbed {
            break (loads, inputs, limit, trace);
        }
        for rejects in inputs.into_iter().filter_map(|input| input.rejects) {
            rejects.discard();
        }
        readers = open::readers(&databases, &sources, &dialect, messages)?;
    };
    let interrupted = limit.interrupt.is_set() && loads.iter().any(|load| load.was_interrupted());

    let mut tallies = Vec::new();
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
        tallies.push(tally);
    }
    if let (Some(trace), Some(path)) = (trace, &options.trace)
        && let Err(error) = trace.finish()
    {
        messages.error(format_args!("{} could not be written: {error}", show(path)));
    }
    let threads = loads
        .iter()
        .map(|load| load.threads.load(Ordering::Relaxed));
    let rejected = tallies.iter().filter(|table| table.rejected() > 0);
    let rejected: Vec<_> = rejected.map(|table| table.table.name).collect();
    let file = |(table, source): (_, &Option<Source>)| match source {
        None | Some(Source::Seed) => None,
        Some(source) => Some(source.name(table)),
    };
    let report = Report {
        reload_command: options.reload_command(cli, &dialect.renamed, &rejected),
        files: tables.iter().copied().zip(&sources).map(file).collect(),
        tables: tallies,
        threads: if options.dry_run { 0 } else { threads.sum() },
        started,
        elapsed: started.elapsed(),
        dry_run: options.dry_run,
        interrupted,
        max_rejects: limit.max.filter(|_| limit.has_stopped()),
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
        Format::Table if options.output.quiet => report.write_summary(&mut Terminal::stdout(out)),
        Format::Table => report.write_tables(&mut Terminal::stdout(out), &|index, id: &RowId| {
            let cell = |row: &StoredRow, column| Ok(report::cell(row.printed(column)?.as_bytes()));
            read_back(&loads[index], id, &messages, cell)
        }),
        Format::Json => {
            let read = |index: usize, id: &RowId| {
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
    match limit.interrupt.status() {
        Some(status) if interrupted && !limit.has_stopped() => Ok(ExitCode::from(status)),
        _ => Ok(messages.status()),
    }
}

/// Loads all rows, or determines what the outcome of each would be.
fn run(
    databases: &Databases,
    options: &Insert,
    readers: Vec<Option<csv::Reader>>,
    targets: Vec<Target>,
    rejects: Vec<Option<Rejects>>,
    trace: Option<&Arc<Trace>>,
    limit: &Arc<RejectLimit>,
) -> Result<(Vec<Arc<TableLoad>>, Vec<Input>)> {
    let files = readers.iter().flatten().count();
    let sizes: Vec<_> = readers.iter().map(|reader| reader.as_ref()?.size).collect();
    let mut loads: Vec<Arc<TableLoad>> = Vec::new();
    let mut inputs = Vec::new();
    let tables = databases
        .tables
        .iter()
        .zip(readers)
        .zip(targets)
        .zip(rejects);
    for (((table, reader), target), rejects) in tables {
        let mut load = TableLoad::new(table, target, &loads, Arc::clone(&limit.interrupt));
        load.budget = Budget::for_one_of(files.max(1));
        let header = reader.as_ref().map(csv::Reader::header);
        let parents = databases.parents(table);
        let mut rules = Rules::new(table, parents, options.unique_email, header.as_deref())
            .map_err(|error| databases.at(table, &error.into()))?;
        if options.update {
            let referring = update::referring(databases, &load)
                .map_err(|problem| databases.at(table, &problem))?;
            let kept = header.as_ref();
            let kept = kept.map(|header| update::kept_columns(table, header));
            rules.update_stored(referring, kept.unwrap_or_default());
        }
        let mut tally = Tally::new(table, header, listing(&options.output));
        tally.timeline = options.timeline.then(Vec::new);
        tally.trace = trace.map(|trace| trace.table(table));
        inputs.push(Input {
            reader,
            rules,
            tally,
            rejects,
            reject_limit: Arc::clone(limit),
            remarks: Vec::new(),
        });
        loads.push(Arc::new(load));
    }
    let mut progress = (!options.output.quiet).then(Progress::new);
    insert::run(&loads, &mut inputs, || {
        let Some(progress) = &mut progress else {
            return;
        };
        let steps = loads.iter().zip(&sizes);
        let steps = steps.map(|(load, size)| step(load, *size));
        progress.show(&steps.collect::<Vec<_>>());
    });
    Ok((loads, inputs))
}

/// Whether the databases have rows besides those that the report counts as stored. A database that cannot be read has
/// been reported already.
fn holds_other_rows(loads: &[Arc<TableLoad>], report: &Report) -> bool {
    loads.iter().zip(&report.tables).any(|(load, tally)| {
        let inserted = if report.dry_run { 0 } else { tally.inserted };
        let others = (load.reader()).has_more_rows_than(inserted + tally.updated + tally.unchanged);
        others.unwrap_or(false)
    })
}

fn step(load: &TableLoad, size: Option<u64>) -> Step {
    Step {
        name: load.table.name,
        read: load.bytes_read.load(Ordering::Relaxed),
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

/// Adds an error if not all of a table's rows could be read from the source with this name.
fn unread(load: &TableLoad, name: &str, messages: &mut Messages) {
    if let Some(error) = load.end.get().and_then(|end| end.error.as_ref()) {
        messages.error(format_args!("{name} could not be read to its end: {error}"));
    }
}

/// Adds an error if the database of a table changed while it was only being read.
fn disturbed(load: &TableLoad, messages: &mut Messages) {
    if load.reader().was_disturbed() {
        let file = load.table.database();
        messages.error(format_args!(
            "{file} was changed by another process during the run: run the command again"
        ));
    }
}

/// A row as it is stored now, with each column converted by `cell`. If it cannot be read, adds an error and returns
/// `None`.
fn read_back<T>(
    load: &TableLoad,
    id: &RowId,
    messages: &RefCell<&mut Messages>,
    cell: impl Fn(&StoredRow, usize) -> Result<T, Problem>,
) -> Option<Vec<T>> {
    let file = load.table.database();
    let mut cells = None;
    let columns = 0..load.table.columns.len();
    let read = load.reader().row(id, |row| {
        cells = Some(columns.clone().map(|column| cell(row, column)).collect());
    });
    let why = match read.and_then(|_| cells.transpose()) {
        Ok(Some(cells)) => return Some(cells),
        Ok(None) => format!("is gone from {file}: another process or a trigger deleted it"),
        Err(problem) => format!("could not be read back: {file} {problem}"),
    };
    let row = load.table.row;
    let error = format_args!("{row} {} was stored, but {why}", shown(id));
    messages.borrow_mut().error(error);
    None
}

/// What identifies a row, as a message names it.
fn shown(id: &RowId) -> String {
    match id {
        RowId::Rowid(rowid) => rowid.to_string(),
        RowId::Key(values) => {
            let texts = values
                .iter()
                .map(|value| report::to_json(value.get()).to_string());
            texts.collect::<Vec<_>>().join(", ")
        }
    }
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
