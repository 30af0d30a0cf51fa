//! Keys as they are compared: the values of their columns in one sequence of bytes, equal where SQLite takes the values
//! for equal.

use super::{OwnedValue, Value};
use crate::schema::Collation;

/// What a component of an encoded key begins with. Sorted by their bytes, keys come roughly in the order of SQLite.
const NUMBER: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;

/// The key of a row, or what a row refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'a> {
    /// A single whole number.
    Integer(i64),
    /// Values that were [encoded](encode).
    Encoded(&'a [u8]),
}

/// One key for each of many rows, where it has one.
#[derive(Debug)]
pub enum Keys {
    /// Whole numbers.
    Integers(Vec<Option<i64>>),
    /// Encoded values.
    Encoded {
        /// The keys, one after another. A row without a key has nothing there.
        bytes: Vec<u8>,
        /// Where each of them ends.
        ends: Vec<u32>,
    },
}

impl Keys {
    /// No encoded keys yet.
    pub fn encoded() -> Keys {
        let (bytes, ends) = (Vec::new(), Vec::new());
        Keys::Encoded { bytes, ends }
    }

    /// Adds the key of the next row, given the values of its columns; none if one of them is NULL.
    pub fn push<'v>(&mut self, values: impl IntoIterator<Item = Value<'v>>) {
        match self {
            Keys::Integers(integers) => {
                integers.push(values.into_iter().next().and_then(Value::integer));
            }
            Keys::Encoded { bytes, ends } => {
                let start = bytes.len();
                if !encode(values, bytes) {
                    bytes.truncate(start);
                }
                ends.push(super::offset(bytes.len()));
            }
        }
    }

    /// Adds all values of the next row as its key, NULL or not.
    pub fn push_all<'v>(&mut self, values: impl IntoIterator<Item = Value<'v>>) {
        if let Keys::Encoded { bytes, ends } = self {
            for value in values {
                // Nothing that is encoded begins like this.
                if !encode([value], bytes) {
                    bytes.push(0);
                }
            }
            ends.push(super::offset(bytes.len()));
        }
    }

    /// The key of the row at this position, if it has one.
    pub fn get(&self, position: usize) -> Option<Key<'_>> {
        match self {
            Keys::Integers(integers) => integers.get(position)?.map(Key::Integer),
            Keys::Encoded { bytes, ends } => {
                let end = *ends.get(position)? as usize;
                let start = position
                    .checked_sub(1)
                    .map_or(0, |before| ends[before] as usize);
                Some(&bytes[start..end])
                    .filter(|key| !key.is_empty())
                    .map(Key::Encoded)
            }
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Keys::Integers(integers) => integers.len(),
            Keys::Encoded { ends, .. } => ends.len(),
        }
    }

    /// How much memory they take, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Keys::Integers(integers) => size_of_val(integers.as_slice()),
            Keys::Encoded { bytes, ends } => bytes.len() + size_of_val(ends.as_slice()),
        }
    }
}

impl<'a> Key<'a> {
    /// The encoded key. If it was not encoded yet, it is encoded into the buffer.
    pub fn bytes<'b>(&self, buffer: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Key::Encoded(bytes) => bytes,
            Key::Integer(integer) => {
                buffer.clear();
                push_integer(buffer, *integer);
                buffer
            }
        }
    }

    /// The value of its column, if that is a single whole number.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Key::Integer(integer) => Some(*integer),
            Key::Encoded(_) => match self.values()[..] {
                [OwnedValue::Integer(integer)] => Some(integer),
                _ => None,
            },
        }
    }

    /// The values of its columns.
    pub fn values(&self) -> Vec<OwnedValue> {
        match self {
            Key::Integer(integer) => vec![OwnedValue::Integer(*integer)],
            Key::Encoded(bytes) => decode(bytes),
        }
    }
}

/// Appends values to a text so that two rows have the same bytes if SQLite takes all their values for equal, apart from
/// how texts are collated. Returns `false` if one of them is NULL, which is equal to nothing.
pub fn encode<'v>(values: impl IntoIterator<Item = Value<'v>>, bytes: &mut Vec<u8>) -> bool {
    for value in values {
        match value {
            Value::Null => return false,
            Value::Integer(integer) => push_integer(bytes, integer),
            // Equal numbers are equal, whatever they are stored as.
            Value::Real(real) => match whole(real) {
                Some(integer) => push_integer(bytes, integer),
                None => {
                    bytes.push(REAL);
                    bytes.extend(real.to_bits().to_be_bytes());
                }
            },
            Value::Text(text) => push_text(bytes, TEXT, text),
            Value::Blob(blob) => push_text(bytes, BLOB, blob),
        }
    }
    true
}

/// The whole number that a real number is equal to, if there is one.
pub fn whole(real: f64) -> Option<i64> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    ((-BOUND..BOUND).contains(&real) && real.trunc() == real).then_some(real as i64)
}

fn push_integer(bytes: &mut Vec<u8>, integer: i64) {
    bytes.push(NUMBER);
    // With the sign turned around, negative numbers sort before positive ones.
    bytes.extend((integer as u64 ^ (1 << 63)).to_be_bytes());
}

/// A text ends with two NULs; one NUL within it is followed by a byte of ones.
fn push_text(bytes: &mut Vec<u8>, tag: u8, text: &[u8]) {
    bytes.push(tag);
    if text.contains(&0) {
        for byte in text {
            bytes.push(*byte);
            bytes.extend((*byte == 0).then_some(0xff));
        }
    } else {
        bytes.extend_from_slice(text);
    }
    bytes.extend([0, 0]);
}

