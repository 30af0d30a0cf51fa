//! CSV files to load, and the files that a run must leave alone.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::{Folder, Insert, TABLES};

/// A clean CSV file for each table.
pub const CLEAN: [&str; 3] = [
    "id,name,email\n1,Alice,alice@b.co\n2,Bob,bob@b.co\n",
    "id,name,price\n1,Laptop,1000\n2,Mouse,30.5\n",
    "id,user_id,product_id,quantity\n1,1,2,3\n2,2,1,1\n",
];

/// What is stored once the clean files are loaded.
pub const CLEAN_ROWS: [[&str; 2]; 3] = [
    ["1|Alice|alice@b.co", "2|Bob|bob@b.co"],
    ["1|Laptop|1000.0", "2|Mouse|30.5"],
    ["1|1|2|3", "2|2|1|1"],
];

/// Clean CSV files with as many rows each.
pub fn many(rows: usize) -> [String; 3] {
    let mut texts = CLEAN.map(|text| text.lines().next().unwrap().to_string() + "\n");
    for id in 1..=rows {
        texts[0] += &format!("{id},User {id},u{id}@b.co\n");
        texts[1] += &format!("{id},Product {id},{id}.25\n");
        texts[2] += &format!("{id},{id},{},{id}\n", rows + 1 - id);
    }
    texts
}

/// A file: its path, its bytes, and when it was written last. A folder has no bytes.
type File = (String, Option<Vec<u8>>, SystemTime);

impl Folder {
    /// A folder with empty databases, and these CSV files to load beside it.
    pub fn with_csv(texts: [impl AsRef<[u8]>; 3]) -> Folder {
        let folder = Folder::initialized();
        folder.give("input", texts);
        folder
    }

    /// Writes the CSV files of all tables into a folder beside the databases.
    pub fn give(&self, name: &str, texts: [impl AsRef<[u8]>; 3]) {
        for (table, text) in TABLES.iter().zip(texts) {
            self.csv(name, table, text);
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

    /// Runs `insert --from input --format json` with more arguments.
    pub fn load(&self, arguments: &[&str]) -> Insert {
        self.insert(&[&["--from", "input"], arguments].concat())
    }

    /// A folder with the databases as a writer leaves them that is killed after it inserted the seed: all rows are in
    /// the WAL.
    pub fn killed() -> Folder {
        let (writer, folder) = (Folder::initialized(), Folder::new());
        let sql = |table| format!("SELECT count(*) FROM {table}");
        let held = TABLES.map(|table| writer.execute(table, &sql(table)));
        writer.insert(&[]);
        fs::create_dir(folder.path()).unwrap();
        for file in writer.files() {
            fs::copy(writer.path().join(&file), folder.path().join(&file)).unwrap();
        }
        drop(held);
        for table in TABLES {
            let wal = folder.path().join(format!("{table}.db-wal"));
            assert!(wal.metadata().unwrap().len() > 0, "nothing is in the WAL");
        }
        folder
    }

    /// Everything in and beside the folder of the databases, with the times of the last writes. Of the shared memory
    /// through which the users of a database find each other, only that it is there.
    pub fn everything(&self) -> Vec<File> {
        let mut files = Vec::new();
        collect(&self.outside(), &mut files);
        files.sort();
        files
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
