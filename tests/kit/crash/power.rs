//! Examines what a power cut at any point of a run would leave.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::disk::{Disk, Image, Record, files, records};
use super::stored::{Rows, dangling, sound_rows};
use crate::kit::folder::temporary;
use crate::kit::stored::row;
use crate::kit::{Folder, TABLES};

/// Power cuts at every point of runs on one folder, one run after another.
pub struct PowerCuts {
    disk: Disk,
    folder: PathBuf,
    /// How the names of the files of each database start.
    stems: [String; 3],
    /// What SQLite recovers from the files of one database, or what is wrong with it.
    recovered: HashMap<u64, Result<Rows, String>>,
    /// What a power cut must leave: the rows that were synced, and those that were reported.
    durable: [Rows; 3],
    /// Another program has written without syncing: until this one has synced that, it may be lost and damaged.
    careless: bool,
    /// The orders that the other program has written.
    excused: BTreeSet<i64>,
    /// How many commits were seen to return.
    pub commits: usize,
    scratch: TempDir,
}

impl PowerCuts {
    /// Starts with a folder that is synced as a whole.
    pub fn of(folder: &Folder) -> PowerCuts {
        let outside = fs::canonicalize(folder.outside()).expect("a folder");
        let stems = TABLES.map(|table| {
            stem(
                &outside,
                &outside.join(folder.name()).join(format!("{table}.db")),
            )
        });
        let mut cuts = PowerCuts {
            disk: Disk::of(&outside),
            folder: outside,
            stems,
            recovered: HashMap::new(),
            durable: Default::default(),
            careless: false,
            excused: BTreeSet::new(),
            commits: 0,
            scratch: temporary(),
        };
        cuts.durable = [0, 1, 2].map(|table| cuts.live_rows(table));
        cuts
    }

    /// Another program has made the folder what it is now, and has synced nothing.
    pub fn change_carelessly(&mut self) {
        self.disk.change_carelessly(&self.folder);
        self.careless = true;
        self.durable = Default::default();
        self.excused = self.live_rows(2).into_keys().collect();
    }

    /// All that has been written is synced now.
    pub fn sync(&mut self) {
        self.disk.sync();
    }

    /// How many different states of a database SQLite had to recover.
    pub fn states(&self) -> usize {
        self.recovered.len()
    }

    /// Cuts the power after each call that a run without faults has logged.
    ///
    /// # Errors
    ///
    /// If a database is damaged then, if a row is lost that was synced or reported, if an order
    /// dangles, or if the log lacks something.
    pub fn examine(&mut self, log: &[u8]) -> Result<(), String> {
        self.examine_calls(&records(log))?;
        self.has_all()
    }

    /// Likewise, as if the program had not made the calls that are left out.
    ///
    /// # Errors
    ///
    /// As [`PowerCuts::examine`].
    pub fn examine_without(
        &mut self,
        log: &[u8],
        left_out: impl Fn(&Record) -> bool,
    ) -> Result<(), String> {
        let mut records = records(log);
        records.retain(|record| !left_out(record));
        self.examine_calls(&records)
    }

    fn examine_calls(&mut self, records: &[Record]) -> Result<(), String> {
        let mut images = [0, 1, 2].map(|table| self.images(table));
        let mut writing = HashSet::new();
        let mut committed = [false; 3];
        let mut report = Vec::new();
        for (index, record) in records.iter().enumerate() {
            self.disk.apply(record);
            for (table, images) in images.iter_mut().enumerate() {
                let stem = &self.stems[table];
                if record.name == "."
                    || record.name.starts_with(stem)
                    || stem.starts_with(&format!("{}/", record.name))
                {
                    // A writer closes the log, which it opened for itself, when its commit has returned. What is
                    // committed is durable once the log is synced, which anyone may do.
                    match record.operation {
                        "write" if record.name.ends_with("-wal") => {
                            writing.insert(record.handle);
                            committed[table] = true;
                        }
                        "sync" if record.name.ends_with("-wal") && committed[table] => {
                            self.durable[table] = self.live_rows(table);
                        }
                        "close" if writing.remove(&record.handle) => self.commits += 1,
                        _ => {}
                    }
                    *images = self.images(table);
                }
            }
            self.expect_reported(record, &mut report);
            let point = format!("call {index}, {} {}", record.operation, record.name);
            self.examine_states(&images, &point)?;
        }
        Ok(())
    }

