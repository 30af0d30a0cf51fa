//! Examines what a power cut at any point of a run would leave.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::disk::{Disk, Image, Record, records};
use super::stored::{Rows, TABLES, dangling, rows};

/// Power cuts at every point of runs on one folder, one run after another.
pub struct PowerCuts {
    pub disk: Disk,
    /// What SQLite recovers from the files of one database.
    recovered: HashMap<u64, Rows>,
    /// What a power cut must leave: the rows whose commit had returned.
    committed: [Rows; 3],
    /// How many commits were seen to return.
    pub commits: usize,
    scratch: TempDir,
}

impl PowerCuts {
    /// Starts with a folder that is synced as a whole.
    pub fn of(folder: &Path) -> PowerCuts {
        let mut cuts = PowerCuts {
            disk: Disk::of(folder),
            recovered: HashMap::new(),
            committed: Default::default(),
            commits: 0,
            scratch: super::folder(),
        };
        cuts.committed = [0, 1, 2].map(|table| cuts.live_rows(table));
        cuts
    }

    /// How many different states of a database SQLite had to recover.
    pub fn states(&self) -> usize {
        self.recovered.len()
    }

    /// Cuts the power after each call that a run without faults has logged. Panics if a database is damaged then, if a
    /// row is lost whose commit had returned or that was reported, or if an order dangles.
    pub fn examine(&mut self, log: &[u8]) {
        self.disk.next_process();
        let mut images = [0, 1, 2].map(|table| self.images(table));
        let mut written = HashSet::new();
        let mut report = Vec::new();
        for (index, record) in records(log).iter().enumerate() {
            self.disk.apply(record);
            for (table, name) in TABLES.iter().enumerate() {
                if record.name == "." || record.name.starts_with(&format!("{name}.")) {
                    // A writer closes the WAL, which it opened for itself, when its commit has returned.
                    if record.operation == "write" && record.name.ends_with("-wal") {
                        written.insert(record.handle);
                    } else if record.operation == "close" && written.remove(&record.handle) {
                        self.committed[table] = self.live_rows(table);
                        self.commits += 1;
                    }
                    images[table] = self.images(table);
                }
            }
            self.expect_reported(record, &mut report);
            let point = format!("call {index}, {} {}", record.operation, record.name);
            self.examine_states(&images, &point);
        }
    }

    /// Cuts the power after the end of a run, in which calls may have failed. Panics if a database is damaged then, if
    /// a row is lost that was reported, or if an order dangles.
    pub fn examine_end(&mut self, log: &[u8]) {
        self.disk.next_process();
        let mut report = Vec::new();
        for record in records(log) {
            self.disk.apply(&record);
            self.expect_reported(&record, &mut report);
        }
        let images = [0, 1, 2].map(|table| self.images(table));
        self.examine_states(&images, "the end");
    }

    /// From now on, what the report says is stored must be.
    fn expect_reported(&mut self, record: &Record, report: &mut Vec<u8>) {
        if record.operation != "report" {
            return;
        }
        report.extend_from_slice(record.data);
        let Ok(report) = serde_json::from_slice::<Value>(report) else {
            return; // There is more to come.
        };
        for (table, committed) in self.committed.iter_mut().enumerate() {
            for row in report["tables"][table]["rows"].as_array().expect("rows") {
                committed.insert(row["id"].as_i64().expect("an id"), row.clone());
            }
        }
    }

    fn examine_states(&self, images: &[Vec<u64>; 3], cut: &str) {
        for (table, committed) in self.committed.iter().enumerate() {
            for image in &images[table] {
                let rows = &self.recovered[image];
                let lost = committed.iter().find(|(id, row)| rows.get(id) != Some(row));
                assert_eq!(lost, None, "a committed row is lost, cut after {cut}");
            }
        }
        // Any state of one database may meet any of the others; what counts is the rows, and many have the same.
        let [users, products, orders] = images.each_ref().map(|images| {
            images
                .iter()
                .map(|image| &self.recovered[image])
                .collect::<HashSet<_>>()
        });
        for user in &users {
            for product in &products {
                for order in &orders {
                    let dangling = dangling(user, product, order);
                    assert_eq!(dangling, None, "an order dangles, cut after {cut}");
                }
            }
        }
    }

    /// The states that a power cut may leave a database in now, recovered.
    fn images(&mut self, table: usize) -> Vec<u64> {
        let images = self.disk.after_power_cut(&format!("{}.", TABLES[table]));
        images
            .iter()
            .map(|image| self.recover(table, image))
            .collect()
    }

    /// The rows that programs see now.
    fn live_rows(&mut self, table: usize) -> Rows {
        let live = self.disk.live(&format!("{}.", TABLES[table]));
        let image = self.recover(table, &live);
        self.recovered[&image].clone()
    }

    /// Lets SQLite recover a database from its files, once for equal files.
    fn recover(&mut self, table: usize, image: &Image) -> u64 {
        let mut hasher = DefaultHasher::new();
        image.hash(&mut hasher);
        let hash = hasher.finish();
        let scratch = self.scratch.path();
        self.recovered.entry(hash).or_insert_with(|| {
            for entry in fs::read_dir(scratch).expect("a folder") {
                fs::remove_file(entry.expect("an entry").path()).expect("an empty folder");
            }
            for (name, content) in image {
                fs::write(scratch.join(name), content).expect("a file");
            }
            rows(scratch, TABLES[table])
                .unwrap_or_else(|error| panic!("{}: {error}", TABLES[table]))
        });
        hash
    }
}
