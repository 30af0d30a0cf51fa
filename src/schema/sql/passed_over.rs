//! What a script has that is no part of the tables.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::script::{Action, Statement};

/// Counts what is passed over, and knows the names of it: whatever concerns these is passed over, too.
#[derive(Debug, Default)]
pub struct PassedOver {
    counts: BTreeMap<Kind, usize>,
    /// The first words of statements of other databases.
    others: BTreeSet<String>,
    /// The modules of the virtual tables, by their names.
    modules: HashMap<String, String>,
    /// Views, and tables that are temporary, virtual, or belong to virtual ones.
    tables: HashSet<String>,
    indexes: HashSet<String>,
}

/// The kinds of what is passed over.
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

impl PassedOver {
    /// Notes the virtual tables among these statements, as the tables that belong to them may come first.
    pub fn virtual_tables(&mut self, statements: &[Statement]) {
        for statement in statements {
            if let Action::CreateVirtualTable(name, module) = &statement.action {
                self.modules.insert(name.clone(), module.clone());
            }
        }
    }

    /// Whether a statement is to be passed over; if so, notes it.
    pub fn takes(&mut self, statement: &Statement) -> bool {
        let Some(kind) = self.kind(&statement.action) else {
            return false;
        };
        if let Some(kind) = kind {
            *self.counts.entry(kind).or_default() += 1;
        }
        true
    }

    /// The kind of a statement that is to be passed over; `Some(None)` if without a word.
    fn kind(&mut self, action: &Action) -> Option<Option<Kind>> {
        let kind = match action {
            Action::CreateTable(name) if name.starts_with("sqlite_") => return Some(None),
            Action::CreateTable(name) if self.is_shadow(name) => {
                self.tables.insert(name.clone());
                Kind::Virtual
            }
            Action::CreateTable(_) => return None,
            Action::CreateTempTable(name) => {
                self.tables.insert(name.clone());
                Kind::Temporary
            }
            Action::CreateVirtualTable(name, _) => {
                self.tables.insert(name.clone());
                Kind::Virtual
            }
            Action::CreateView(name) => {
                self.tables.insert(name.clone());
                Kind::View
            }
            Action::CreateIndex {
                unique,
                name,
                table,
            } => {
                let of_passed_over = self.tables.contains(table);
                if *unique && !of_passed_over {
                    return None;
                }
                self.indexes.insert(name.clone());
                if of_passed_over {
                    return Some(None);
                }
                Kind::Index
            }
            Action::AlterTable(table, renamed) => {
                if !self.tables.contains(table) {
                    return None;
                }
                if let Some(renamed) = renamed {
                    self.tables.remove(table);
                    self.tables.insert(renamed.clone());
                }
                return Some(None);
            }
            Action::DropTable(name) => return self.tables.remove(name).then_some(None),
            Action::DropIndex(name) => return self.indexes.remove(name).then_some(None),
            Action::DropView(name) => {
                self.tables.remove(name);
                return Some(None);
            }
            Action::CreateTrigger => Kind::Trigger,
            Action::DropTrigger => return Some(None),
            Action::Data => Kind::Data,
            Action::Pragma => Kind::Pragma,
            Action::Transaction => Kind::Transaction,
            Action::Shell => Kind::Shell,
            Action::Other(words) => {
                self.others.insert(words.clone());
                Kind::Other
            }
        };
        Some(Some(kind))
    }

    /// Whether a table of this name belongs to a virtual one.
    fn is_shadow(&self, name: &str) -> bool {
        name.match_indices('_').any(|(end, _)| {
            let module = self.modules.get(&name[..end]);
            module.is_some_and(|module| suffixes(module).contains(&stem(&name[end + 1..])))
        })
    }

    /// Whether it is a view or a table that was passed over. The name is in lower case.
    pub fn has(&self, table: &str) -> bool {
        self.tables.contains(table)
    }

    /// A line for each kind.
    pub fn notes(&self) -> Vec<String> {
        self.counts
            .iter()
            .map(|(kind, count)| self.note(*kind, *count))
            .collect()
    }

    fn note(&self, kind: Kind, count: usize) -> String {
        let (one, many) = match kind {
            Kind::Index => ("index that is not unique", "indexes that are not unique"),
            Kind::View => ("view", "views"),
            Kind::Trigger => ("trigger", "triggers"),
            Kind::Temporary => ("TEMP table", "TEMP tables"),
            Kind::Virtual => (
                "virtual table or part of one",
                "virtual tables and parts of them",
            ),
            Kind::Data => ("statement with data", "statements with data"),
            Kind::Pragma => ("pragma", "pragmas"),
            Kind::Transaction => ("transaction statement", "transaction statements"),
            Kind::Shell => ("line for the shell", "lines for the shell"),
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
        if count == 1 {
            format!("1 {one} was passed over{words}")
        } else {
            format!("{count} {many} were passed over{words}")
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

/// A name without the digits at its end.
fn stem(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}