/// The values of an encoded key.
fn decode(bytes: &[u8]) -> Vec<OwnedValue> {
    let mut values = Vec::new();
    each_component(bytes, |tag, payload| {
        let number = || u64::from_be_bytes(payload.try_into().unwrap_or_default());
        values.push(match tag {
            NUMBER => OwnedValue::Integer((number() ^ (1 << 63)) as i64),
            REAL => OwnedValue::Real(f64::from_bits(number())),
            TEXT => OwnedValue::Text(unescaped(payload)),
            _ => OwnedValue::Blob(unescaped(payload)),
        });
    });
    values
}

fn unescaped(payload: &[u8]) -> Box<[u8]> {
    let mut after_nul = false;
    let bytes = payload.iter().copied().filter(|byte| {
        let is_mark = after_nul;
        after_nul = *byte == 0 && !is_mark;
        !is_mark
    });
    bytes.collect()
}

/// Calls `each` with the tag and the payload of each component, texts still escaped and without their ends.
fn each_component(mut bytes: &[u8], mut each: impl FnMut(u8, &[u8])) {
    while let Some((tag, rest)) = bytes.split_first() {
        let (length, end) = match *tag {
            NUMBER | REAL => (8.min(rest.len()), 0),
            _ => (text_length(rest), 2),
        };
        each(*tag, &rest[..length]);
        bytes = rest.get(length + end..).unwrap_or_default();
    }
}

fn text_length(bytes: &[u8]) -> usize {
    let mut index = 0;
    while index < bytes.len() {
        match (bytes[index], bytes.get(index + 1)) {
            (0, Some(0xff)) => index += 2,
            (0, _) => break,
            _ => index += 1,
        }
    }
    index
}

/// An encoded key as these collations compare it: what they take for equal has the same bytes.
pub fn fold<'a>(bytes: &'a [u8], collations: &[Collation], buffer: &'a mut Vec<u8>) -> &'a [u8] {
    if collations
        .iter()
        .all(|collation| *collation == Collation::Binary)
    {
        return bytes;
    }
    buffer.clear();
    let mut collations = collations.iter();
    each_component(bytes, |tag, payload| {
        buffer.push(tag);
        match (tag, collations.next()) {
            (TEXT, Some(Collation::NoCase)) => {
                buffer.extend(payload.iter().map(u8::to_ascii_lowercase));
            }
            (TEXT, Some(Collation::RTrim)) => {
                let end = payload.iter().rposition(|byte| *byte != b' ');
                buffer.extend_from_slice(&payload[..end.map_or(0, |end| end + 1)]);
            }
            _ => buffer.extend_from_slice(payload),
        }
        if matches!(tag, TEXT | BLOB) {
            buffer.extend([0, 0]);
        }
    });
    buffer
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(values: &[Value]) -> Vec<u8> {
        let mut bytes = Vec::new();
        assert!(encode(values.iter().copied(), &mut bytes));
        bytes
    }

    #[test]
    fn equal_numbers_have_one_encoding() {
        assert_eq!(encoded(&[Value::Integer(1)]), encoded(&[Value::Real(1.0)]));
        assert_ne!(encoded(&[Value::Integer(1)]), encoded(&[Value::Real(1.5)]));
        assert_ne!(encoded(&[Value::Integer(1)]), encoded(&[Value::Text(b"1")]));
    }

    #[test]
    fn null_has_no_encoding() {
        assert!(!encode([Value::Integer(1), Value::Null], &mut Vec::new()));
    }

    #[test]
    fn a_text_that_contains_the_end_of_another_is_told_apart() {
        let texts = |texts: &[&'static [u8]]| {
            encoded(
                &texts
                    .iter()
                    .map(|text| Value::Text(text))
                    .collect::<Vec<_>>(),
            )
        };
        assert_ne!(texts(&[b"a\0", b"b"]), texts(&[b"a", b"\0b"]));
        assert_ne!(texts(&[b"a\0\0\x03b"]), texts(&[b"a", b"b"]));
    }

    #[test]
    fn folding_follows_the_collation_of_each_column() {
        let fold = |text: &[u8], collation| {
            let text = encoded(&[Value::Text(text), Value::Integer(0x41)]);
            fold(&text, &[collation, Collation::NoCase], &mut Vec::new()).to_vec()
        };
        assert_eq!(
            fold(b"aB", Collation::NoCase),
            fold(b"Ab", Collation::NoCase)
        );
        assert_eq!(fold(b"a  ", Collation::RTrim), fold(b"a", Collation::RTrim));
        assert_ne!(
            fold(b"a ", Collation::NoCase),
            fold(b"a", Collation::NoCase)
        );
        assert_ne!(fold(b"aB", Collation::RTrim), fold(b"Ab", Collation::RTrim));
    }

    proptest! {
        #[test]
        fn what_was_encoded_can_be_decoded(
            number in any::<i64>(),
            text in prop::collection::vec(prop_oneof![Just(0), Just(0xff), any::<u8>()], 0..9),
        ) {
            let values = [
                Value::Text(&text),
                Value::Integer(number),
                Value::Blob(&text),
                Value::Real(0.5),
            ];
            let decoded = Key::Encoded(&encoded(&values)).values();
            let decoded: Vec<_> = decoded.iter().map(OwnedValue::get).collect();
            prop_assert_eq!(decoded, values);
        }
    }
}
