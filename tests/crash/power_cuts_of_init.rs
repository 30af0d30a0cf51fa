//! The power is cut after every call of an init that changes a file. What the init said it had created is there then,
//! and another init completes the rest.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use crate::crash::disk::{Disk, Image, records};
use crate::crash::ready;
use crate::crash::stored::{Rows, Stored, sound_rows};
use crate::kit::{Folder, SUBJECTS, say};

#[test]
fn a_power_cut_at_any_point_of_an_init_leaves_what_another_init_completes() {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let folders = ["databases", "a/b"].map(|name| Folder::of(subject, name));
        let states: usize = folders.iter().map(each_power_cut).sum();
        say(&format!(
            "{}: states examined in an init: {states}",
            subject.name
        ));
        let least = if subject.is_one_file() { 100 } else { 300 };
        assert!(states >= least, "only {states} states were examined");
    }
}

/// Cuts the power after each call of an init. Returns how many states that left.
fn each_power_cut(folder: &Folder) -> usize {
    let databases = folder.subject.databases();
    let mut disk = Disk::of(&folder.outside());
    let log = folder.logged(&["init"], None).log;
    let name = folder.name().display().to_string();
    let mut lines = 0;
    let mut seen = HashSet::new();
    for record in records(&log) {
        disk.apply(&record);
        if record.operation == "report" {
            lines += record.data.iter().filter(|byte| **byte == b'\n').count();
        }
        let done = lines.min(databases.len());
        let images: Vec<_> = databases
            .iter()
            .map(|(file, _)| disk.after_power_cut(&format!("{name}/{}", stem(file))))
            .collect();
        // Databases know nothing of each other: each of their states is looked at, not all combinations.
        for index in 0..images.iter().map(BTreeSet::len).max().unwrap_or(0) {
            let state = images
                .iter()
                .map(|images| images.iter().nth(index % images.len()));
            let state: Image = state
                .into_iter()
                .flatten()
                .flatten()
                .map(|(name, content)| (name.clone(), content.clone()))
                .collect();
            if seen.insert((done, state.clone())) {
                let point = format!("{} {}", record.operation, record.name);
                is_completed(&state, folder, done, &point);
            }
        }
    }
    assert!(lines >= 3, "{lines} tables were said to be initialized");
    seen.len()
}

/// The name of a database file without its `db`.
fn stem(file: &str) -> &str {
    file.strip_suffix("db").expect("a database")
}

/// The first `done` databases are there, and running the program again completes them all.
fn is_completed(state: &Image, original: &Folder, done: usize, point: &str) {
    let subject = original.subject;
    let name = original.name().to_str().expect("a name");
    let folder = Folder::of(subject, name);
    write(state, &folder.outside());
    let looked_at = folder.copy();
    for (file, tables) in &subject.databases()[..done] {
        let rows = sound_rows(&looked_at.path().join(file), subject, tables);
        let empty = vec![Rows::default(); tables.len()];
        assert_eq!(rows, Ok(empty), "{file} is lost, cut after {point}");
    }
    let again = folder.tradexa(&["init"]).output().unwrap();
    assert!(again.status.success(), "cut after {point}: {again:?}");
    assert_eq!(Stored::read(&folder).counts(), [0; 3]);
}

/// Makes a folder hold these files.
fn write(state: &Image, folder: &Path) {
    for (name, content) in state {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
}
