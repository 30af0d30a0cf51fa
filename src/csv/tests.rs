//! CSV text in and out. What holds for any text is in `properties.rs`.

mod dialects;
mod header;
mod properties;
mod reader;
mod rejects;
mod source;

use std::io::{Cursor, Read};

use super::reader::Limits;
use super::*;
use crate::row::Batch;
use crate::schema::TABLES;

/// A record: the line where it starts, its fields without the `reason`, and what is wrong with its quotes.
type Fields = (u64, Vec<Vec<u8>>, Option<Defect>);

/// A file that is read in pieces of at most this many bytes.
struct Pieces(Cursor<Vec<u8>>, usize);

impl Pieces {
    fn of(text: &[u8], piece: usize) -> Pieces {
        Pieces(Cursor::new(text.to_vec()), piece)
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

/// The default dialect with another delimiter.
fn separated_by(delimiter: u8) -> Dialect {
    Dialect {
        delimiter: Some(delimiter),
        ..Dialect::default()
    }
}

/// The default dialect, with or without trimming of cells.
fn trimming(trim: bool) -> Dialect {
    Dialect {
        notation: Notation {
            trim,
            ..Notation::default()
        },
        ..Dialect::default()
    }
}

/// Limits with another size of the buffer.
fn buffer_of(buffer: usize) -> Limits {
    Limits {
        buffer,
        ..Limits::USUAL
    }
}

/// Reads users.
fn read_with(
    input: impl Read + Send + 'static,
    dialect: &Dialect,
    limits: Limits,
) -> Result<Vec<Fields>, String> {
    let mut reader = Reader::with(TABLES[0], Box::new(input), dialect, limits)
        .map_err(|problem| problem.to_string())?;
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).map_err(|error| error.to_string())? {}
    let fields = |record: crate::row::Record| record.fields().map(<[u8]>::to_vec).collect();
    let records = batch.records();
    Ok(records
        .map(|record| (record.line, fields(record), record.defect))
        .collect())
}

/// Reads users from text in pieces of this many bytes, into a buffer of the same size.
fn read(text: &[u8], piece: usize) -> Result<Vec<Fields>, String> {
    let dialect = Dialect::default();
    read_with(Pieces::of(text, piece), &dialect, buffer_of(piece))
}

/// Why a file with this text cannot be used.
fn problem(text: impl AsRef<[u8]>) -> String {
    read(text.as_ref(), 8192).unwrap_err()
}
