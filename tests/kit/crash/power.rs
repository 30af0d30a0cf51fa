//! Examines what a power cut at any point of a run would leave.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::disk::{Disk, Image, Record, files, records};
use super::stored::{Rows, dangling, sound_rows};
use crate::kit::folder::temporary;
use crate::kit::stored::row;
use crate::kit::{Folder, Subject};

/// Power cuts at every point of runs on one folder, one run after another.
pub struct PowerCuts {
    disk: Disk,
    folder: PathBuf,
    subject: &'static Subject,
    databases: Vec<Database>,
    /// What SQLite recovers from the files of one database, or what is wrong with it.
    recovered: HashMap<u64, Result<Vec<Rows>, String>>,
    /// What a power cut must leave: the rows of each table that were synced, and those that were reported.
    durable: [Rows; 3],
    /// Another program has written without syncing: until this one has synced that, it may be lost and damaged.
    unsynced: bool,
    /// The rows that the other program has written, which may dangle.
    excused: [Rows; 3],
    /// The rows of each table that a load may replace, and what by.
    pub replaced: [HashMap<String, String>; 3],
    /// How many commits were seen to return.
    pub commits: usize,
    scratch: TempDir,
}

/// A database file.
#[derive(Clone)]
struct Database {
    name: String,
    /// How the names of its files start.
    stem: String,
    /// The indices of its tables.
    tables: Vec<usize>,
}

impl PowerCuts {
    /// Starts with a folder that is synced as a whole.
    pub fn of(folder: &Folder) -> PowerCuts {
        let outside = fs::canonicalize(folder.outside()).expect("a folder");
        let databases = folder.subject.databases().into_iter();
        let databases = databases.map(|(name, tables)| {
            let path = outside.join(folder.name()).join(&name);
            let stem = stem(&outside, &path);
            Database { name, stem, tables }
        });
        let mut cuts = PowerCuts {
            disk: Disk::of(&outside),
            subject: folder.subject,
            databases: databases.collect(),
            folder: outside,
            recovered: HashMap::new(),
            durable: Default::default(),
            unsynced: false,
            excused: Default::default(),
            replaced: Default::default(),
            commits: 0,
            scratch: temporary(),
        };
        cuts.durable = cuts.live_rows();
        cuts
    }

