//! Cells that would be read differently with another option.

use crate::row::{Notation, Reason};
use crate::schema::Kind;

/// How cells may be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Misread {
    /// A comma separates the decimals of a number.
    DecimalComma,
    /// White space around a cell is no part of it.
    Padding,
    /// It refers to an id that was assigned during the load.
    MadeUpId,
}

impl Misread {
    /// How a cell may be meant, given the reason why it was refused and how the file was read.
    pub fn of(reason: &Reason, notation: &Notation) -> Option<Misread> {
        let (kind, cell) = match reason {
            Reason::WrongKind(_, kind, cell) => (kind, cell),
            Reason::Missing { made_up: true, .. } => return Some(Misread::MadeUpId),
            _ => return None,
        };
        let cell = cell.trim_matches('"');
        let is_number = matches!(kind, Kind::Real | Kind::Numeric);
        if !notation.trim && cell.trim() != cell && !cell.trim().is_empty() {
            Some(Misread::Padding)
        } else if is_number && notation.decimal == '.' && has_decimal_comma(cell.trim()) {
            Some(Misread::DecimalComma)
        } else {
            None
        }
    }

    /// What to do about it, to stand after the name of the file, given
    /// [how rows are put right](crate::row::Header::put_right).
    pub fn sentence(self, again: &str) -> String {
        match self {
            Misread::DecimalComma => {
                format!(
                    "has numbers with a decimal comma: add --decimal , if all its numbers have one, or correct these ({again})"
                )
            }
            Misread::MadeUpId => {
                "has rows that refer to ids that SQLite may have assigned to other rows during this load: \
                 replace them with the current ids of the rows they were meant to refer to before you load them again"
                    .to_string()
            }
            Misread::Padding => {
                format!(
                    "has cells with white space around them: add --trim if it is no part of them ({again})"
                )
            }
        }
    }
}

/// Whether it is a number with a decimal comma, and not one with a comma between thousands.
fn has_decimal_comma(cell: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    cell.trim_start_matches(['+', '-'])
        .split_once(',')
        .is_some_and(|(whole, part)| is_digits(whole) && is_digits(part) && part.len() != 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, cell: &str) -> Option<Misread> {
        let cell = format!("{cell:?}").into();
        Misread::of(
            &Reason::WrongKind("price", kind, cell),
            &Notation::default(),
        )
    }

    #[test]
    fn a_decimal_comma_is_told_from_one_between_thousands() {
        for cell in ["29,90", "-0,5", "1,2345"] {
            assert_eq!(of(Kind::Real, cell), Some(Misread::DecimalComma), "{cell}");
        }
        for cell in ["1,000", "1,2,3", ",5", "5,", "a,b", "$5"] {
            assert_eq!(of(Kind::Real, cell), None, "{cell}");
        }
        assert_eq!(of(Kind::Integer, "29,90"), None);
    }

    #[test]
    fn padding_is_seen_around_cells_of_any_kind() {
        assert_eq!(of(Kind::Integer, "  7"), Some(Misread::Padding));
        assert_eq!(of(Kind::Date, "2026-11-27 "), Some(Misread::Padding));
        assert_eq!(of(Kind::Integer, " "), None);
    }

    #[test]
    fn nothing_is_said_of_an_option_that_is_given() {
        let notation = Notation {
            trim: true,
            decimal: ',',
            ..Notation::default()
        };
        for cell in ["\"29,90\"", "\" 7\""] {
            let reason = Reason::WrongKind("price", Kind::Real, cell.into());
            assert_eq!(Misread::of(&reason, &notation), None, "{cell}");
        }
    }
}
