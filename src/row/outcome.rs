//! What became of a row that was not inserted.

use std::sync::Arc;

use super::Reason;

/// What became of a record whose row was not inserted.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Its row was there already, with the very same values.
    Unchanged,
    /// Its key was stored with other values in these columns, which it replaces.
    Updated(Arc<[usize]>),
    /// It breaks rules.
    Skipped(Arc<[Reason]>),
    /// It could not be inserted.
    Failed(Arc<[Reason]>),
}

impl Outcome {
    /// Skipped for one reason.
    pub fn skipped(reason: Reason) -> Outcome {
        Outcome::Skipped([reason].into())
    }

    /// Failed for one reason.
    pub fn failed(reason: Reason) -> Outcome {
        Outcome::Failed([reason].into())
    }

    /// How much memory it takes, in bytes. The columns of an update do not count: rows share them.
    pub fn size(&self) -> usize {
        let more = match self {
            Outcome::Unchanged | Outcome::Updated(_) => 0,
            Outcome::Skipped(reasons) | Outcome::Failed(reasons) => {
                reasons.iter().map(Reason::size).sum()
            }
        };
        size_of::<Outcome>() + more
    }
}
