//! What each writer thread did, as a trace file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chart::LEGEND;
use crate::schema::Table;
use crate::sync::{Mutex, lock};
use crate::terminal::count;
use crate::timeline::{Phase, Track};

/// A file in the Trace Event Format, in its form as an array of events, which viewers also read if it was cut short:
/// <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>. A database is a process there. The
/// file grows during the load, and memory does not.
#[derive(Debug)]
pub struct Trace {
    started: Instant,
    /// The names of the databases.
    databases: Vec<String>,
    /// How many threads there are so far. Some viewers expect that no two processes have a thread of one number.
    threads: AtomicUsize,
    /// The file, or why it could not be written.
    out: Mutex<io::Result<BufWriter<File>>>,
}

/// The part of a trace that belongs to one table.
#[derive(Debug)]
pub struct TableTrace {
    trace: Arc<Trace>,
    table: &'static Table,
}

impl Trace {
    /// A trace of a run that began at this moment. Replaces a file that exists. Fails if the file cannot be created.
    pub fn create(path: &Path, tables: &[&'static Table], started: Instant) -> io::Result<Trace> {
        let mut out = BufWriter::new(File::create(path)?);
        let mut databases: Vec<_> = tables.iter().map(|table| table.database()).collect();
        // Tables of one file stand one after another.
        databases.dedup();
        let events = databases.iter().enumerate().map(|(index, name)| {
            let name = json!({"name": name});
            json!({"ph": "M", "name": "process_name", "pid": index + 1, "args": name}).to_string()
        });
        write!(out, "[\n{}", events.collect::<Vec<_>>().join(",\n"))?;
        Ok(Trace {
            started,
            databases,
            threads: AtomicUsize::new(0),
            out: Mutex::new(Ok(out)),
        })
    }

    /// The part for a table.
    pub fn table(self: &Arc<Trace>, table: &'static Table) -> TableTrace {
        TableTrace {
            trace: Arc::clone(self),
            table,
        }
    }

    /// Writes the end of the file. Fails if anything could not be written to it.
    pub fn finish(&self) -> io::Result<()> {
        let mut out = lock(&self.out);
        let mut out = std::mem::replace(&mut *out, Err(io::ErrorKind::Other.into()))?;
        out.write_all(b"\n]\n")?;
        out.flush()
    }

    /// The number of a table's database.
    fn process(&self, table: &Table) -> usize {
        let name = table.database();
        let others = self.databases.iter().take_while(|other| **other != name);
        others.count() + 1
    }

    fn write(&self, events: &[Value]) {
        let mut out = lock(&self.out);
        if let Ok(file) = &mut *out
            && let Err(error) = events
                .iter()
                .try_for_each(|event| write!(file, ",\n{event}"))
        {
            *out = Err(error);
        }
    }
}

impl TableTrace {
    /// Adds a writer thread, with an event for each phase that took any time.
    pub fn add(&self, track: &Track) {
        let process = self.trace.process(self.table);
        let thread = self.trace.threads.fetch_add(1, Ordering::Relaxed) + 1;
        let name = match track.rows {
            1 => format!("{} {}", self.table.row, track.first_id),
            rows => format!(
                "{} from {} {}",
                count(rows as u64, "row"),
                self.table.row,
                track.first_id
            ),
        };
        let metadata = |name: &str, value: Value| json!({"ph": "M", "name": name, "pid": process, "tid": thread, "args": value});
        let mut events = vec![
            metadata("thread_name", json!({"name": name})),
            metadata("thread_sort_index", json!({"sort_index": thread})),
        ];
        for phase in Phase::ALL {
            let (start, end) = track.span(phase, self.trace.started);
            let microseconds = |time: Duration| time.as_nanos() as f64 / 1e3;
            if end > start {
                events.push(json!({
                    "ph": "X",
                    "name": LEGEND[phase as usize].1,
                    "pid": process,
                    "tid": thread,
                    "ts": microseconds(start),
                    "dur": microseconds(end - start),
                    "args": {"first_id": track.first_id, "rows": track.rows},
                }));
            }
        }
        self.trace.write(&events);
    }
}
