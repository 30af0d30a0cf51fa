//! A row on its way: as given, typed, and what became of it. Every station knows these types, and none of the others.

mod given;
mod outcome;
mod tally;
mod typed;

pub use given::{Batch, Defect, EXTRA, Header, LINE, REASON, Record, offset};
pub use outcome::{Outcome, Reason};
pub use tally::{Excerpt, MOST_FIELDS, Rejected, Rejections, Tally};
pub use typed::{Rows, Value};
