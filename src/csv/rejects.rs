//! The records that were not stored, written to a CSV file to be fixed and loaded again.
//!
//! They are written to `users.csv.partial` and renamed to `users.csv` at the end, so that a file of that name is always
//! whole and a killed run leaves nothing in the way of the next one. The partial file is locked while it is written:
//! two runs cannot mix their rejects.

mod prepare;

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Dialect;
use crate::platform;
use crate::row::{Header, REASON, Record};
use crate::schema::Table;

pub use prepare::prepare;

/// The rejects of one table.
#[derive(Debug)]
pub struct Rejects {
    path: PathBuf,
    overwrite: bool,
    delimiter: u8,
    header: Arc<Header>,
    /// The partial file, locked.
    file: BufWriter<File>,
    /// Whether there are any.
    any: bool,
    /// What ended the writing.
    failure: Option<io::Error>,
}

/// Why rejects cannot be written, or could not be. Reads as a sentence after the name of the file or folder.
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
    /// Another run writes rejects to the same folder.
    #[error("is being written by another run: choose another folder with --rejects")]
    Busy,
    /// The folder does not exist and cannot be created.
    #[error("could not be created: {0}")]
    NoFolder(io::Error),
    /// The file cannot be looked at.
    #[error("cannot be written: {0}")]
    NotWritable(io::Error),
    /// The partial file, whose name is given here, cannot be created.
    #[error("cannot be written: {1}: {0}")]
    NotCreated(io::Error, String),
    /// A file of that name was put there during the run. The rejects are in the file of the name given here.
    #[error(
        "appeared during the run and was left as it is: the rejects are in {0}, which the next run replaces"
    )]
    Appeared(String),
    /// The file of the name given here is gone, or another one.
    #[error("was not written: another program removed or replaced {0}")]
    Lost(String),
    /// There are no rejects, but those of an earlier run are still there.
    #[error("is of an earlier run and could not be removed: {0}")]
    NotRemoved(io::Error),
    /// Writing failed. The first of the rejects may be in the file of the name given here.
    #[error("could not be written: {0} (the first of the rejects may be in {1})")]
    Write(io::Error, String),
}

impl Rejects {
    /// Creates the partial file for the rejects of a table in a folder, whose records have this header. Files of
    /// earlier runs are replaced only if `overwrite`. See [`prepare()`] for what must hold beforehand.
    ///
    /// # Errors
    ///
    /// If it cannot be created, or if another run is writing it.
    pub fn create(
        folder: &Path,
        table: &Table,
        header: Arc<Header>,
        dialect: &Dialect,
        overwrite: bool,
    ) -> Result<Rejects, Failure> {
        let path = folder.join(table.csv());
        let created = create_partial(&partial(&path));
        let file = created.map_err(|error| match error.kind() {
            // It exists: another run created it first.
            io::ErrorKind::WouldBlock | io::ErrorKind::AlreadyExists => Failure::Busy,
            _ => Failure::NotCreated(error, partial_name(&path)),
        })?;
        Ok(Rejects {
            path,
            overwrite,
            delimiter: dialect.delimiter,
            header,
            file: BufWriter::new(file),
            any: false,
            failure: None,
        })
    }

    /// Where the rejects will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a record as given, and the reason behind its last field. After a failure, which [`Rejects::finish`]
    /// returns, nothing more is written.
    ///
    /// A record with too few or too many fields stays so, and one that could not be split stands whole in the first
    /// field: loaded again as they are, they would be rejected again.
    pub fn write(&mut self, record: Record, reason: &str) {
        if self.failure.is_none() {
            self.failure = self.try_to_write(record, reason).err();
        }
    }

    fn try_to_write(&mut self, record: Record, reason: &str) -> io::Result<()> {
        if !self.any {
            self.any = true;
            let names = self.header.given.iter().map(Vec::as_slice);
            let names = names.chain([REASON.as_bytes()]);
            // The first bytes of a file may look like those of one in another encoding.
            let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
            write_line(&mut self.file, self.delimiter, names, plain)?;
        }
        let fields = record.fields().chain([reason.as_bytes()]);
        write_line(&mut self.file, self.delimiter, fields, |_| true)
    }

