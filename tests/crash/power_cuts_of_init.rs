//! The power is cut after every call of an init that changes a file. What the init said it had created is there then,
//! and another init completes the rest.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::crash::disk::{Disk, Image, records};
use crate::crash::ready;
use crate::crash::stored::{Stored, sound_rows};
use crate::kit::{Folder, TABLES, say};

#[test]
fn a_power_cut_at_any_point_of_an_init_leaves_what_another_init_completes() {
    if !ready() {
        return;
    }
    let states = each_power_cut(&Folder::new()) + each_power_cut(&Folder::named("a/b"));
    say(&format!("states examined in an init: {states}"));
    assert!(states >= 300, "only {states} states were examined");
}

/// Cuts the power after each call of an init. Returns how many states that left.
fn each_power_cut(folder: &Folder) -> usize {
    let mut disk = Disk::of(&folder.outside());
    let log = folder.logged(&["init"], None).log;
    let name = folder.name().display().to_string();
    let mut done = 0;
    let mut seen = HashSet::new();
    for record in records(&log) {
        disk.apply(&record);
        if record.operation == "report" {
            done += record.data.iter().filter(|byte| **byte == b'\n').count();
        }
        let images = TABLES.map(|table| disk.after_power_cut(&format!("{name}/{table}.")));
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
                is_completed(&state, folder.name(), done, &point);
            }
        }
    }
    assert_eq!(done, 3);
    seen.len()
}

/// The first `done` databases are there, and running the program again completes them all.
fn is_completed(state: &Image, name: &Path, done: usize, point: &str) {
    let (looked_at, folder) = (Folder::named(name), Folder::named(name));
    write(state, &looked_at.outside());
    for table in &TABLES[..done] {
        let rows = sound_rows(&looked_at.database(table), table);
        assert_eq!(
            rows,
            Ok(Default::default()),
            "{table} is lost, cut after {point}"
        );
    }
    write(state, &folder.outside());
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