    /// Another program has made the folder what it is now, and has synced nothing.
    pub fn change_unsynced(&mut self) {
        self.disk.change_unsynced(&self.folder);
        self.unsynced = true;
        self.durable = Default::default();
        self.excused = self.live_rows();
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
    /// If a database is damaged then, if a row is lost that was synced or reported, if a row
    /// dangles, or if the log lacks something.
    pub fn examine(&mut self, log: &[u8]) -> Result<(), String> {
        self.examine_at(log, |_| true)
    }

    /// Likewise, cutting the power only after the calls that are chosen.
    ///
    /// # Errors
    ///
    /// As [`PowerCuts::examine`].
    pub fn examine_at(
        &mut self,
        log: &[u8],
        chosen: impl FnMut(&Record) -> bool,
    ) -> Result<(), String> {
        self.examine_calls(&records(log), chosen)?;
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
        self.examine_calls(&records, |_| true)
    }

    fn examine_calls(
        &mut self,
        records: &[Record],
        mut chosen: impl FnMut(&Record) -> bool,
    ) -> Result<(), String> {
        let databases = self.databases.clone();
        let mut images: Vec<_> = databases.iter().map(|_| None).collect();
        let mut writing = HashSet::new();
        let mut committed = vec![false; databases.len()];
        let mut report = Vec::new();
        for (index, record) in records.iter().enumerate() {
            self.disk.apply(record);
            for (position, database) in databases.iter().enumerate() {
                let stem = &database.stem;
                if record.name == "."
                    || record.name.starts_with(stem)
                    || stem.starts_with(&format!("{}/", record.name))
                {
                    // A writer closes its own descriptor of the log once its commit has returned. A commit is durable
                    // once both the log and its directory entry are synced, no matter by whom. What another program has
                    // written to the database file is durable only once that file is synced.
                    match record.operation {
                        "write" if record.name.ends_with("-wal") => {
                            writing.insert(record.handle);
                            committed[position] = true;
                        }
                        "sync"
                            if record.name.ends_with("-wal")
                                && committed[position]
                                && !self.disk.may_lose_names(stem)
                                && !(self.unsynced
                                    && self.disk.may_lose_content(&format!("{stem}db"))) =>
                        {
                            for (table, rows) in database.tables.iter().zip(self.live(database)) {
                                self.durable[*table] = rows;
                            }
                        }
                        "close" if writing.remove(&record.handle) => self.commits += 1,
                        _ => {}
                    }
                    images[position] = None;
                }
            }
            self.expect_reported(record, &mut report);
            if !chosen(record) {
                continue;
            }
            for (database, images) in databases.iter().zip(&mut images) {
                if images.is_none() {
                    *images = Some(self.images(database));
                }
            }
            let point = format!("call {index}, {} {}", record.operation, record.name);
            let images: Vec<_> = images.iter().flatten().collect();
            self.examine_states(&images, &point)?;
        }
        Ok(())
    }

    /// Cuts the power after the end of a run, in which calls may have failed.
    ///
    /// # Errors
    ///
    /// If a database is damaged then, if a row is lost that was reported, or if a row dangles.
    pub fn examine_end(&mut self, log: &[u8]) -> Result<(), String> {
        let mut report = Vec::new();
        for record in records(log) {
            self.disk.apply(&record);
            self.expect_reported(&record, &mut report);
        }
        self.has_all()?;
        let databases = self.databases.clone();
        let images: Vec<_> = databases.iter().map(|it| self.images(it)).collect();
        self.examine_states(&images.iter().collect::<Vec<_>>(), "the end")
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
        for (table, sample) in self.subject.tables.iter().enumerate() {
            let tables = whole["tables"].as_array().into_iter().flatten();
            let reports = tables.filter(|report| report["table"] == sample.name);
            let listed = reports.flat_map(|report| {
                let lists = ["rows", "updated_rows", "unchanged_rows"];
                lists.map(|list| report[list].as_array().into_iter().flatten())
            });
            let listed = Rows::from_iter(listed.flatten().map(row));
            self.durable[table] = self.durable[table].or(&listed);
        }
    }

    fn examine_states(&self, images: &[&Vec<u64>], cut: &str) -> Result<(), String> {
        let tables = &self.subject.tables;
        let nothing = [0, 1, 2].map(|_| Rows::default()).to_vec();
        let mut states: Vec<HashSet<&Vec<Rows>>> = Vec::new();
        for (database, images) in self.databases.iter().zip(images) {
            let mut found = HashSet::new();
            for image in *images {
                let rows = match &self.recovered[image] {
                    Ok(rows) => rows,
                    Err(_) if self.unsynced => &nothing,
                    Err(problem) => {
                        return Err(format!("{}: {problem}, cut after {cut}", database.name));
                    }
                };
                // Many images have the same rows.
                if !found.insert(rows) {
                    continue;
                }
                for (table, rows) in database.tables.iter().zip(rows) {
                    let lost = self.durable[*table].without(rows);
                    let replaced = &self.replaced[*table];
                    let is_lost =
                        |row: &&String| !replaced.get(*row).is_some_and(|by| rows.has(by));
                    if let Some(row) = lost.different().find(is_lost) {
                        let table = tables[*table].name;
                        return Err(format!("{row} of {table} is lost, cut after {cut}"));
                    }
                }
            }
            states.push(found);
        }
        // Any state of one database may meet any of the others.
        for (child, database) in self.databases.iter().enumerate() {
            for (index, table) in database.tables.iter().enumerate() {
                for reference in tables[*table].references {
                    let (parent, parent_index) = self.home(reference.table);
                    for children in &states[child] {
                        let rows = children[index].without(&self.excused[*table]);
                        let together = states[parent].iter();
                        let mut together =
                            together.filter(|parents| parent != child || *parents == children);
                        let dangling = together
                            .find_map(|parents| dangling(reference, &rows, &parents[parent_index]));
                        if let Some(row) = dangling {
                            let table = tables[*table].name;
                            return Err(format!("{row} of {table} dangles, cut after {cut}"));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The index of the database of a table, and that of the table there.
    fn home(&self, table: usize) -> (usize, usize) {
        let mut databases = self.databases.iter().enumerate();
        let found = databases.find_map(|(index, database)| {
            let there = database.tables.iter().position(|other| *other == table);
            Some((index, there?))
        });
        found.expect("a database with the table")
    }

    /// The states that a power cut may leave a database in now, recovered.
    fn images(&mut self, database: &Database) -> Vec<u64> {
        let images = self.disk.after_power_cut(&database.stem);
        let images = images.iter().map(|image| self.recover(database, image));
        images.collect()
    }

    /// The rows of each table that programs see now; none where there is no database yet.
    fn live_rows(&mut self) -> [Rows; 3] {
        let mut all = <[Rows; 3]>::default();
        for database in self.databases.clone() {
            for (table, rows) in database.tables.iter().zip(self.live(&database)) {
                all[*table] = rows;
            }
        }
        all
    }

    /// Likewise of the tables of one database.
    fn live(&mut self, database: &Database) -> Vec<Rows> {
        let live = self.disk.live(&database.stem);
        let image = self.recover(database, &live);
        let nothing = || vec![Rows::default(); database.tables.len()];
        self.recovered[&image].clone().unwrap_or_else(|_| nothing())
    }

    /// Lets SQLite recover a database from its files, once for equal files.
    fn recover(&mut self, database: &Database, image: &Image) -> u64 {
        let mut hasher = DefaultHasher::new();
        image.hash(&mut hasher);
        let hash = hasher.finish();
        let (scratch, subject) = (self.scratch.path(), self.subject);
        self.recovered.entry(hash).or_insert_with(|| {
            for entry in fs::read_dir(scratch).expect("a folder") {
                fs::remove_file(entry.expect("an entry").path()).expect("an empty folder");
            }
            for (name, content) in image {
                let rest = name
                    .strip_prefix(&database.stem)
                    .expect("a file of the database");
                fs::write(scratch.join(format!("recovered.{rest}")), content).expect("a file");
            }
            sound_rows(&scratch.join("recovered.db"), subject, &database.tables)
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
