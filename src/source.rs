//! Where rows come from: CSV text (RFC 4180), embedded or in files, read record by record.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv_core::ReadRecordResult;

use crate::record::{Batch, Header, REASON};
use crate::schema::Table;

/// How much of a file is read at once, in bytes.
const BUFFER: usize = 128 * 1024;

/// From how many bytes or fields on a record is taken to have no end, as where a file is no CSV at all. SQLite takes no
/// row of more than 1,000,000,000 bytes (<https://www.sqlite.org/limits.html>).
const MOST_BYTES: usize = 1 << 30;
const MOST_FIELDS: usize = 1 << 24;

/// Where the rows of all tables come from.
#[derive(Debug)]
pub enum Source<'a> {
    /// The rows that the schema embeds.
    Seed,
    /// A folder with a CSV file per table.
    Folder(&'a Path),
}

impl Source<'_> {
    /// What the CSV file of a table is called in messages.
    pub fn path(&self, table: &Table) -> PathBuf {
        match self {
            Source::Seed => Path::new("seed").join(table.csv()),
            Source::Folder(folder) => folder.join(table.csv()),
        }
    }

    /// Opens the records of a table; `None` if there is no file for it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or if its header is not that of the table.
    pub fn open(&self, table: &Table) -> Result<Option<Reader>, Problem> {
        let Source::Folder(_) = self else {
            let seed = table.seed.as_bytes();
            return Reader::new(table, Box::new(seed)).map(Some);
        };
        let path = self.path(table);
        // A link to nothing is there, but cannot be opened.
        if let Err(error) = path.symlink_metadata()
            && error.kind() == io::ErrorKind::NotFound
        {
            return Ok(None);
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let mut reader = Reader::new(table, Box::new(file))?;
        reader.size = metadata.is_file().then_some(metadata.len());
        Ok(Some(reader))
    }
}

/// What can be wrong with a CSV file as a whole. Reads as a sentence after the name of the file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is no header.
    #[error("is empty: expected a header with the columns {expected}")]
    Empty {
        /// The columns of the table.
        expected: String,
    },
    /// The header does not name the columns of the table.
    #[error("has other columns in its header: {differences} (expected {expected})")]
    Columns {
        /// All that differs.
        differences: String,
        /// The columns of the table.
        expected: String,
    },
    /// The file cannot be read.
    #[error("could not be read: {0}")]
    Read(#[from] io::Error),
}

/// A file behind a buffer; the first few bytes have been looked at.
type Input = BufReader<io::Chain<Cursor<Vec<u8>>, Box<dyn Read>>>;

/// The line where a record starts, its fields one after another, and where each of them ends.
type RawRecord<'a> = (u64, &'a [u8], &'a [usize]);

