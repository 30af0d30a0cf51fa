//! A folder of databases to run the program on.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use rusqlite::Connection;
use tempfile::TempDir;

use super::stored::{print, rows};
use super::subject::{BUILT_IN, SCHEMA, Subject};
use super::{ORDERS, PRODUCTS, TABLES, USERS, skipped, text};

/// A folder for the databases inside a temporary one. The program runs in the temporary one, and so the messages show
/// the short name of the folder.
pub struct Folder {
    temporary: TempDir,
    name: OsString,
    /// The tables that are in it.
    pub subject: &'static Subject,
}

/// A file: its path, its bytes, and when it was written last. A folder has no bytes.
pub type File = (String, Option<Vec<u8>>, SystemTime);

impl Folder {
    /// A folder `databases` that does not exist yet.
    pub fn new() -> Folder {
        Folder::named("databases")
    }

    /// A folder with this name that does not exist yet.
    pub fn named(name: impl Into<OsString>) -> Folder {
        Folder {
            temporary: temporary(),
            name: name.into(),
            subject: &BUILT_IN,
        }
    }

    /// A folder for these tables with this name that does not exist yet. Beside it is what declares them, and their rows
    /// in a folder `input`.
    pub fn of(subject: &'static Subject, name: &str) -> Folder {
        let folder = Folder {
            subject,
            ..Folder::named(name)
        };
        if let Some(schema) = subject.schema {
            fs::write(folder.outside().join(SCHEMA), schema).unwrap();
            for table in &subject.tables {
                folder.csv("input", table.name, table.csv());
            }
            if let Some((table, header)) = subject.written_by_triggers {
                folder.csv("input", table, header.to_string() + "\n");
            }
        }
        folder
    }

    /// A folder with the databases of these tables, empty.
    pub fn empty(subject: &'static Subject) -> Folder {
        let folder = Folder::of(subject, "databases");
        folder.tradexa(&["init"]).assert().success();
        folder
    }

    /// A folder with the rows of these tables inserted.
    pub fn full(subject: &'static Subject) -> Folder {
        let folder = Folder::empty(subject);
        folder.insert(&[]).ended_well(subject);
        folder
    }

    /// A folder with the three databases, empty.
    pub fn initialized() -> Folder {
        let folder = Folder::new();
        folder.tradexa(&["init"]).assert().success();
        folder
    }

    /// A folder with the seed inserted.
    pub fn inserted() -> Folder {
        let folder = Folder::initialized();
        folder.tradexa(&["insert"]).assert().success();
        folder
    }

    /// A folder with empty databases, and these CSV files to load beside it.
    pub fn with_csv(texts: [impl AsRef<[u8]>; 3]) -> Folder {
        let folder = Folder::initialized();
        folder.give("input", texts);
        folder
    }

    /// A folder with the databases as left by a writer that is killed after it has inserted the seed: all rows are in
    /// the WAL.
    pub fn killed() -> Folder {
        let (writer, folder) = (Folder::initialized(), Folder::new());
        let sql = |table| format!("SELECT count(*) FROM {table}");
        let held = TABLES.map(|table| writer.execute(table, &sql(table)));
        writer.insert(&[]);
        fs::create_dir(folder.path()).unwrap();
        for file in writer.files() {
            let copied = fs::copy(writer.path().join(&file), folder.path().join(&file));
            // On Windows, those who use the shared memory keep it from being read; it is rebuilt from the log.
            assert!(copied.is_ok() || file.ends_with("-shm"), "{copied:?}");
        }
        drop(held);
        for table in TABLES {
            let wal = folder.path().join(format!("{table}.db-wal"));
            assert!(wal.metadata().unwrap().len() > 0, "nothing is in the WAL");
        }
        folder
    }

    /// A copy of this folder and what is beside it. Links stay links.
    pub fn copy(&self) -> Folder {
        let copy = Folder {
            subject: self.subject,
            ..Folder::named(&self.name)
        };
        copy_into(self.temporary.path(), copy.temporary.path());
        copy
    }

    /// The folder that the program runs in.
    pub fn outside(&self) -> PathBuf {
        self.temporary.path().to_path_buf()
    }

    /// The folder of the databases, as it is given to the program.
    pub fn name(&self) -> &Path {
        Path::new(&self.name)
    }

    /// The folder of the databases.
    pub fn path(&self) -> PathBuf {
        self.temporary.path().join(&self.name)
    }

    /// The database of a table.
    pub fn database(&self, table: &str) -> PathBuf {
        self.path().join(self.subject.database(table))
    }

