//! The text of a cell becomes a value of its column's kind.

use crate::row::{Cell, Value, offset, whole};
use crate::schema::Kind;

/// The typed value of a cell that is not NULL, or [`Cell::Invalid`]. Appends the bytes of a blob to `blobs`. With
/// `trusted`, texts are known to be UTF-8 without NUL. `decimal` separates the decimals of numbers.
// It is called for every cell, and most are of the first two kinds.
#[inline(always)]
pub fn parse(kind: Kind, text: &[u8], decimal: char, trusted: bool, blobs: &mut Vec<u8>) -> Cell {
    if kind == Kind::Text {
        return if trusted || is_text(text) {
            Cell::Text
        } else {
            Cell::Invalid
        };
    }
    if kind == Kind::Integer
        && let Some(number) = plain_integer(text)
    {
        return Cell::Integer(number);
    }
    parse_other(kind, text, decimal, blobs)
}

fn parse_other(kind: Kind, text: &[u8], decimal: char, blobs: &mut Vec<u8>) -> Cell {
    let Ok(text) = str::from_utf8(text) else {
        return Cell::Invalid;
    };
    let valid = |is_valid: bool| if is_valid { Cell::Text } else { Cell::Invalid };
    let cell = match kind {
        Kind::Integer => integer(text).map(Cell::Integer),
        Kind::Boolean => boolean(text).map(|truth| Cell::Integer(truth.into())),
        Kind::Real => number(text, decimal).map(Cell::Real),
        Kind::Numeric => numeric(text, decimal),
        Kind::Date => match integer(text) {
            Some(number) => Some(Cell::Integer(number)),
            None => Some(valid(is_date(text))),
        },
        Kind::DateTime => match integer(text) {
            Some(number) => Some(Cell::Integer(number)),
            None => Some(valid(is_date_time(text))),
        },
        Kind::Time => Some(valid(is_time(text))),
        Kind::Blob => blob(text, blobs),
        Kind::NumericText if !is_text(text.as_bytes()) => None,
        // As SQLite does, which takes no notice of white space around a number.
        Kind::NumericText => {
            let bare = text.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
            Some(like_number(bare).unwrap_or(Cell::Text))
        }
        Kind::Text => None,
    };
    cell.unwrap_or(Cell::Invalid)
}

/// The typed value of a stored value that is not NULL, or [`Cell::Invalid`].
pub fn typed(kind: Kind, value: Value, blobs: &mut Vec<u8>) -> Cell {
    match (kind, value) {
        (Kind::Integer | Kind::Date | Kind::DateTime | Kind::Numeric, Value::Integer(number)) => {
            Cell::Integer(number)
        }
        (Kind::Boolean, Value::Integer(number @ (0 | 1))) => Cell::Integer(number),
        (Kind::Real | Kind::Numeric, Value::Real(number)) if number.is_finite() => {
            Cell::Real(number)
        }
        (Kind::Real, Value::Integer(number)) => Cell::Real(number as f64),
        (Kind::Text | Kind::NumericText, Value::Text(text)) if is_text(text) => Cell::Text,
        (Kind::NumericText, Value::Integer(number)) => Cell::Integer(number),
        (Kind::NumericText, Value::Real(number)) => Cell::Real(number),
        (Kind::Date | Kind::DateTime | Kind::Time, Value::Text(text)) => {
            match parse(kind, text, '.', false, blobs) {
                // A number that is stored as text is not a date.
                Cell::Integer(_) => Cell::Invalid,
                cell => cell,
            }
        }
        (Kind::Blob, Value::Blob(bytes)) => push_blob(blobs, bytes.iter().copied()),
        _ => Cell::Invalid,
    }
}

/// Whether bytes are UTF-8 without NUL.
pub fn is_text(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok() && !bytes.contains(&0)
}

