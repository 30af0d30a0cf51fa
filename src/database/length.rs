//! Whether a database file has all of its pages.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use super::location::beside;

/// The length of a header of a database (<https://www.sqlite.org/fileformat2.html#the_database_header>).
const HEADER: usize = 100;

/// Whether the open file of a database ends before the last page that its header counts, and its log does not have what
/// is missing. SQLite takes a page that is only partly there for a whole one.
pub fn is_cut(path: &Path, file: &File) -> io::Result<bool> {
    let mut seen = header(file)?;
    loop {
        let (header, length) = &seen;
        if !header.starts_with(b"SQLite format 3\0") {
            return Ok(false);
        }
        if header.len() == HEADER {
            // Programs that do not count the pages leave the number of the last change after which they were counted.
            let pages = u64::from(word(header, 28));
            let size = match u64::from(word(header, 16) >> 16) {
                1 => 0x10000,
                size => size,
            };
            if word(header, 24) != word(header, 92) || *length >= pages * size {
                return Ok(false);
            }
            // A checkpoint may still be running, or may have been cut short.
            let first = length.checked_div(size).unwrap_or_default() + 1;
            if log_has(path, first, pages, size)? {
                return Ok(false);
            }
        }
        let now = self::header(file)?;
        if seen == now {
            return Ok(true);
        }
        seen = now;
    }
}

/// The header of a file, and the length of the file.
fn header(mut file: &File) -> io::Result<(Vec<u8>, u64)> {
    let mut header = Vec::new();
    file.rewind()?;
    file.take(HEADER as u64).read_to_end(&mut header)?;
    Ok((header, file.seek(SeekFrom::End(0))?))
}

/// Whether the log of a database has all pages from one to another
/// (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>).
fn log_has(path: &Path, first: u64, last: u64, size: u64) -> io::Result<bool> {
    let log = match File::open(beside(path, "-wal")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        log => log?,
    };
    let most = log.metadata()?.len() / (size + 24);
    if last - first >= most {
        return Ok(false);
    }
    let mut missing: HashSet<u64> = (first..=last).collect();
    let mut log = BufReader::new(log);
    let (mut header, mut frame) = ([0; 32], [0; 24]);
    let mut read = log.read_exact(&mut header);
    while read.is_ok() && !missing.is_empty() {
        read = log.read_exact(&mut frame);
        // Frames left over from before the log started again have other salts.
        if read.is_err() || frame[8..16] != header[16..24] {
            break;
        }
        missing.remove(&u64::from(word(&frame, 0)));
        read = log.seek_relative(size as i64);
    }
    Ok(missing.is_empty())
}

/// The number in the four bytes from here on, big-endian.
fn word(bytes: &[u8], from: usize) -> u32 {
    let word = bytes.get(from..).and_then(|bytes| bytes.first_chunk());
    word.map_or(0, |word| u32::from_be_bytes(*word))
}
