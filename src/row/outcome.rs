//! What became of a row that was not inserted.

use crate::schema::Table;

/// What became of a record whose row was not inserted.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Its row was there already, with the very same values.
    Unchanged,
    /// It breaks these rules.
    Skipped(Vec<Reason>),
    /// It could not be inserted, for these reasons.
    Failed(Vec<Reason>),
}

/// Why a record was not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The reason in full: `id 3 is already used on line 4`.
    pub text: String,
    /// The same without what is particular to one row, to count rows by: `id is already used`.
    pub kind: String,
}

impl Outcome {
    /// How much memory it takes, in bytes.
    pub fn size(&self) -> usize {
        let reasons = match self {
            Outcome::Unchanged => &[][..],
            Outcome::Skipped(reasons) | Outcome::Failed(reasons) => reasons,
        };
        let size = |reason: &Reason| size_of::<Reason>() + reason.text.len() + reason.kind.len();
        size_of::<Outcome>() + reasons.iter().map(size).sum::<usize>()
    }
}

impl Reason {
    /// A reason.
    pub fn new(text: impl Into<String>, kind: impl Into<String>) -> Reason {
        let (text, kind) = (text.into(), kind.into());
        Reason { text, kind }
    }

    /// A reason with nothing particular to one row.
    pub fn same(text: impl Into<String>) -> Reason {
        let text = text.into();
        Reason::new(text.clone(), text)
    }

    /// The reason of a row whose id belongs to another one.
    pub fn taken(table: &Table, id: i64) -> Reason {
        let (column, database) = (table.columns[0].name, table.database());
        let taken = format!("already taken by a different row in {database}");
        Reason::new(
            format!("{column} {id} is {taken}"),
            format!("{column} is {taken}"),
        )
    }

    /// The reason of a row that refers to one that could not be inserted.
    pub fn not_inserted(table: &Table, id: i64) -> Reason {
        let row = table.row;
        Reason::new(
            format!("{row} {id} could not be inserted"),
            format!("{row} could not be inserted"),
        )
    }

    /// The reasons as one text.
    pub fn join(reasons: &[Reason]) -> String {
        let texts: Vec<_> = reasons.iter().map(|reason| reason.text.as_str()).collect();
        texts.join("; ")
    }
}
