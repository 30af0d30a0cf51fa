//! The records that were not stored, written to a CSV file to be mended and loaded again.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv::{ByteRecord, Writer, WriterBuilder};

use crate::record::{Header, REASON, Record};
use crate::schema::Table;

/// The rejects of one table.
#[derive(Debug)]
pub struct Rejects {
    path: PathBuf,
    header: Arc<Header>,
    /// The file, once there is something to write.
    file: Option<Writer<File>>,
    line: ByteRecord,
}

impl Rejects {
    /// Rejects that will be written to the file of a table in a folder, under the columns that its records have.
    pub fn new(folder: &Path, table: &Table, header: Arc<Header>) -> Rejects {
        Rejects {
            path: folder.join(table.csv()),
            header,
            file: None,
            line: ByteRecord::new(),
        }
    }

    /// Writes a record as given, and its reasons behind the last column. The first record creates the file.
    ///
    /// # Errors
    ///
    /// If a file is there already, or if writing fails.
    pub fn write(&mut self, record: Record, reasons: &str) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            empty => {
                let mut file = WriterBuilder::new()
                    .flexible(true)
                    .from_writer(File::create_new(&self.path)?);
                file.write_record(self.header.names.iter().copied().chain([REASON]))?;
                empty.insert(file)
            }
        };
        self.line.clear();
        self.line.extend(record.fields());
        while self.line.len() < self.header.names.len() {
            self.line.push_field(b"");
        }
        self.line.push_field(reasons.as_bytes());
        Ok(file.write_byte_record(&self.line)?)
    }

    /// Writes what is still in memory.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn finish(self) -> io::Result<()> {
        match self.file {
            Some(mut file) => file.flush(),
            None => Ok(()),
        }
    }
}