    /// Cuts the power after the end of a run, in which calls may have failed.
    ///
    /// # Errors
    ///
    /// If a database is damaged then, if a row is lost that was reported, or if an order dangles.
    pub fn examine_end(&mut self, log: &[u8]) -> Result<(), String> {
        let mut report = Vec::new();
        for record in records(log) {
            self.disk.apply(&record);
            self.expect_reported(&record, &mut report);
        }
        self.has_all()?;
        let images = [0, 1, 2].map(|table| self.images(table));
        self.examine_states(&images, "the end")
    }

    /// Whether all that has happened to the files was logged.
    fn has_all(&self) -> Result<(), String> {
        let logged = self.disk.live("");
        let found = files(&self.folder).into_iter();
        let found: Image = found
            .filter_map(|(name, content)| Some((name, content?)))
            .collect();
        let mut names = logged.keys().chain(found.keys());
        match names.find(|name| logged.get(*name) != found.get(*name)) {
            Some(name) => Err(format!("the log lacks a change of {name}")),
            None => Ok(()),
        }
    }

    /// From now on, what the report says is stored must be.
    fn expect_reported(&mut self, record: &Record, report: &mut Vec<u8>) {
        if record.operation != "report" {
            return;
        }
        report.extend_from_slice(record.data);
        let Ok(whole) = serde_json::from_slice::<Value>(report) else {
            return; // There is more to come, or it is that of another program.
        };
        report.clear();
        for (table, durable) in self.durable.iter_mut().enumerate() {
            for list in ["rows", "unchanged_rows"] {
                let rows = whole["tables"][table][list].as_array();
                for listed in rows.into_iter().flatten() {
                    durable.insert(listed["id"].as_i64().expect("an id"), row(listed));
                }
            }
        }
    }

    fn examine_states(&self, images: &[Vec<u64>; 3], cut: &str) -> Result<(), String> {
        let nothing = Rows::new();
        let mut states: [HashSet<&Rows>; 3] = Default::default();
        for (table, durable) in self.durable.iter().enumerate() {
            for image in &images[table] {
                let rows = match &self.recovered[image] {
                    Ok(rows) => rows,
                    Err(_) if self.careless => &nothing,
                    Err(problem) => {
                        return Err(format!("{}.db: {problem}, cut after {cut}", TABLES[table]));
                    }
                };
                let lost = durable.iter().find(|(id, row)| rows.get(id) != Some(row));
                if let Some((_, row)) = lost {
                    return Err(format!(
                        "{row} of {} is lost, cut after {cut}",
                        TABLES[table]
                    ));
                }
                states[table].insert(rows);
            }
        }
        // Any state of one database may meet any of the others; what counts is the rows, and many have the same.
        let [users, products, orders] = states;
        for orders in orders {
            let mut orders = orders.clone();
            orders.retain(|id, _| !self.excused.contains(id));
            for users in &users {
                for products in &products {
                    if let Some(order) = dangling(users, products, &orders) {
                        return Err(format!("order {order} dangles, cut after {cut}"));
                    }
                }
            }
        }
        Ok(())
    }

    /// The states that a power cut may leave a database in now, recovered.
    fn images(&mut self, table: usize) -> Vec<u64> {
        let images = self.disk.after_power_cut(&self.stems[table]);
        images
            .iter()
            .map(|image| self.recover(table, image))
            .collect()
    }

    /// The rows that programs see now; none where there is no database yet.
    fn live_rows(&mut self, table: usize) -> Rows {
        let live = self.disk.live(&self.stems[table]);
        let image = self.recover(table, &live);
        self.recovered[&image].clone().unwrap_or_default()
    }

    /// Lets SQLite recover a database from its files, once for equal files.
    fn recover(&mut self, table: usize, image: &Image) -> u64 {
        let mut hasher = DefaultHasher::new();
        image.hash(&mut hasher);
        let hash = hasher.finish();
        let (scratch, stem) = (self.scratch.path(), &self.stems[table]);
        self.recovered.entry(hash).or_insert_with(|| {
            for entry in fs::read_dir(scratch).expect("a folder") {
                fs::remove_file(entry.expect("an entry").path()).expect("an empty folder");
            }
            for (name, content) in image {
                let rest = name.strip_prefix(stem).expect("a file of the database");
                fs::write(scratch.join(format!("{}.{rest}", TABLES[table])), content)
                    .expect("a file");
            }
            let database = scratch.join(format!("{}.db", TABLES[table]));
            sound_rows(&database, TABLES[table])
        });
        hash
    }
}

/// The path of a database below a folder without its `db`; that of the file it is a link to.
fn stem(folder: &Path, database: &Path) -> String {
    let database = fs::canonicalize(database).unwrap_or(database.into());
    let below = database
        .strip_prefix(folder)
        .expect("a database in the folder");
    let name = below.to_str().expect("a name");
    name.strip_suffix("db").expect("a database").to_string()
}
