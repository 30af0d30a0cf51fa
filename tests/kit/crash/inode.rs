//! One file on a disk that loses power: what is synced of it, and any part of what is not.

use std::collections::BTreeSet;

use crate::kit::random::Random;

/// The content of a file.
pub struct Inode {
    synced: Vec<u8>,
    pending: Vec<Pending>,
}

/// A change that came after what is synced.
struct Pending {
    change: Change,
    fate: Fate,
}

#[derive(PartialEq)]
enum Fate {
    /// The next sync makes it durable.
    Waits,
    /// A sync of it has failed. Linux does not try again, and later syncs succeed without it.
    Abandoned,
    /// It is synced, and follows one that is abandoned.
    Durable,
}

/// What a call changes.
pub enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
    /// The file has at least this length, with zeros where nothing was.
    Grow(usize),
}

impl Inode {
    /// A file whose content is synced.
    pub fn synced(content: Vec<u8>) -> Inode {
        let (synced, pending) = (content, Vec::new());
        Inode { synced, pending }
    }

    pub fn change(&mut self, change: Change) {
        let fate = Fate::Waits;
        self.pending.push(Pending { change, fate });
    }

    /// Another program has written this content, page by page, and has not synced it.
    pub fn become_unsynced(&mut self, content: &[u8]) {
        let before = self.live();
        if before.len() > content.len() {
            self.change(Change::Truncate(content.len()));
        }
        for (page, data) in content.chunks(PAGE).enumerate() {
            let place = page * PAGE;
            if before.get(place..place + data.len()) != Some(data) {
                self.change(Change::Write(place, data.to_vec()));
            }
        }
    }

    /// The content that programs see.
    pub fn live(&self) -> Vec<u8> {
        self.with(|_| true)
    }

    /// Whether a power cut loses nothing of it.
    pub fn is_synced(&self) -> bool {
        self.pending.is_empty()
    }

    pub fn sync(&mut self) {
        let abandoned = |pending: &Pending| pending.fate == Fate::Abandoned;
        if !self.pending.iter().any(abandoned) {
            self.synced = self.live();
            self.pending.clear();
        }
        for pending in &mut self.pending {
            if pending.fate == Fate::Waits {
                pending.fate = Fate::Durable;
            }
        }
    }

    /// A sync has failed.
    pub fn abandon(&mut self) {
        for pending in &mut self.pending {
            if pending.fate == Fate::Waits {
                pending.fate = Fate::Abandoned;
            }
        }
    }

    /// The content with those of the pending changes that are kept.
    fn with(&self, keep: impl Fn(usize) -> bool) -> Vec<u8> {
        let mut content = self.synced.clone();
        for (index, pending) in self.pending.iter().enumerate() {
            if keep(index) {
                pending.change.apply(&mut content);
            }
        }
        content
    }

    /// The contents that a power cut may leave: any of the changes that are not durable may be lost, and one of a few
    /// in part.
    pub fn after_power_cut(&self) -> BTreeSet<Vec<u8>> {
        let at_risk: Vec<_> = (0..self.pending.len())
            .filter(|index| self.pending[*index].fate != Fate::Durable)
            .collect();
        let mut contents = BTreeSet::new();
        for lost in subsets(at_risk.len()) {
            let lost: Vec<_> = (at_risk.iter().zip(lost))
                .filter(|(_, lost)| *lost)
                .collect();
            let lost = |index| lost.iter().any(|(at, _)| **at == index);
            contents.insert(self.with(|index| !lost(index)));
        }
        for index in at_risk.iter().filter(|_| at_risk.len() <= FEW) {
            for torn in self.pending[*index].change.torn() {
                let mut content = self.synced.clone();
                for (other, pending) in self.pending.iter().enumerate() {
                    let change = match other == *index {
                        true => &torn,
                        false => &pending.change,
                    };
                    change.apply(&mut content);
                }
                contents.insert(content);
            }
        }
        contents
    }
}

/// What a program writes at once, in bytes.
const PAGE: usize = 8192;

/// What a disk writes in one piece, in bytes, unless the power cut hits that very piece.
const SECTOR: usize = 512;

impl Change {
    /// A write that is cut off after or starts only from any of its sectors, or that has grown the file with zeros.
    fn torn(&self) -> Vec<Change> {
        let Change::Write(offset, data) = self else {
            return Vec::new();
        };
        let boundary = SECTOR - offset % SECTOR;
        let mut torn = vec![Change::Grow(offset + data.len())];
        for cut in (boundary..data.len()).step_by(SECTOR) {
            torn.push(Change::Write(*offset, data[..cut].to_vec()));
            torn.push(Change::Write(offset + cut, data[cut..].to_vec()));
        }
        torn
    }

    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Change::Truncate(size) => content.resize(*size, 0),
            Change::Grow(size) => content.resize(content.len().max(*size), 0),
            Change::Write(offset, data) => {
                let end = offset + data.len();
                content.resize(content.len().max(end), 0);
                content[*offset..end].copy_from_slice(data);
            }
        }
    }
}

/// The largest number of changes of which every subset is tried.
const FEW: usize = 4;

/// The largest number of changes of which each one is tried; beyond that, a few at random.
const SOME: usize = 32;

/// Which of `n` changes are lost. If `n` is small, all subsets; otherwise all, none, each single change, all but one,
/// every suffix, and some random subsets (the same in every run).
pub fn subsets(n: usize) -> Vec<Vec<bool>> {
    let lost = |rule: &dyn Fn(usize) -> bool| (0..n).map(rule).collect::<Vec<_>>();
    if n <= FEW {
        return (0..1 << n)
            .map(|bits: usize| lost(&|index| bits >> index & 1 == 1))
            .collect();
    }
    let mut subsets = vec![lost(&|_| false), lost(&|_| true)];
    let mut random = Random::new(n as u64);
    for one in 0..if n > SOME { FEW } else { n } {
        let one = if n > SOME { random.below(n) } else { one };
        subsets.push(lost(&|index| index == one));
        subsets.push(lost(&|index| index != one));
        subsets.push(lost(&|index| index >= one));
    }
    for _ in 0..16 {
        subsets.push((0..n).map(|_| random.once_in(2)).collect());
    }
    subsets
}
