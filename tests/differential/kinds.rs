//! The kinds of values, written from their description and not from the program: what a declared type demands of a
//! cell, and what SQLite gets to store.

use rusqlite::types::Value;

/// What a cell of a column must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Whole,
    Boolean,
    Date,
    DateTime,
    Time,
    Text,
    Number,
    Blob,
}

/// What is wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Kind,
    Range,
    Nul,
    Utf8,
}

impl Kind {
    /// The kind of a declared type.
    pub fn of(declared: &str) -> Kind {
        let declared = declared.to_ascii_uppercase();
        let contains = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        let first = declared
            .split([' ', '('])
            .next()
            .expect("split returns at least one part");
        if ["ENUM", "INTERVAL", "POINT", "POLYGON"].contains(&first) {
            Kind::Text
        } else if contains(&["INT", "SERIAL"]) {
            Kind::Whole
        } else if contains(&["BOOL"]) {
            Kind::Boolean
        } else if declared == "DATE" {
            Kind::Date
        } else if declared.starts_with("DATETIME") || declared.starts_with("TIMESTAMP") {
            Kind::DateTime
        } else if declared == "TIME" {
            Kind::Time
        } else if contains(&["CHAR", "CLOB", "TEXT"]) {
            Kind::Text
        } else if contains(&["REAL", "FLOA", "DOUB", "NUM", "DEC"]) {
            Kind::Number
        } else if contains(&["BLOB", "BINARY", "BYTEA"]) {
            Kind::Blob
        } else {
            Kind::Text
        }
    }

    /// What the reason calls it.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Whole => "a whole number",
            Kind::Boolean => "a boolean",
            Kind::Date => "a date",
            Kind::DateTime => "a date and time",
            Kind::Time => "a time",
            Kind::Text => "text",
            Kind::Number => "a number",
            Kind::Blob => "hexadecimal",
        }
    }

    /// The value that SQLite gets for a cell. An empty cell is NULL.
    pub fn value(self, cell: &str) -> Result<Value, Fault> {
        if cell.is_empty() {
            return Ok(Value::Null);
        }
        if cell.contains(super::schema::NOT_UTF8) {
            return Err(Fault::Utf8);
        }
        if cell.contains('\0') {
            return Err(Fault::Nul);
        }
        let text = |fits| {
            if fits {
                Ok(Value::Text(cell.to_owned()))
            } else {
                Err(Fault::Kind)
            }
        };
        match self {
            Kind::Whole => whole(cell),
            Kind::Boolean => match cell.to_ascii_lowercase().as_str() {
                "1" | "true" | "t" | "yes" | "y" => Ok(Value::Integer(1)),
                "0" | "false" | "f" | "no" | "n" => Ok(Value::Integer(0)),
                _ => Err(Fault::Kind),
            },
            Kind::Date | Kind::DateTime if is_whole(cell) => whole(cell),
            Kind::Date => text(is_date(cell)),
            Kind::DateTime => text(is_date_time(cell)),
            Kind::Time => text(is_time(cell)),
            Kind::Text => text(true),
            Kind::Number => number(cell),
            Kind::Blob => blob(cell),
        }
    }
}

/// The declared type of the plain table: `TEXT` where SQLite would turn texts into numbers.
pub fn stored_type(declared: &str) -> &str {
    let upper = declared.to_ascii_uppercase();
    let contains = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    let is_numeric =
        contains(&["INT"]) || !(contains(&["CHAR", "CLOB", "TEXT", "BLOB"]) || upper.is_empty());
    if Kind::of(declared) == Kind::Text && is_numeric {
        "TEXT"
    } else {
        declared
    }
}

fn is_whole(cell: &str) -> bool {
    let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn whole(cell: &str) -> Result<Value, Fault> {
    if !is_whole(cell) {
        return Err(Fault::Kind);
    }
    cell.parse().map(Value::Integer).map_err(|_| Fault::Range)
}

fn number(cell: &str) -> Result<Value, Fault> {
    if let Ok(whole) = whole(cell) {
        return Ok(whole);
    }
    let number: f64 = cell.parse().map_err(|_| Fault::Kind)?;
    let digits = cell.split(['e', 'E']).next().unwrap_or(cell);
    let is_nonzero = digits.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if !cell.bytes().any(|byte| byte.is_ascii_digit()) {
        Err(Fault::Kind) // `inf`, `NaN`
    } else if number.is_infinite() || number == 0.0 && is_nonzero {
        Err(Fault::Range)
    } else {
        Ok(Value::Real(number))
    }
}

fn blob(cell: &str) -> Result<Value, Fault> {
    let quoted = cell.strip_prefix(['X', 'x']).and_then(|rest| {
        let rest = rest.strip_prefix('\'')?;
        rest.strip_suffix('\'')
    });
    let digits = quoted.unwrap_or(cell).as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        Some((digit(0)? * 16 + digit(1)?) as u8)
    });
    pairs
        .collect::<Option<Vec<_>>>()
        .map(Value::Blob)
        .ok_or(Fault::Kind)
}

