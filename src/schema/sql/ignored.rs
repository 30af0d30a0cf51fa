//! What a script contains besides its tables.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::refusals::Layout;
use super::script::{Action, Statement};

/// Counts what is ignored, and keeps its names: whatever concerns these is ignored, too.
#[derive(Debug, Default)]
pub struct Ignored {
    counts: BTreeMap<Kind, usize>,
    /// The names of what the statements create.
    names: BTreeMap<Kind, Vec<String>>,
    /// The first words of statements of other databases.
    others: BTreeSet<String>,
    /// The modules of the virtual tables, by their names.
    modules: HashMap<String, String>,
    /// Views, and tables that are temporary, virtual, or belong to virtual ones.
    tables: HashSet<String>,
    indexes: HashSet<String>,
}

/// The kinds of what is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Index,
    View,
    Trigger,
    Temporary,
    Virtual,
    Data,
    Pragma,
    Transaction,
    Shell,
    Other,
}

impl Ignored {
    /// Ignores a statement that does not concern a table; returns whether it did. Notes virtual tables, because the
    /// tables that belong to them may come first.
    pub fn ignore_early(&mut self, statement: &Statement) -> bool {
        let kind = match &statement.action {
            Action::CreateTrigger => Some(Kind::Trigger),
            Action::DropTrigger => None,
            Action::Data => Some(Kind::Data),
            Action::Pragma => Some(Kind::Pragma),
            Action::Transaction => Some(Kind::Transaction),
            Action::Shell => Some(Kind::Shell),
            Action::Other(words) => {
                self.others.insert(words.clone());
                Some(Kind::Other)
            }
            Action::CreateVirtualTable(name, module) => {
                self.modules.insert(folded(name), folded(module));
                return false;
            }
            _ => return false,
        };
        self.count(kind, statement);
        true
    }

    /// Ignores a statement that concerns an ignored object, or that does not define a table; returns whether it did.
    /// Call this for the remaining statements, in order.
    pub fn ignore(&mut self, statement: &Statement) -> bool {
        let kind = match &statement.action {
            Action::CreateTable(name) if folded(name).starts_with("sqlite_") => None,
            Action::CreateTable(name) if self.is_shadow(&folded(name)) => {
                self.tables.insert(folded(name));
                Some(Kind::Virtual)
            }
            Action::CreateTempTable(name) => {
                self.tables.insert(folded(name));
                Some(Kind::Temporary)
            }
            Action::CreateVirtualTable(name, _) => {
                self.tables.insert(folded(name));
                Some(Kind::Virtual)
            }
            Action::CreateView(name) => {
                self.tables.insert(folded(name));
                Some(Kind::View)
            }
            Action::CreateIndex { name, table, .. } if self.has(table) => {
                self.indexes.insert(folded(name));
                None
            }
            Action::CreateIndex {
                unique: false,
                name,
                ..
            } => {
                self.indexes.insert(folded(name));
                Some(Kind::Index)
            }
            Action::CreateIndex { name, .. } => {
                self.indexes.remove(&folded(name));
                return false;
            }
            Action::AlterTable(table, renamed) if self.has(table) => {
                if let Some(renamed) = renamed {
                    self.tables.remove(&folded(table));
                    self.tables.insert(folded(renamed));
                }
                None
            }
            Action::DropTable(name) if self.tables.remove(&folded(name)) => None,
            Action::DropIndex(name) if self.indexes.remove(&folded(name)) => None,
            Action::DropView(name) => {
                self.tables.remove(&folded(name));
                None
            }
            _ => return self.ignore_early(statement),
        };
        self.count(kind, statement);
        true
    }

    fn count(&mut self, kind: Option<Kind>, statement: &Statement) {
        if let Some(kind) = kind {
            *self.counts.entry(kind).or_default() += 1;
            self.names
                .entry(kind)
                .or_default()
                .extend(statement.creates());
        }
    }

    /// Whether a table of this name belongs to a virtual one.
    fn is_shadow(&self, name: &str) -> bool {
        name.match_indices('_').any(|(end, _)| {
            let module = self.modules.get(&name[..end]);
            let suffix = name[end + 1..].trim_end_matches(|c: char| c.is_ascii_digit());
            module.is_some_and(|module| suffixes(module).contains(&suffix))
        })
    }

    /// Whether it is a view or a table that was ignored.
    pub fn has(&self, table: &str) -> bool {
        self.tables.contains(&folded(table))
    }

    /// A line for each kind.
    ///
    /// In one file, `init` makes most of them.
    pub fn notes(&self, layout: Layout) -> Vec<String> {
        let made = [Kind::Index, Kind::View, Kind::Trigger, Kind::Virtual];
        let is_made = |kind: &Kind| layout == Layout::OneFile && made.contains(kind);
        let counts = self.counts.iter().filter(|(kind, _)| !is_made(kind));
        counts
            .map(|(kind, count)| self.note(*kind, *count))
            .collect()
    }

    fn note(&self, kind: Kind, count: usize) -> String {
        let (one, many) = match kind {
            Kind::Index => ("index that is not unique", "indexes that are not unique"),
            Kind::View => ("view", "views"),
            Kind::Trigger => ("trigger", "triggers"),
            Kind::Temporary => ("TEMP table", "TEMP tables"),
            Kind::Virtual => ("virtual or shadow table", "virtual and shadow tables"),
            Kind::Data => ("data statement", "data statements"),
            Kind::Pragma => ("pragma", "pragmas"),
            Kind::Transaction => ("transaction statement", "transaction statements"),
            Kind::Shell => ("shell command", "shell commands"),
            Kind::Other => ("other statement", "other statements"),
        };
        let words: Vec<_> = self
            .others
            .iter()
            .map(String::as_str)
            .take(LISTED)
            .collect();
        let more = if self.others.len() > LISTED {
            ", …"
        } else {
            ""
        };
        let words = if kind == Kind::Other {
            format!(" ({}{more})", words.join(", "))
        } else {
            String::new()
        };
        let names = self.names.get(&kind).map_or(&[][..], Vec::as_slice);
        let listed = &names[..names.len().min(LISTED)];
        let names = match names.len() - listed.len() {
            0 if listed.is_empty() => String::new(),
            0 => format!(": {}", listed.join(", ")),
            more => format!(": {} and {more} more", listed.join(", ")),
        };
        if count == 1 {
            format!("1 {one} was ignored{words}{names}")
        } else {
            format!("{count} {many} were ignored{words}{names}")
        }
    }
}

/// How many first words of other statements a line lists.
const LISTED: usize = 10;

/// The ends of the names of the tables in which a virtual table of this module keeps its data, without digits.
fn suffixes(module: &str) -> &'static [&'static str] {
    match module {
        "fts3" | "fts4" => &["content", "segments", "segdir", "docsize", "stat"],
        "fts5" => &["config", "content", "data", "docsize", "idx"],
        "rtree" | "rtree_i32" | "geopoly" => &["node", "parent", "rowid"],
        "spellfix1" => &["vocab"],
        "vec0" => &[
            "auxiliary",
            "chunks",
            "info",
            "metadatachunks",
            "metadatatext",
            "rowids",
            "vector_chunks",
        ],
        _ => &[],
    }
}

/// A name in the case in which SQLite compares names.
fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}