/// Reads the records of one CSV file.
pub struct Reader {
    /// How many bytes the file has, if that is known.
    pub size: Option<u64>,
    /// How many bytes have been read.
    pub position: u64,
    input: Input,
    parser: csv_core::Reader,
    header: Arc<Header>,
    /// The line of the next byte, and whether the byte before it was a carriage return: a line feed then ends no other.
    line: u64,
    after_cr: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Reader {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// If there is none, if it does not have exactly the table's columns (a column `reason` beside them is ignored),
    /// or if reading fails.
    pub fn new(table: &Table, input: Box<dyn Read>) -> Result<Reader, Problem> {
        let mut reader = Reader {
            size: None,
            position: 0,
            input: skip_byte_order_mark(input)?,
            parser: csv_core::Reader::new(),
            header: Arc::new(Header::of(table)),
            line: 1,
            after_cr: false,
            text: vec![0; 4096],
            ends: vec![0; 64],
        };
        let expected = table.column_names();
        let Some((_, text, ends)) = reader.read_record()? else {
            return Err(Problem::Empty { expected });
        };
        let mut start = 0;
        let names: Vec<_> = (ends.iter())
            .map(|end| String::from_utf8_lossy(&text[std::mem::replace(&mut start, *end)..*end]))
            .collect();
        reader.header = parse_header(table, &names)
            .map(Arc::new)
            .map_err(|differences| Problem::Columns {
                differences,
                expected,
            })?;
        Ok(reader)
    }

    /// The columns of the file.
    pub fn header(&self) -> Arc<Header> {
        Arc::clone(&self.header)
    }

    /// Appends the next record to a batch of this reader's header; `false` if there is none.
    ///
    /// # Errors
    ///
    /// If reading fails. Whatever the bytes are, they are a record.
    pub fn read(&mut self, batch: &mut Batch) -> io::Result<bool> {
        let Some((line, text, ends)) = self.read_record()? else {
            return Ok(false);
        };
        batch.push(line, text, ends);
        Ok(true)
    }

    /// The next record, the header included.
    fn read_record(&mut self) -> io::Result<Option<RawRecord<'_>>> {
        self.skip_line_ends()?;
        let line = self.line;
        let (mut text, mut ends) = (0, 0);
        loop {
            let input = fill(&mut self.input)?;
            let (result, read, wrote, ended) =
                self.parser
                    .read_record(input, &mut self.text[text..], &mut self.ends[ends..]);
            self.line += count_line_ends(&input[..read], &mut self.after_cr);
            self.input.consume(read);
            self.position += read as u64;
            text += wrote;
            ends += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.text.len() < MOST_BYTES => {
                    self.text.resize(2 * self.text.len(), 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < MOST_FIELDS => {
                    self.ends.resize(2 * self.ends.len(), 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    let endless = format!("the record on line {line} has no end");
                    return Err(io::Error::other(endless));
                }
                ReadRecordResult::Record => {
                    return Ok(Some((line, &self.text[..text], &self.ends[..ends])));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Skips what is left of the line end before, and blank lines. The parser would skip them too, but not count
    /// them before it says where the record starts.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        while let Some(next @ (b'\r' | b'\n')) = fill(&mut self.input)?.first().copied() {
            self.line += count_line_ends(&[next], &mut self.after_cr);
            self.input.consume(1);
            self.position += 1;
        }
        Ok(())
    }
}

/// Skips the byte order mark at the start of a file. The parser would too, but not where the first read ends within it.
fn skip_byte_order_mark(mut input: Box<dyn Read>) -> io::Result<Input> {
    let mut start = Vec::new();
    input.by_ref().take(3).read_to_end(&mut start)?;
    if start == "\u{feff}".as_bytes() {
        start.clear();
    }
    Ok(BufReader::with_capacity(
        BUFFER,
        Cursor::new(start).chain(input),
    ))
}

/// What is in the buffer, filled again where it is empty; nothing at the end of the file.
fn fill(input: &mut Input) -> io::Result<&[u8]> {
    while input.buffer().is_empty() {
        match input.fill_buf() {
            Ok([]) => break,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(input.buffer())
}

/// Counts the lines that end in these bytes: `\n`, `\r\n` and `\r` each end one.
fn count_line_ends(bytes: &[u8], after_cr: &mut bool) -> u64 {
    let count = |end| bytes.iter().filter(|byte| **byte == end).count();
    let line_feeds = count(b'\n');
    let continued = usize::from(*after_cr && bytes.first() == Some(&b'\n'));
    let returns = count(b'\r');
    let pairs = match returns {
        0 => 0,
        _ => bytes.windows(2).filter(|pair| pair == b"\r\n").count(),
    };
    *after_cr = bytes.last() == Some(&b'\r') || (bytes.is_empty() && *after_cr);
    (line_feeds + returns - pairs - continued) as u64
}

/// Maps the names of a header to the columns of the table, or says all that differs.
fn parse_header(table: &Table, names: &[impl AsRef<str>]) -> Result<Header, String> {
    let mut header = Header {
        names: Vec::new(),
        columns: vec![usize::MAX; table.columns.len()],
        reason: None,
    };
    let mut differences: Vec<String> = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let name = name.as_ref();
        if names[..place]
            .iter()
            .any(|earlier| earlier.as_ref() == name)
        {
            differences.push(format!("column {name:?} is repeated"));
        } else if name == REASON {
            header.reason = Some(place);
        } else if let Some(column) = table.columns.iter().position(|c| c.name == name) {
            header.columns[column] = header.names.len();
            header.names.push(table.columns[column].name);
        } else {
            differences.push(format!("column {name:?} is unknown"));
        }
    }
    for column in table.columns {
        if !header.names.contains(&column.name) {
            differences.push(format!("column {:?} is missing", column.name));
        }
    }
    match differences.is_empty() {
        true => Ok(header),
        false => Err(differences.join(", ")),
    }
}

#[cfg(test)]
mod tests;
