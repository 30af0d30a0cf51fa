//! The records that were not stored, written to a CSV file to be fixed and loaded again.
//!
//! They are written to a temporary file such as `users.csv.x1Y2z3.partial` and put in place as `users.csv` at the end, so
//! that a file of that name is always complete, and what a killed run leaves does not get in the way.

mod prepare;

use std::fmt::Display;
use std::fs;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::{NamedTempFile, PersistError};

use super::reader::BYTE_ORDER_MARK;
use super::split::NULL;
use super::{Dialect, header};
use crate::platform;
use crate::row::{Header, Record};
use crate::schema::Table;

pub use prepare::{in_the_way, prepare};

/// The rejects of one table.
#[derive(Debug)]
pub struct Rejects {
    path: PathBuf,
    overwrite: bool,
    format: Format,
    header: Arc<Header>,
    /// The name of the column that is added.
    reason: String,
    /// The temporary file. It is deleted when this is dropped, unless there are rejects.
    file: BufWriter<NamedTempFile>,
    /// Whether there are any.
    any: bool,
    /// The error that stopped writing.
    failure: Option<io::Error>,
}

/// Why rejects cannot or could not be written. The message is meant to follow the name of the file or folder.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file of that name is there.
    #[error(
        "already exists: move it away, replace it with --overwrite, or choose another folder with --rejects"
    )]
    Exists,
    /// Something else is there under that name.
    #[error("is not a regular file: move it away, or choose another folder with --rejects")]
    NoFile,
    /// The rows come from it.
    #[error("is being read by this run: choose another folder with --rejects")]
    Read,
    /// The folder does not exist and cannot be created.
    #[error("could not be created: {0}")]
    NoFolder(io::Error),
    /// The file cannot be looked at, or the temporary one cannot be created.
    #[error("cannot be written: {0}")]
    NotWritable(io::Error),
    /// A file of that name was put there during the run. The rejects are in the file of the name given here.
    #[error(
        "appeared during the run and was left as it is: the rejects are in the same folder, in {0}"
    )]
    Appeared(String),
    /// The temporary file is gone.
    #[error("was not written: another program removed {0}")]
    Lost(String),
    /// The rejects are whole, in the file of the name given here.
    #[error("could not be put in place: {0}: the rejects are in the same folder, in {1}")]
    NotPut(io::Error, String),
    /// The file is in place, but may be gone after a power cut.
    #[error("is written, but its folder could not be synced to the disk: {0}")]
    NotSynced(io::Error),
    /// There are no rejects, but those of an earlier run are still there.
    #[error("is from an earlier run and could not be removed: {0}")]
    NotRemoved(io::Error),
    /// Writing failed. The first of the rejects may be in the file of the name given here.
    #[error(
        "could not be written: {0} (the first of the rejects may be in the same folder, in {1})"
    )]
    Write(io::Error, String),
}

impl Rejects {
    /// Creates a temporary file for the rejects of a table in a folder, whose records have this header. Files of
    /// earlier runs are replaced only if `overwrite`. See [`prepare()`] for what must hold beforehand.
    ///
    /// # Errors
    ///
    /// If it cannot be created.
    pub fn create(
        folder: &Path,
        table: &Table,
        header: Arc<Header>,
        dialect: &Dialect,
        overwrite: bool,
    ) -> Result<Rejects, Failure> {
        let path = folder.join(table.csv());
        let file = platform::temporary_file(folder, &format!("{}.", table.csv()), ".partial")
            .map_err(Failure::NotWritable)?;
        Ok(Rejects {
            path,
            overwrite,
            format: Format {
                delimiter: dialect.separator(),
                escapes: dialect.notation.backslash_escapes,
            },
            header,
            reason: header::reason_name(table, dialect),
            file: BufWriter::new(file),
            any: false,
            failure: None,
        })
    }

    /// Where the rejects will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a record as given, with the reason after its last field. After a failure, which [`Rejects::finish`]
    /// returns, nothing more is written.
    ///
    /// A record with too few or too many fields keeps that number, and one that could not be split is written as a
    /// single first field. So both are rejected again if they are loaded unchanged.
    pub fn write(&mut self, record: Record, reason: impl Display) {
        if self.failure.is_none() {
            self.failure = self.try_to_write(record, reason).err();
        }
    }

    fn try_to_write(&mut self, record: Record, reason: impl Display) -> io::Result<()> {
        if !self.any {
            self.any = true;
            // From now on it stays, whatever happens, until it is put in place.
            self.file.get_mut().disable_cleanup(true);
            self.file.write_all(&self.header.preamble)?;
            let names = self.header.given.iter().map(Vec::as_slice);
            let names = names.chain([self.reason.as_bytes()]);
            // The first bytes of a file may look like those of one in another encoding.
            let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
            for (index, name) in names.enumerate() {
                if index > 0 {
                    self.file.write_all(&[self.format.delimiter])?;
                }
                self.format.write_field(&mut self.file, name, plain)?;
            }
            self.file.write_all(b"\n")?;
        }
        for (index, (field, is_null)) in record.fields_and_nulls().enumerate() {
            // Where a record begins, the reader passes over a byte order mark outside quotes.
            let has_mark = index == 0 && field.starts_with(BYTE_ORDER_MARK);
            if is_null {
                self.file.write_all(NULL)?;
            } else {
                self.format
                    .write_field(&mut self.file, field, |_| !has_mark)?;
            }
            self.file.write_all(&[self.format.delimiter])?;
        }
        self.format.write_text(&mut self.file, reason)?;
        self.file.write_all(b"\n")
    }