    /// Puts the file in its place, if there are any. Call it once all outcomes have been written.
    ///
    /// Without rejects, the file of an earlier run that may be overwritten is removed: its rows seemed to be still
    /// rejected otherwise. Not so if the run is not `complete`, because the same rows might come up further on.
    ///
    /// # Errors
    ///
    /// If anything could not be written, if another program took the partial file away, or if a file of that name is
    /// there and must not be overwritten.
    pub fn finish(mut self, complete: bool) -> Result<(), Failure> {
        if self.any {
            self.put_in_place()
        } else if complete && self.overwrite {
            remove(&self.path).map_err(Failure::NotRemoved)
        } else {
            Ok(())
        }
    }

    fn put_in_place(&mut self) -> Result<(), Failure> {
        let (partial, name) = (partial(&self.path), partial_name(&self.path));
        if !leads_to(&partial, self.file.get_ref()) {
            return Err(Failure::Lost(name));
        }
        let written = match self.failure.take() {
            Some(error) => Err(error),
            // Some file systems report only when they sync that the disk is full.
            None => (self.file.flush()).and_then(|()| self.file.get_ref().sync_all()),
        };
        if !self.overwrite && written.is_ok() && self.path.symlink_metadata().is_ok() {
            return Err(Failure::Appeared(name));
        }
        // The partial file stays locked until it has its name: no other run takes it for a leftover.
        let put = written.and_then(|()| fs::rename(partial, &self.path));
        put.map_err(|error| Failure::Write(error, name))
    }
}

impl Drop for Rejects {
    fn drop(&mut self) {
        let partial = partial(&self.path);
        // What cannot be removed is empty, and in nobody's way.
        if !self.any && leads_to(&partial, self.file.get_ref()) {
            let _ = remove(&partial);
        }
    }
}

/// Creates a partial file and locks it. [`io::ErrorKind::WouldBlock`] or [`io::ErrorKind::AlreadyExists`] if another
/// run is writing it.
fn create_partial(path: &Path) -> io::Result<File> {
    let file = match File::create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match remove_leftover(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => File::create_new(path)?,
        },
        created => created?,
    };
    lock(path, &file)?;
    Ok(file)
}

/// Removes what a killed run left under the name of a partial file. It is not written to: it might be a link to
/// anything. [`io::ErrorKind::WouldBlock`] if another run is writing it.
fn remove_leftover(path: &Path) -> io::Result<()> {
    if !path.symlink_metadata()?.is_file() {
        return fs::remove_file(path);
    }
    let leftover = File::open(path)?;
    lock(path, &leftover)?;
    platform::remove_open(path)
}

/// Locks the file at a path; [`io::ErrorKind::WouldBlock`] if another process has locked it, or put another one there
/// before it could be locked. Where the file system knows no locks, nobody has.
fn lock(path: &Path, file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) | Err(TryLockError::Error(_)) if leads_to(path, file) => Ok(()),
        _ => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// Whether a path leads to this file.
fn leads_to(path: &Path, file: &File) -> bool {
    let (there, this) = (platform::identity(path), platform::identity_of(file));
    matches!((there, this), (Ok(there), Ok(this)) if there.file == this.file)
}

/// Writes fields, in quotes where they are needed to read the same bytes again, or where not all bytes are `plain`.
fn write_line<'a>(
    file: &mut impl Write,
    delimiter: u8,
    fields: impl Iterator<Item = &'a [u8]>,
    plain: impl Fn(u8) -> bool,
) -> io::Result<()> {
    let is_plain =
        |byte: &u8| !matches!(byte, b'"' | b'\n' | b'\r') && *byte != delimiter && plain(*byte);
    for (index, field) in fields.enumerate() {
        if index > 0 {
            file.write_all(&[delimiter])?;
        }
        match field.iter().all(is_plain) {
            true => file.write_all(field)?,
            false => write_quoted(file, field)?,
        }
    }
    file.write_all(b"\n")
}

fn write_quoted(file: &mut impl Write, field: &[u8]) -> io::Result<()> {
    for (index, part) in field.split(|byte| *byte == b'"').enumerate() {
        file.write_all(if index == 0 { b"\"" } else { b"\"\"" })?;
        file.write_all(part)?;
    }
    file.write_all(b"\"")
}

/// Removes a file if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The name under which rejects are written before they are put in place: `users.csv.partial`.
fn partial(path: &Path) -> PathBuf {
    path.with_extension("csv.partial")
}

/// The same without its folder, for messages.
fn partial_name(path: &Path) -> String {
    let partial = partial(path);
    let name = partial.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
