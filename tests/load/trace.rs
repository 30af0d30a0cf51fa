//! `--trace`: a file in the Trace Event Format.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::kit::{self, Folder, TABLES, many};

/// The phases of a thread in JSON, and what they are called in a trace.
const PHASES: [(&str, &str); 4] = [
    ("parents", "waits for parents"),
    ("turn", "waits for turn"),
    ("open", "opens"),
    ("write", "writes"),
];

/// A thread of a trace: when each phase began and ended, in milliseconds.
type Thread = BTreeMap<String, [f64; 2]>;

/// The events of the trace in the folder that the program runs in.
fn events(folder: &Folder) -> Vec<Value> {
    let trace = fs::read(folder.outside().join("trace.json")).unwrap();
    serde_json::from_slice(&trace).unwrap()
}

/// The threads in a trace, by the name of their database, in the order in which a viewer shows them.
fn threads(events: &[Value]) -> BTreeMap<&str, Vec<Thread>> {
    let named = |name| events.iter().filter(move |event| event["name"] == name);
    let databases = named("process_name").map(|event| {
        let name = event["args"]["name"].as_str().unwrap();
        let mut rows: Vec<_> = named("thread_sort_index")
            .filter(|row| row["pid"] == event["pid"])
            .collect();
        rows.sort_by_key(|row| row["args"]["sort_index"].as_u64());
        let threads = rows.into_iter().map(|row| {
            let of_thread = |event: &&Value| {
                event["ph"] == "X" && event["pid"] == row["pid"] && event["tid"] == row["tid"]
            };
            let phases = events.iter().filter(of_thread).map(|event| {
                let [start, length] = ["ts", "dur"].map(|key| event[key].as_f64().unwrap() / 1e3);
                let name = event["name"].as_str().unwrap().to_string();
                (name, [start, start + length])
            });
            phases.collect()
        });
        (name, threads.collect())
    });
    databases.collect()
}

/// Whether two times are the same, as far as JSON reports have them.
fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.002
}

#[test]
fn a_trace_shows_what_the_timeline_shows() {
    let folder = Folder::with_csv(many(100_000));
    let run = folder.load(&["--timeline", "--trace", "trace.json", "--threads", "20"]);
    let events = events(&folder);
    let traced = threads(&events);
    let timeline = run.report["timeline"].as_array().unwrap();
    assert!(timeline.len() > 60, "{}", timeline.len());
    for table in TABLES {
        let drawn: Vec<_> = timeline
            .iter()
            .filter(|thread| thread["table"] == table)
            .collect();
        let traced = &traced[format!("{table}.db").as_str()];
        assert_eq!(traced.len(), drawn.len(), "{table}");
        for (thread, drawn) in traced.iter().zip(drawn) {
            for (key, name) in PHASES {
                let [start, end] = [0, 1].map(|index| drawn[key][index].as_f64().unwrap());
                match thread.get(name) {
                    Some([from, to]) => assert!(same(*from, start) && same(*to, end), "{drawn}"),
                    None => assert!(same(start, end), "{name} is missing: {drawn}"),
                }
            }
        }
    }
}

#[test]
fn a_trace_names_the_rows_of_each_thread() {
    let folder = Folder::initialized();
    folder.insert(&["--trace", "trace.json"]).succeeded();
    let events = events(&folder);
    let named = events.iter().filter(|event| event["name"] == "thread_name");
    let names: Vec<_> = named
        .map(|event| event["args"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 25);
    assert!(
        names.contains(&"user 1") && names.contains(&"order 7"),
        "{names:?}"
    );
}

#[test]
fn no_two_threads_of_a_trace_have_one_number() {
    let folder = Folder::initialized();
    folder.insert(&["--trace", "trace.json"]).succeeded();
    let events = events(&folder);
    let named = events.iter().filter(|event| event["name"] == "thread_name");
    let numbers: BTreeSet<_> = named.map(|event| event["tid"].as_u64()).collect();
    assert_eq!(numbers.len(), 25);
}

#[test]
fn a_trace_replaces_an_existing_file() {
    let folder = Folder::initialized();
    fs::write(folder.outside().join("trace.json"), "x".repeat(1_000_000)).unwrap();
    folder.insert(&["--trace", "trace.json"]).succeeded();
    assert_eq!(threads(&events(&folder))["users.db"].len(), 9);
}

#[test]
fn the_trace_of_a_dry_run_has_no_threads() {
    let folder = Folder::initialized();
    folder
        .insert(&["--dry-run", "--trace", "trace.json"])
        .succeeded();
    assert!(threads(&events(&folder)).values().all(Vec::is_empty));
}

#[test]
fn a_trace_never_replaces_another_file_of_its_load() {
    let folder = Folder::with_csv(many(3));
    let before = folder.everything();
    for file in ["databases/users.db", "input/users.csv", "rejects/users.csv"] {
        let run = folder.load(&["--rejects", "rejects", "--trace", file]);
        assert_eq!(run.status, Some(1), "{file}");
        assert!(
            run.stderr.contains("choose another name with --trace"),
            "{}",
            run.stderr
        );
    }
    let _ = fs::remove_dir(folder.outside().join("rejects"));
    let contents = |files: Vec<kit::folder::File>| -> Vec<_> {
        files
            .into_iter()
            .map(|(name, bytes, _)| (name, bytes))
            .collect()
    };
    assert_eq!(contents(folder.everything()), contents(before));
}

#[test]
fn a_trace_in_a_folder_that_does_not_exist_is_an_error_before_anything_is_loaded() {
    let folder = Folder::initialized();
    let run = folder.insert(&["--trace", "nowhere/trace.json"]);
    assert_eq!(run.status, Some(1));
    assert!(
        run.stderr.contains("trace.json could not be created: "),
        "{}",
        run.stderr
    );
    assert!(folder.all_rows().concat().is_empty());
}

#[cfg(target_os = "linux")] // It has a disk that is always full.
#[test]
fn a_trace_that_cannot_be_written_is_an_error_and_the_rows_are_stored() {
    let folder = Folder::initialized();
    let run = folder.insert(&["--trace", "/dev/full"]);
    assert_eq!((run.status, run.counts()), (Some(1), kit::ALL_INSERTED));
    assert_eq!(
        run.stderr,
        "tradexa: /dev/full could not be written: No space left on device (os error 28)\n"
    );
    folder.assert_complete();
}
