//! The power is cut after every call of an init that changes a file. What the init said it had created is there then,
//! and another init completes the rest.

#![cfg(target_os = "linux")]

mod preload;

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use preload::disk::{Disk, Image, records};
use preload::stored::{Stored, TABLES, rows};
use preload::{folder, logged, run};

#[test]
fn a_power_cut_at_any_point_of_an_init_leaves_what_another_init_completes() {
    let empty = folder();
    let mut disk = Disk::of(empty.path());
    let log = logged(empty.path(), &["init"], None).log;
    let mut done = 0;
    let mut seen = HashSet::new();
    for record in records(&log) {
        disk.apply(&record);
        if record.operation == "report" {
            done += record.data.iter().filter(|byte| **byte == b'\n').count();
        }
        let images = TABLES.map(|table| disk.after_power_cut(&format!("{table}.")));
        let most = images.each_ref().map(|images| images.len());
        // Databases know nothing of each other: each of their states is looked at, not all combinations.
        for index in 0..most.into_iter().max().unwrap_or(0) {
            let state = images
                .each_ref()
                .map(|images| images.iter().nth(index % images.len()));
            let state: Image = state
                .into_iter()
                .flatten()
                .flatten()
                .map(|(name, content)| (name.clone(), content.clone()))
                .collect();
            if seen.insert((done, state.clone())) {
                let point = format!("{} {}", record.operation, record.name);
                is_completed(&state, done, &point);
            }
        }
    }
    assert_eq!(done, 3);
    preload::say(&format!("states examined in an init: {}", seen.len()));
}

/// The first `done` databases are there, and running the program again completes them all.
fn is_completed(state: &Image, done: usize, point: &str) {
    let folder = folder();
    write(state, folder.path());
    for table in &TABLES[..done] {
        let rows = rows(folder.path(), table);
        assert_eq!(
            rows,
            Ok(Default::default()),
            "{table} is lost, cut after {point}"
        );
    }
    write(state, folder.path());
    let again = run(folder.path(), &["init"], None);
    assert_eq!(again.status(), 0, "cut after {point}: {}", again.stderr());
    assert_eq!(Stored::read(folder.path()).counts(), [0; 3]);
}

/// Makes a folder hold these files and no others.
fn write(state: &Image, folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        fs::remove_file(entry.expect("an entry").path()).expect("an empty folder");
    }
    for (name, content) in state {
        fs::write(folder.join(name), content).expect("a file");
    }
}