/// Whether a text has this shape, in which `9` stands for a digit.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, shape)| {
            if shape == b'9' {
                byte.is_ascii_digit()
            } else {
                byte == shape
            }
        })
}

fn digits(text: &str) -> u32 {
    text.parse().expect("digits")
}

fn is_date(cell: &str) -> bool {
    if !has_shape(cell, "9999-99-99") {
        return false;
    }
    let (year, month, day) = (digits(&cell[..4]), digits(&cell[5..7]), digits(&cell[8..]));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

fn is_time(cell: &str) -> bool {
    let (clock, fraction) = match cell.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (cell, None),
    };
    let with_seconds = has_shape(clock, "99:99:99");
    let fraction_fits = fraction.is_none_or(|fraction| {
        with_seconds && !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())
    });
    let shape_fits = with_seconds || has_shape(clock, "99:99");
    shape_fits
        && fraction_fits
        && digits(&clock[..2]) < 24
        && digits(&clock[3..5]) < 60
        && (!with_seconds || digits(&clock[6..]) < 60)
}

fn is_date_time(cell: &str) -> bool {
    if is_date(cell) {
        return true;
    }
    let (Some(date), Some(separator), Some(rest)) =
        (cell.get(..10), cell.get(10..11), cell.get(11..))
    else {
        return false;
    };
    let end = rest.find(['Z', 'U', '+', '-', ' ']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(end);
    let zone = zone
        .strip_prefix(' ')
        .map_or_else(|| Some(zone), |zone| (!zone.is_empty()).then_some(zone));
    is_date(date) && ["T", " "].contains(&separator) && is_time(time) && zone.is_some_and(is_zone)
}

fn is_zone(zone: &str) -> bool {
    let shapes = ["99:99", "9999", "99"];
    let offset = zone.strip_prefix(['+', '-']);
    ["", "Z", "UTC"].contains(&zone)
        || offset.is_some_and(|offset| shapes.iter().any(|shape| has_shape(offset, shape)))
}

#[test]
fn kinds_follow_the_declared_type() {
    let kinds = [
        ("BIGINT", Kind::Whole),
        ("serial", Kind::Whole),
        ("POINT", Kind::Text),
        ("INTERVAL", Kind::Text),
        ("Boolean", Kind::Boolean),
        ("date", Kind::Date),
        ("TIMESTAMP WITH TIME ZONE", Kind::DateTime),
        ("time", Kind::Time),
        ("varchar(20)", Kind::Text),
        ("DECIMAL(10, 2)", Kind::Number),
        ("VARBINARY(16)", Kind::Blob),
        ("UUID", Kind::Text),
        ("", Kind::Text),
    ];
    for (declared, kind) in kinds {
        assert_eq!(Kind::of(declared), kind, "{declared}");
    }
    let stored = ["", "TEXT", "UUID", "INTERVAL", "DATE"].map(stored_type);
    assert_eq!(stored, ["", "TEXT", "TEXT", "TEXT", "DATE"]);
}

#[test]
fn cells_become_values_of_their_kind() {
    let text = |text: &str| Ok(Value::Text(text.into()));
    let cases = [
        (Kind::Whole, "+007", Ok(Value::Integer(7))),
        (Kind::Whole, "1.0", Err(Fault::Kind)),
        (Kind::Whole, "9223372036854775808", Err(Fault::Range)),
        (Kind::Boolean, "Yes", Ok(Value::Integer(1))),
        (Kind::Boolean, "2", Err(Fault::Kind)),
        (Kind::Date, "2024-02-29", text("2024-02-29")),
        (Kind::Date, "2023-02-29", Err(Fault::Kind)),
        (Kind::Date, "17", Ok(Value::Integer(17))),
        (
            Kind::DateTime,
            "2024-02-29T12:30:05.25+01:00",
            text("2024-02-29T12:30:05.25+01:00"),
        ),
        (
            Kind::DateTime,
            "2024-02-29 12:30 UTC",
            text("2024-02-29 12:30 UTC"),
        ),
        (Kind::DateTime, "2024-02-29 24:30", Err(Fault::Kind)),
        (Kind::Time, "12:30", text("12:30")),
        (Kind::Time, "12:30Z", Err(Fault::Kind)),
        (Kind::Number, "1e2", Ok(Value::Real(100.0))),
        (Kind::Number, "12", Ok(Value::Integer(12))),
        (Kind::Number, "1e-400", Err(Fault::Range)),
        (Kind::Number, "NaN", Err(Fault::Kind)),
        (Kind::Blob, "X'00fF'", Ok(Value::Blob(vec![0, 255]))),
        (Kind::Blob, "0ff", Err(Fault::Kind)),
        (Kind::Text, "a\0b", Err(Fault::Nul)),
        (Kind::Text, " ", text(" ")),
        (Kind::Time, "", Ok(Value::Null)),
    ];
    for (kind, cell, value) in cases {
        assert_eq!(kind.value(cell), value, "{kind:?} {cell:?}");
    }
}