/// Whether a cell that is not of its kind is a number all the same, but out of its range.
pub fn is_out_of_range(kind: Kind, text: &str, decimal: char) -> bool {
    match kind {
        Kind::Integer => is_digits(text.strip_prefix(['+', '-']).unwrap_or(text)),
        // `inf` and `NaN` are numbers for `f64`, but have no digits.
        Kind::Real | Kind::Numeric => {
            text.contains(|c: char| c.is_ascii_digit()) && float(text, decimal).is_some()
        }
        _ => false,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A whole number of digits alone, and so few that it is in range: most are, and this is quicker than the general way.
fn plain_integer(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    let mut number = 0;
    for byte in text {
        match byte {
            b'0'..=b'9' => number = number * 10 + i64::from(byte - b'0'),
            _ => return None,
        }
    }
    Some(number)
}

fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn boolean(text: &str) -> Option<bool> {
    let is = |spellings: &[&str]| {
        let mut spellings = spellings.iter();
        spellings.any(|spelling| spelling.eq_ignore_ascii_case(text))
    };
    if is(&["1", "true", "t", "yes", "y"]) {
        Some(true)
    } else {
        is(&["0", "false", "f", "no", "n"]).then_some(false)
    }
}

/// A number that `f64` can hold, given what separates its decimals: finite, and 0 only if all of its digits are.
fn number(text: &str, decimal: char) -> Option<f64> {
    let number = float(text, decimal)?;
    let digits = || {
        text.bytes()
            .take_while(|byte| !byte.eq_ignore_ascii_case(&b'e'))
    };
    let is_zero = || !digits().any(|digit| matches!(digit, b'1'..=b'9'));
    (number.is_finite() && (number != 0.0 || is_zero())).then_some(number)
}

/// What `f64` makes of a text, given what separates its decimals.
fn float(text: &str, decimal: char) -> Option<f64> {
    if decimal == '.' {
        return text.parse().ok();
    }
    let with_point = (!text.contains('.')).then(|| text.replace(decimal, "."))?;
    with_point.parse().ok()
}

/// A number as SQLite stores it in a column of NUMERIC affinity: as a whole number where that is exact
/// (<https://www.sqlite.org/datatype3.html#type_affinity>).
fn numeric(text: &str, decimal: char) -> Option<Cell> {
    if let Some(number) = integer(text) {
        return Some(Cell::Integer(number));
    }
    Some(whole_if_exact(number(text, decimal)?))
}

/// What SQLite makes of a text that it takes for a number, however large or small.
fn like_number(text: &str) -> Option<Cell> {
    let is_number = |text: &&str| text.bytes().any(|byte| byte.is_ascii_digit());
    let number = || Some(text).filter(is_number)?.parse().ok();
    integer(text)
        .map(Cell::Integer)
        .or_else(|| number().map(whole_if_exact))
}

fn whole_if_exact(number: f64) -> Cell {
    // Excludes the smallest and the largest integer, which SQLite treats as the result of rounding.
    let exact = whole(number).filter(|whole| *whole > i64::MIN && *whole < i64::MAX);
    exact.map_or(Cell::Real(number), Cell::Integer)
}

/// An even number of hexadecimal digits, bare or as SQL or PostgreSQL (<https://www.postgresql.org/docs/current/datatype-binary.html>)
/// writes them.
fn blob(text: &str, blobs: &mut Vec<u8>) -> Option<Cell> {
    let quoted = text
        .strip_prefix(['X', 'x'])
        .and_then(|text| text.strip_prefix('\''));
    let digits = match quoted {
        Some(quoted) => quoted.strip_suffix('\'')?,
        None => text.strip_prefix("\\x").unwrap_or(text),
    };
    let digits: Option<Vec<_>> = digits.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let bytes = digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8);
    Some(push_blob(blobs, bytes))
}

fn push_blob(blobs: &mut Vec<u8>, bytes: impl Iterator<Item = u8>) -> Cell {
    let start = offset(blobs.len());
    blobs.extend(bytes);
    Cell::Blob(start, offset(blobs.len()))
}

/// Whether this is a day that exists, like `2026-11-26`.
fn is_date(text: &str) -> bool {
    let [year, month, day] = match text.as_bytes() {
        [y @ .., b'-', m1, m2, b'-', d1, d2] if y.len() == 4 => {
            [number_of(y), number_of(&[*m1, *m2]), number_of(&[*d1, *d2])]
        }
        _ => return false,
    };
    let (Some(year), Some(month), Some(day)) = (year, month, day) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether this is a date, or a date and a time of day, maybe with a zone.
fn is_date_time(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else {
        return false;
    };
    let Some(time) = rest.strip_prefix(['T', ' ']) else {
        return rest.is_empty() && is_date(date);
    };
    let digits = |c: char| c.is_ascii_digit() || c == ':' || c == '.';
    let end = time.find(|c| !digits(c)).unwrap_or(time.len());
    let (time, zone) = time.split_at(end);
    let zone = zone
        .strip_prefix(' ')
        .filter(|zone| !zone.is_empty())
        .unwrap_or(zone);
    is_date(date) && is_time(time) && (zone.is_empty() || is_zone(zone))
}

/// Whether this is a time of day: `12:30`, `12:30:05`, or that with a fraction.
fn is_time(text: &str) -> bool {
    let mut parts = text.split(':');
    let below = |part: Option<&str>, end: u32| {
        part.is_some_and(|part| {
            part.len() == 2 && number_of(part.as_bytes()).is_some_and(|number| number < end)
        })
    };
    if !below(parts.next(), 24) || !below(parts.next(), 60) {
        return false;
    }
    let Some(seconds) = parts.next() else {
        return true;
    };
    let (whole, fraction) = match seconds.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (seconds, None),
    };
    below(Some(whole), 60) && fraction.is_none_or(is_digits) && parts.next().is_none()
}

/// Whether this is a time zone: `Z`, `UTC`, `+01:00`, `+0100` or `+01`.
fn is_zone(text: &str) -> bool {
    let Some(offset) = text.strip_prefix(['+', '-']) else {
        return matches!(text, "Z" | "UTC");
    };
    let (hours, minutes) = match offset.len() {
        2 => (offset, ""),
        _ if !offset.is_char_boundary(2) || offset.len() < 2 => return false,
        _ => offset.split_at(2),
    };
    let minutes = minutes
        .strip_prefix(':')
        .filter(|rest| !rest.is_empty())
        .unwrap_or(minutes);
    let below = |part: &str, end| {
        part.len() == 2 && number_of(part.as_bytes()).is_some_and(|number| number < end)
    };
    below(hours, 24) && (minutes.is_empty() || below(minutes, 60))
}

fn number_of(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u32::from(digit - b'0'))
    })
}
