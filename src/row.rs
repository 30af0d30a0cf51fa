//! The stages of a row: as given, typed, and its outcome. The other modules share these types, and need not know each
//! other.

mod given;
mod key;
mod outcome;
mod reason;
mod typed;
mod value;

pub use given::{Batch, Defect, EXTRA, Header, LINE, Notation, REASON, Record, offset};
pub use key::{Key, Keys, encode, fold, whole};
pub use outcome::Outcome;
pub use reason::{KeyOwner, Reason, Reasons};
pub use typed::{KeptValues, ParentKeys, RowId, RowSource, RowView, Rows, in_brackets};
pub use value::{Cell, OwnedValue, Value};