    /// Writes these bytes where the database of a table belongs.
    pub fn write(&self, table: &str, bytes: &[u8]) {
        fs::create_dir_all(self.path()).unwrap();
        fs::write(self.database(table), bytes).unwrap();
    }

    /// Writes the CSV files of all tables into a folder beside the databases.
    pub fn give(&self, name: &str, texts: [impl AsRef<[u8]>; 3]) {
        for (table, text) in self.subject.tables.iter().zip(texts) {
            self.csv(name, table.name, text);
        }
    }

    /// Writes the CSV file of a table into a folder beside the databases.
    pub fn csv(&self, name: &str, table: &str, text: impl AsRef<[u8]>) {
        let path = self.outside().join(name);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join(format!("{table}.csv")), text).unwrap();
    }

    /// The CSV file of a table in a folder beside the databases, if there is one.
    pub fn csv_in(&self, name: &str, table: &str) -> Option<Vec<u8>> {
        fs::read(self.outside().join(name).join(format!("{table}.csv"))).ok()
    }

    /// The names of the files in the folder, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// The files of the folder with what is in them. `None` is a folder.
    pub fn contents(&self) -> Vec<(String, Option<Vec<u8>>)> {
        let files = self.files().into_iter();
        let contents = files.map(|name| {
            let bytes = fs::read(self.path().join(&name)).ok();
            (name, bytes)
        });
        contents.collect()
    }

    /// Everything in and beside the folder of the databases, with the times of the last writes. Of the shared memory
    /// through which the users of a database find each other, only that it is there.
    pub fn everything(&self) -> Vec<File> {
        let mut files = Vec::new();
        collect(&self.outside(), &mut files);
        files.sort();
        files
    }

    /// Executes SQL in the database of a table, which is created if need be.
    pub fn execute(&self, table: &str, sql: &str) -> Connection {
        fs::create_dir_all(self.path()).unwrap();
        let connection = Connection::open(self.database(table)).unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    }

    /// Locks the database of a table for writing until the connection is dropped.
    pub fn lock(&self, table: &str) -> Connection {
        self.execute(table, "BEGIN IMMEDIATE")
    }

    /// What a query in the database of a table answers, as the sqlite3 shell prints it.
    pub fn ask(&self, table: &str, sql: &str) -> Vec<String> {
        print(&self.execute(table, ""), sql).unwrap()
    }

    /// The rows of a table in the order of their ids, as the sqlite3 shell prints them.
    pub fn rows(&self, table: &str) -> Vec<String> {
        rows(&self.database(table), table).unwrap()
    }

    /// The rows of all three tables.
    pub fn all_rows(&self) -> [Vec<String>; 3] {
        TABLES.map(|table| self.rows(table))
    }

    /// Asserts that exactly what a plain insert stores is stored.
    pub fn assert_complete(&self) {
        assert_eq!(self.rows("users"), USERS);
        assert_eq!(self.rows("products"), PRODUCTS);
        assert_eq!(self.rows("orders"), ORDERS);
    }

    /// What the real sqlite3 shell prints, or `None` where it is not installed.
    pub fn shell(&self, table: &str, sql: &str) -> Option<String> {
        let mut shell = Command::new("sqlite3");
        let Ok(output) = shell.arg(self.database(table)).arg(sql).output() else {
            skipped("there is no sqlite3 shell here");
            return None;
        };
        assert!(output.status.success(), "{}", text(&output.stderr));
        Some(text(&output.stdout))
    }
}

/// A temporary folder: where `TMPDIR` says, else in memory where there is such a place, since thousands are made.
pub fn temporary() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = match env::var_os("TMPDIR") {
        None if memory.is_dir() => tempfile::tempdir_in(memory),
        _ => tempfile::tempdir(),
    };
    made.expect("a temporary folder")
}

fn copy_into(original: &Path, copy: &Path) {
    for entry in fs::read_dir(original).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), copy.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            fs::create_dir(&to).unwrap();
            copy_into(&from, &to);
        } else if kind.is_symlink() {
            #[cfg(unix)] // Elsewhere no test makes links.
            std::os::unix::fs::symlink(fs::read_link(&from).unwrap(), &to).unwrap();
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        if name.ends_with("-shm") {
            files.push((name, None, SystemTime::UNIX_EPOCH));
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        }
        let modified = path.metadata().unwrap().modified().unwrap();
        files.push((name, fs::read(&path).ok(), modified));
    }
}
