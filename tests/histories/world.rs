//! The databases of a history, and what the model knows of them.

use std::fs;

use crate::draw::{Load, Step};
use crate::kit::stored::rows;
use crate::kit::{Folder, Run, TABLES};
use crate::model::{Stored, violations};

/// A folder in which a history takes place.
pub struct World {
    pub folder: Folder,
    /// What is stored, as far as there are databases.
    pub stored: Stored,
    pub initialized: bool,
    /// The last load, to be run again.
    pub last: Option<Load>,
    backup: Option<(Stored, bool)>,
    /// How many loads were cut off before they were done.
    pub unfinished: usize,
    /// How many loads there were; each has a folder for its files and one for its rejects.
    pub loads: usize,
}

impl World {
    pub fn new() -> World {
        let folder = Folder::new();
        fs::create_dir(folder.path()).unwrap();
        World {
            folder,
            stored: Stored::default(),
            initialized: false,
            last: None,
            backup: None,
            unfinished: 0,
            loads: 0,
        }
    }

    /// Does a step, and holds what came of it against the model.
    pub fn perform(&mut self, step: &Step) {
        match step {
            Step::Init => self.init(),
            Step::Load(load) => self.load(load),
            Step::Both(one, other) => self.both(one, other),
            Step::Again => self.again(),
            Step::LoadRejects => self.load_rejects(),
            Step::Check { unique_email } => self.check(*unique_email),
            Step::Execute(table, sql) => self.execute(*table, sql),
            Step::LeaveWal(table) => self.execute(*table, "PRAGMA journal_mode = DELETE"),
            Step::Backup => {
                copy(&self.folder, "databases", "backup");
                self.backup = Some((self.stored.clone(), self.initialized));
            }
            Step::Restore => {
                if let Some((stored, initialized)) = self.backup.clone() {
                    copy(&self.folder, "backup", "databases");
                    (self.stored, self.initialized) = (stored, initialized);
                }
            }
        }
        assert_eq!(
            self.now(),
            self.stored,
            "what is stored is not what was expected"
        );
    }

    /// What is stored now, by a copy: what a killed load has left in a log stays for the next run.
    pub fn now(&self) -> Stored {
        if !self.initialized {
            assert_eq!(self.folder.files(), [""; 0]);
            return Stored::default();
        }
        copy(&self.folder, "databases", "seen");
        TABLES.map(|table| {
            let database = self.folder.outside().join(format!("seen/{table}.db"));
            let rows = rows(&database, table).unwrap().into_iter();
            rows.map(|row| (row.split('|').next().unwrap().parse().unwrap(), row))
                .collect()
        })
    }

    fn init(&mut self) {
        let already = if self.initialized { "already " } else { "" };
        let said = TABLES.map(|table| format!("{table} database {already}initialized.\n"));
        let run = Run::of(&mut self.folder.tradexa(&["init"])).succeeded();
        assert_eq!((run.stdout, run.stderr.as_str()), (said.concat(), ""));
        self.initialized = true;
    }

    fn check(&self, unique_email: bool) {
        let unique: &[&str] = if unique_email {
            &["--unique-email"]
        } else {
            &[]
        };
        let run = self.folder.check(&[&["--limit", "10000"], unique].concat());
        if !self.initialized {
            self.is_refused(&run);
            return;
        }
        let expected = violations(&self.stored, unique_email);
        assert_eq!(run.violations(), expected);
        assert_eq!(run.status, Some(i32::from(!expected.is_empty())));
        assert_eq!(run.report["violations"], expected.len());
        for (table, stored) in TABLES.into_iter().zip(&self.stored) {
            assert_eq!(run.count(table, "rows"), stored.len() as u64, "{table}");
        }
    }

    /// A run without databases has said so, and has created nothing.
    pub fn is_refused(&self, run: &Run) {
        assert_eq!((run.status, run.stdout.as_str()), (Some(1), ""));
        assert!(
            run.stderr.contains("run `tradexa init` first"),
            "{}",
            run.stderr
        );
    }

    /// Another program is at work.
    fn execute(&mut self, table: usize, sql: &str) {
        if self.initialized {
            drop(self.folder.execute(TABLES[table], sql));
            self.stored = self.now();
        }
    }
}

/// Makes a folder hold the same files as another, and no others.
fn copy(folder: &Folder, from: &str, to: &str) {
    let (from, to) = (folder.outside().join(from), folder.outside().join(to));
    let _ = fs::remove_dir_all(&to);
    fs::create_dir(&to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
