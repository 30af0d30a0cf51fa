//! A disk that loses power: it keeps what was synced, and any part of what was not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use super::inode::{Change, Inode, subsets};

/// One call that the preloaded library has logged.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    pub operation: &'a str,
    /// The open call that the file descriptor is from.
    pub handle: u64,
    pub name: &'a str,
    /// The offset of a write, or the new size.
    pub number: usize,
    pub data: &'a [u8],
}

/// The records of a log, without those of the `-shm` files: these are rebuilt whenever nobody has them open.
pub fn records(mut log: &[u8]) -> Vec<Record<'_>> {
    let mut records = Vec::new();
    while let Some(end) = log.iter().position(|byte| *byte == b'\n') {
        let line = str::from_utf8(&log[..end]).expect("a line of the log");
        let [operation, handle, name, number, length] = line.split(' ').collect::<Vec<_>>()[..]
        else {
            panic!("a line of the log: {line}")
        };
        let data;
        (data, log) = log[end + 1..].split_at(length.parse().expect("a length"));
        if !name.ends_with("-shm") {
            let handle = handle.parse().expect("a handle");
            let number = number.parse().expect("a number");
            records.push(Record {
                operation,
                handle,
                name,
                number,
                data,
            });
        }
    }
    records
}

/// The files of one folder by their names.
pub type Image = BTreeMap<String, Vec<u8>>;

/// A folder on a disk: what is synced, and what is not yet.
pub struct Disk {
    inodes: Vec<Inode>,
    entries: BTreeMap<String, usize>,
    pending: Vec<Entry>,
    /// The inode of each handle; none for that of the folder itself.
    handles: HashMap<u64, Option<usize>>,
}

enum Entry {
    Created(String, usize),
    Deleted(String),
}

impl Disk {
    /// A disk on which all that is in the folder is synced.
    pub fn of(folder: &Path) -> Disk {
        let mut disk = Disk {
            inodes: Vec::new(),
            entries: BTreeMap::new(),
            pending: Vec::new(),
            handles: HashMap::new(),
        };
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .expect("a name");
            if !name.ends_with("-shm") {
                disk.entries.insert(name.to_string(), disk.inodes.len());
                let synced = fs::read(&path).expect("a file");
                disk.inodes.push(Inode::synced(synced));
            }
        }
        disk
    }

    /// Another process takes over: its handles are others.
    pub fn next_process(&mut self) {
        self.handles.clear();
    }

    /// Another program creates a file and syncs nothing.
    pub fn create(&mut self, name: &str, content: Vec<u8>) {
        let entry = Entry::Created(name.to_string(), self.inodes.len());
        self.pending.push(entry);
        let mut inode = Inode::synced(Vec::new());
        inode.change(Change::Write(0, content));
        self.inodes.push(inode);
    }

    /// Does what was logged.
    pub fn apply(&mut self, record: &Record) {
        let name = || record.name.to_string();
        match record.operation {
            "open" if record.name == "." => drop(self.handles.insert(record.handle, None)),
            "open" => {
                let inode = self.live_entries()[record.name];
                self.handles.insert(record.handle, Some(inode));
            }
            "create" => {
                self.pending.push(Entry::Created(name(), self.inodes.len()));
                self.handles.insert(record.handle, Some(self.inodes.len()));
                self.inodes.push(Inode::synced(Vec::new()));
            }
            "unlink" => self.pending.push(Entry::Deleted(name())),
            "write" => self.change(record, Change::Write(record.number, record.data.to_vec())),
            "truncate" => self.change(record, Change::Truncate(record.number)),
            "sync" => match self.handles[&record.handle] {
                Some(inode) => self.inodes[inode].sync(),
                None => {
                    self.entries = self.live_entries();
                    self.pending.clear();
                }
            },
            "forsake" => {
                if let Some(inode) = self.handles[&record.handle] {
                    self.inodes[inode].forsake();
                }
            }
            "close" | "report" => {}
            other => panic!("the log has an operation {other}"),
        }
    }

    fn change(&mut self, record: &Record, change: Change) {
        let inode = self.handles[&record.handle].expect("a file");
        self.inodes[inode].change(change);
    }

    fn live_entries(&self) -> BTreeMap<String, usize> {
        self.entries_with("", &[])
    }

    /// The entries, of those that start with `prefix` without the pending changes that are `lost`.
    fn entries_with(&self, prefix: &str, lost: &[bool]) -> BTreeMap<String, usize> {
        let mut entries = self.entries.clone();
        let mut lost = lost.iter();
        for entry in &self.pending {
            let (Entry::Created(name, _) | Entry::Deleted(name)) = entry;
            if name.starts_with(prefix) && lost.next() == Some(&true) {
                continue;
            }
            match entry {
                Entry::Created(name, inode) => drop(entries.insert(name.clone(), *inode)),
                Entry::Deleted(name) => drop(entries.remove(name)),
            }
        }
        entries.retain(|name, _| name.starts_with(prefix));
        entries
    }

    /// The files whose names start with `prefix`, as programs see them.
    pub fn live(&self, prefix: &str) -> Image {
        let entries = self.entries_with(prefix, &[]);
        let content = |(name, inode): (String, usize)| (name, self.inodes[inode].live());
        entries.into_iter().map(content).collect()
    }

    /// The files whose names start with `prefix`, as a power cut may leave them now.
    pub fn after_power_cut(&self, prefix: &str) -> BTreeSet<Image> {
        let pending = self.pending.iter().filter(|entry| {
            let (Entry::Created(name, _) | Entry::Deleted(name)) = entry;
            name.starts_with(prefix)
        });
        let mut images = BTreeSet::new();
        for lost in subsets(pending.count()) {
            let mut some = vec![Image::new()];
            for (name, inode) in self.entries_with(prefix, &lost) {
                let contents = self.inodes[inode].after_power_cut();
                let with = |image: &Image, content: &Vec<u8>| {
                    let mut image = image.clone();
                    image.insert(name.clone(), content.clone());
                    image
                };
                some = some
                    .iter()
                    .flat_map(|image| contents.iter().map(move |content| with(image, content)))
                    .collect();
            }
            images.extend(some);
        }
        images
    }
}
