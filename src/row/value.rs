//! The values of cells.

/// The value of one cell: as given (always [`Value::Text`] in a CSV file), typed, or stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number; finite once it follows the rules.
    Real(f64),
    /// Text; UTF-8 without NUL once it follows the rules.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

/// An owned value.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnedValue {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text.
    Text(Box<[u8]>),
    /// Bytes.
    Blob(Box<[u8]>),
}

/// The typed value of one cell of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// Not a valid value of its column's kind.
    Invalid,
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// The text of the cell, as given.
    Text,
    /// The bytes that the cell's digits stand for, in the batch's buffer for them: the start and the end.
    Blob(u32, u32),
    /// The default of the column, which the file does not have.
    Default,
}

impl Value<'_> {
    /// The whole number, if it is one.
    pub fn integer(self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// As a sentence quotes it: texts and bytes in quotes.
    pub fn quoted(self) -> String {
        match self {
            Value::Null => "NULL".to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
            Value::Blob(bytes) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
                format!("{digits:?}")
            }
        }
    }
}

impl OwnedValue {
    /// The value.
    pub fn get(&self) -> Value<'_> {
        match self {
            OwnedValue::Null => Value::Null,
            OwnedValue::Integer(number) => Value::Integer(*number),
            OwnedValue::Real(number) => Value::Real(*number),
            OwnedValue::Text(text) => Value::Text(text),
            OwnedValue::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

impl From<Value<'_>> for OwnedValue {
    fn from(value: Value) -> OwnedValue {
        match value {
            Value::Null => OwnedValue::Null,
            Value::Integer(number) => OwnedValue::Integer(number),
            Value::Real(number) => OwnedValue::Real(number),
            Value::Text(text) => OwnedValue::Text(text.into()),
            Value::Blob(bytes) => OwnedValue::Blob(bytes.into()),
        }
    }
}
