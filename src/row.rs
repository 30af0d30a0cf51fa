//! A row on its way: as given, typed, and what became of it. Every module knows these types, and none of the others.

mod given;
mod outcome;
mod reason;
mod typed;

pub use given::{Batch, Defect, EXTRA, Header, LINE, Notation, REASON, Record, offset};
pub use outcome::Outcome;
pub use reason::{Reason, Reasons};
pub use typed::{Rows, Value};
