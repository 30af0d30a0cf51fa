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

/// A folder on a disk, and all below it: what is synced, and what is not yet. Names are paths below that folder.
pub struct Disk {
    inodes: Vec<Inode>,
    entries: BTreeMap<String, Node>,
    pending: Vec<Entry>,
    handles: HashMap<u64, Node>,
}

#[derive(Clone)]
enum Node {
    /// A file, by its inode.
    File(usize),
    /// A folder, by its name.
    Folder(String),
}

enum Entry {
    Created(String, Node),
    Deleted(String),
}

impl Entry {
    fn name(&self) -> &str {
        let (Entry::Created(name, _) | Entry::Deleted(name)) = self;
        name
    }

    fn apply(&self, entries: &mut BTreeMap<String, Node>) {
        match self {
            Entry::Created(name, node) => drop(entries.insert(name.clone(), node.clone())),
            Entry::Deleted(name) => drop(entries.remove(name)),
        }
    }
}

/// The folder that a name is in.
fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or(".", |(parent, _)| parent)
}

/// The folders that a name is below.
fn above(name: &str) -> impl Iterator<Item = &str> {
    let ends = name.match_indices('/').map(|(end, _)| end);
    ends.map(|end| &name[..end])
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
        for (name, content) in files(folder) {
            let node = match content {
                Some(content) => disk.file(Inode::synced(content)),
                None => Node::Folder(name.clone()),
            };
            disk.entries.insert(name, node);
        }
        disk
    }

    fn file(&mut self, inode: Inode) -> Node {
        self.inodes.push(inode);
        Node::File(self.inodes.len() - 1)
    }

    /// Another program has made the folder what it is now, and has synced nothing.
    pub fn change_unsynced(&mut self, folder: &Path) {
        for (name, content) in files(folder) {
            let Some(content) = content else { continue };
            let before = match self.live_entries().get(&name) {
                Some(Node::File(inode)) => *inode,
                _ => {
                    let node = self.file(Inode::synced(Vec::new()));
                    self.pending.push(Entry::Created(name, node));
                    self.inodes.len() - 1
                }
            };
            self.inodes[before].become_unsynced(&content);
        }
    }

    /// Does what was logged.
    pub fn apply(&mut self, record: &Record) {
        let name = record.name.to_string();
        match record.operation {
            "open" => {
                let node = match record.name {
                    "." => Node::Folder(name),
                    _ => self.live_entries()[record.name].clone(),
                };
                self.handles.insert(record.handle, node);
            }
            "create" => {
                let node = self.file(Inode::synced(Vec::new()));
                self.pending.push(Entry::Created(name, node.clone()));
                self.handles.insert(record.handle, node);
            }
            "mkdir" => {
                let folder = Node::Folder(name.clone());
                self.pending.push(Entry::Created(name, folder));
            }
            "unlink" => self.pending.push(Entry::Deleted(name)),
            "write" => self.change(record, Change::Write(record.number, record.data.to_vec())),
            "truncate" => self.change(record, Change::Truncate(record.number)),
            "sync" => match self.handles[&record.handle].clone() {
                Node::File(inode) => self.inodes[inode].sync(),
                Node::Folder(folder) => self.sync_folder(&folder),
            },
            "abandon" => {
                if let Node::File(inode) = self.handles[&record.handle] {
                    self.inodes[inode].abandon();
                }
            }
            "close" | "report" => {}
            other => panic!("the log has an operation {other}"),
        }
    }

    fn change(&mut self, record: &Record, change: Change) {
        let Node::File(inode) = self.handles[&record.handle] else {
            panic!("{} is a folder", record.name)
        };
        self.inodes[inode].change(change);
    }

    fn sync_folder(&mut self, folder: &str) {
        let in_it = |entry: &mut Entry| parent(entry.name()) == folder;
        for entry in self.pending.extract_if(.., in_it) {
            entry.apply(&mut self.entries);
        }
    }

    /// Syncs every file and folder.
    pub fn sync(&mut self) {
        self.inodes.iter_mut().for_each(Inode::sync);
        self.entries = self.live_entries();
        self.pending.clear();
    }

    fn live_entries(&self) -> BTreeMap<String, Node> {
        self.entries_with("", &[])
    }

    /// Whether a power cut may undo the creation, removal or renaming of a file whose name starts with `prefix`.
    pub fn may_lose_names(&self, prefix: &str) -> bool {
        self.pending
            .iter()
            .any(|entry| Disk::concerns(entry, prefix))
    }

    /// Whether a part of what programs see in this file may be lost.
    pub fn may_lose_content(&self, name: &str) -> bool {
        match self.live_entries().get(name) {
            Some(Node::File(inode)) => !self.inodes[*inode].is_synced(),
            _ => false,
        }
    }

    /// Whether this entry affects files whose names start with `prefix`.
    fn concerns(entry: &Entry, prefix: &str) -> bool {
        entry.name().starts_with(prefix) || above(prefix).any(|folder| folder == entry.name())
    }

    /// The entries, of those that start with `prefix` without the pending changes that are `lost`.
    fn entries_with(&self, prefix: &str, lost: &[bool]) -> BTreeMap<String, Node> {
        let mut entries = self.entries.clone();
        let mut lost = lost.iter();
        for entry in &self.pending {
            if Disk::concerns(entry, prefix) && lost.next() == Some(&true) {
                continue;
            }
            entry.apply(&mut entries);
        }
        if above(prefix).any(|folder| !entries.contains_key(folder)) {
            entries.clear();
        }
        entries.retain(|name, _| name.starts_with(prefix));
        entries
    }

    /// The files whose names start with `prefix`, as programs see them.
    pub fn live(&self, prefix: &str) -> Image {
        let entries = self.entries_with(prefix, &[]).into_iter();
        let content = |(name, node)| match node {
            Node::File(inode) => Some((name, self.inodes[inode].live())),
            Node::Folder(_) => None,
        };
        entries.filter_map(content).collect()
    }

    /// The files whose names start with `prefix`, as a power cut may leave them now.
    pub fn after_power_cut(&self, prefix: &str) -> BTreeSet<Image> {
        let concerned = |entry: &&Entry| Disk::concerns(entry, prefix);
        let mut images = BTreeSet::new();
        for lost in subsets(self.pending.iter().filter(concerned).count()) {
            let mut some = vec![Image::new()];
            for (name, node) in self.entries_with(prefix, &lost) {
                let Node::File(inode) = node else { continue };
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

/// All that is below a folder, by its path there: the bytes of a file, none for a folder. Links are not part of it.
pub fn files(folder: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name");
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            let below = files(&entry.path()).into_iter();
            found.extend(below.map(|(path, content)| (format!("{name}/{path}"), content)));
            found.insert(name, None);
        } else if kind.is_file() && !name.ends_with("-shm") {
            let content = fs::read(entry.path()).expect("a file");
            found.insert(name, Some(content));
        }
    }
    found
}
