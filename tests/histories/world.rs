//! The databases of a history, and what the model says they hold.

use std::fs;

use crate::history::{Load, Step};
use crate::kit::stored::rows;
use crate::kit::{Folder, Run, TABLES};
use crate::model::{Stored, violations};

/// The folder in which a history takes place.
pub struct World {
    pub folder: Folder,
    /// What the databases hold. Empty until they are initialized.
    pub stored: Stored,
    pub initialized: bool,
    /// The last load.
    pub last: Option<Load>,
    backup: Option<(Stored, bool)>,
    /// How many loads were cut off before they had stored everything.
    pub unfinished: usize,
    /// How many rows loads have replaced.
    pub updated: usize,
    /// How many loads have run. Each has a folder for its files and one for its rejects.
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
            updated: 0,
            loads: 0,
        }
    }

    /// Performs a step, and compares the result with the model.
    pub fn perform(&mut self, step: &Step) {
        match step {
            Step::Init => self.init(),
            Step::Load(load) => self.load(load),
            Step::LoadTwo(one, other) => self.load_two(one, other),
            Step::Repeat => self.repeat(),
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
            self.stored_now(),
            self.stored,
            "the databases do not hold what the model says"
        );
    }

    /// What the databases hold now. Reads a copy of them, so that a log that a killed load has left stays as it is for the
    /// next run.
    pub fn stored_now(&self) -> Stored {
        if !self.initialized {
            assert_eq!(self.folder.files(), [""; 0]);
            return Stored::default();
        }
        copy(&self.folder, "databases", "copy");
        TABLES.map(|table| {
            let database = self.folder.outside().join(format!("copy/{table}.db"));
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
            assert_refused(&run);
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

    /// Executes a statement as another program would.
    fn execute(&mut self, table: usize, sql: &str) {
        if self.initialized {
            drop(self.folder.execute(TABLES[table], sql));
            self.stored = self.stored_now();
        }
    }
}

/// Without databases, a run asks for `init` and reports on no table.
pub fn assert_refused(run: &Run) {
    assert_eq!(run.status, Some(1));
    assert!(run.report["tables"].is_null(), "{}", run.stdout);
    assert!(
        run.stderr.contains("run `tradexa init` first"),
        "{}",
        run.stderr
    );
}

/// Replaces a folder with a copy of another.
fn copy(folder: &Folder, from: &str, to: &str) {
    let (from, to) = (folder.outside().join(from), folder.outside().join(to));
    let _ = fs::remove_dir_all(&to);
    fs::create_dir(&to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
