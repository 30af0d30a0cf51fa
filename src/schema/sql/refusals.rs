//! What keeps tables from being loaded.

use std::collections::BTreeMap;

/// Where the tables are to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Each in a file of its own, without constraints: what cannot be checked here is refused.
    OwnFiles,
    /// In one file, as declared: what cannot be checked here, SQLite checks.
    OneFile,
}

/// The refusals, as sentences.
#[derive(Debug)]
pub struct Refusals {
    layout: Layout,
    /// By the names of the tables; those that concern no table in particular are under the empty name.
    sentences: BTreeMap<String, Vec<String>>,
    /// All of them in the order in which they were found.
    all: Vec<String>,
}

impl Refusals {
    /// None yet.
    pub fn new(layout: Layout) -> Refusals {
        Refusals {
            layout,
            sentences: BTreeMap::new(),
            all: Vec::new(),
        }
    }

    /// Where the tables are to live.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Refuses a table.
    pub fn refuse(&mut self, table: &str, sentence: String) {
        if !self.all.contains(&sentence) {
            self.all.push(sentence.clone());
        }
        let of_table = self
            .sentences
            .entry(table.to_ascii_lowercase())
            .or_default();
        if !of_table.contains(&sentence) {
            of_table.push(sentence);
        }
    }

    /// Whether a constraint of a table is to be left to SQLite; if it cannot be, the table is refused.
    pub fn leave_to_sqlite(&mut self, table: &str, sentence: String) -> bool {
        let leaves = self.layout == Layout::OneFile;
        if !leaves {
            self.refuse(table, sentence);
        }
        leaves
    }

    /// Why a table is refused; nothing if it is not.
    pub fn of(&self, table: &str) -> &[String] {
        self.sentences
            .get(&table.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them.
    pub fn into_sentences(self) -> Vec<String> {
        self.all
    }
}
