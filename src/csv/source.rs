//! Where the rows of a table come from.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Dialect, Problem, Reader};
use crate::platform::{self, Identity};
use crate::schema::Table;

/// Where the rows of a table come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The rows that the schema embeds.
    Seed,
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl Source {
    /// The file of a table in a folder: its CSV file or, if there is none, that file compressed. `None` if the folder
    /// has neither.
    ///
    /// # Errors
    ///
    /// If it has both.
    pub fn in_folder(folder: &Path, table: &Table) -> Result<Option<Source>, Problem> {
        let plain = folder.join(table.csv());
        let name = format!("{}.gz", table.csv());
        let compressed = folder.join(&name);
        // A link to nothing is there, but cannot be opened.
        let is_there = |path: &Path| {
            let found = path.symlink_metadata();
            !found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        match (is_there(&plain), is_there(&compressed)) {
            (true, true) => Err(Problem::Both(name)),
            (true, false) => Ok(Some(Source::File(plain))),
            (false, true) => Ok(Some(Source::File(compressed))),
            (false, false) => Ok(None),
        }
    }

    /// What it is called in messages.
    pub fn name(&self, table: &Table) -> PathBuf {
        match self {
            Source::Seed => Path::new("seed").join(table.csv()),
            Source::File(path) => path.clone(),
            Source::Stdin => "standard input".into(),
        }
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Source::File(path) => Some(path),
            Source::Seed | Source::Stdin => None,
        }
    }

    /// Which file it is, if it is one.
    pub fn identity(&self) -> Option<Identity> {
        match self {
            Source::Seed => None,
            Source::File(path) => platform::identity(path).ok(),
            Source::Stdin => platform::identity_of_stdin().ok(),
        }
    }

    /// Whether it can be read again from its beginning, as far as is known before it is opened.
    pub fn is_rereadable(&self) -> bool {
        match self {
            Source::Seed => true,
            Source::File(path) => path.metadata().is_ok_and(|found| found.is_file()),
            Source::Stdin => false,
        }
    }

    /// Opens it and reads the header. Embedded rows are always in the default dialect.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or if its header is not that of the table.
    pub fn open(&self, table: &'static Table, dialect: &Dialect) -> Result<Reader, Problem> {
        let (input, size): (Box<dyn Read + Send>, _) = match self {
            Source::Seed => {
                let seed = Box::new(table.seed.as_bytes());
                return Reader::new(table, seed, &Dialect::default());
            }
            Source::File(path) => {
                let file = File::open(path)?;
                let metadata = file.metadata()?;
                let size = metadata.is_file().then_some(metadata.len());
                (Box::new(file), size)
            }
            Source::Stdin => (Box::new(io::stdin()), None),
        };
        let position = Arc::new(AtomicU64::new(0));
        let counted = Box::new(Counted {
            input,
            position: Arc::clone(&position),
        });
        let mut reader = Reader::new(table, counted, dialect)?;
        reader.size = size;
        reader.bytes_read = Some(position);
        Ok(reader)
    }
}

/// Counts the bytes that are read, compressed or not.
struct Counted {
    input: Box<dyn Read + Send>,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