    /// Removes what was written.
    pub fn discard(mut self) {
        self.file.get_mut().disable_cleanup(false);
    }

    /// Puts the file in its place, if there are any rejects. Call this once all outcomes have been written.
    ///
    /// If there are no rejects, an earlier run's file that may be overwritten is removed; otherwise its rows would
    /// still seem to be rejected. It is kept if the run is not `complete`, because the unread rest might contain the
    /// same rows.
    ///
    /// # Errors
    ///
    /// If anything could not be written or synced, or if a file of that name is there and must not be overwritten.
    pub fn finish(self, complete: bool) -> Result<(), Failure> {
        let path = self.path.clone();
        if self.any {
            self.put_in_place()?;
        } else if complete && self.overwrite {
            remove(&path).map_err(Failure::NotRemoved)?;
        } else {
            return Ok(());
        }
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        platform::sync_folder(folder.unwrap_or(Path::new("."))).map_err(Failure::NotSynced)
    }

    fn put_in_place(mut self) -> Result<(), Failure> {
        let name = self.file.get_ref().path().file_name().unwrap_or_default();
        let name = name.display().to_string();
        let written = match self.failure.take() {
            Some(error) => Err(error),
            // Some file systems report a full disk only when they sync.
            None => (self.file.flush()).and_then(|()| self.file.get_ref().as_file().sync_all()),
        };
        let (file, _) = self.file.into_parts();
        if let Err(error) = written {
            return Err(Failure::Write(error, name));
        }
        let put = if self.overwrite {
            file.persist(&self.path)
        } else {
            persist_anywhere(file, &self.path)
        };
        match put.map_err(|failed| failed.error) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::Appeared(name)),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Failure::Lost(name)),
            Err(error) => Err(Failure::NotPut(error, name)),
        }
    }
}

/// Moves a file to a path where there is none, even on file systems that support neither renaming without overwriting
/// nor hard links.
fn persist_anywhere(file: NamedTempFile, path: &Path) -> Result<fs::File, PersistError> {
    file.persist_noclobber(path).or_else(|failed| {
        let there = path.symlink_metadata();
        if there.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            failed.file.persist(path)
        } else {
            Err(failed)
        }
    })
}

/// How fields are written.
#[derive(Debug, Clone, Copy)]
struct Format {
    delimiter: u8,
    /// Whether a backslash escapes the character after it.
    escapes: bool,
}

impl Format {
    /// Writes a field, in quotes where they are needed to read the same bytes again, or where not all bytes are `plain`.
    fn write_field(
        self,
        file: &mut impl Write,
        field: &[u8],
        plain: impl Fn(u8) -> bool,
    ) -> io::Result<()> {
        if field
            .iter()
            .all(|byte| !self.needs_quotes(*byte) && plain(*byte))
        {
            return file.write_all(field);
        }
        file.write_all(b"\"")?;
        self.escaped(file).write_all(field)?;
        file.write_all(b"\"")
    }

    /// The same for a text that may be too long to be held in memory.
    fn write_text(self, file: &mut impl Write, text: impl Display) -> io::Result<()> {
        let mut scan = Scan {
            format: self,
            found: false,
        };
        write!(scan, "{text}")?;
        if !scan.found {
            return write!(file, "{text}");
        }
        file.write_all(b"\"")?;
        write!(self.escaped(file), "{text}")?;
        file.write_all(b"\"")
    }

    fn needs_quotes(self, byte: u8) -> bool {
        byte == self.delimiter
            || matches!(byte, b'"' | b'\n' | b'\r')
            || self.escapes && byte == b'\\'
    }

    fn escaped<W: Write>(self, file: &mut W) -> Doubled<'_, W> {
        Doubled {
            file,
            escapes: self.escapes,
        }
    }
}

/// Finds out whether what is written to it needs quotes.
struct Scan {
    format: Format,
    found: bool,
}

impl Write for Scan {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.found |= (bytes.iter()).any(|byte| self.format.needs_quotes(*byte));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Doubles the quotes in what is written to it, and the backslashes where they escape.
struct Doubled<'a, W> {
    file: &'a mut W,
    escapes: bool,
}

impl<W: Write> Write for Doubled<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_special = |byte: &u8| *byte == b'"' || self.escapes && *byte == b'\\';
        for part in bytes.split_inclusive(is_special) {
            self.file.write_all(part)?;
            if let Some(last) = part.last().filter(|last| is_special(last)) {
                self.file.write_all(&[*last])?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Removes a file if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
