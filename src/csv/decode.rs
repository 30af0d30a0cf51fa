//! What lies between a file and the reader: it may be compressed, and in another encoding. The reader gets UTF-8.

use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::bufread::GzDecoder;
use memchr::memchr_iter;

use super::{Problem, sniff};

/// How many bytes are read, and decoded, at once.
const CHUNK: usize = 64 * 1024;

/// A byte that no text in UTF-8 has. It stands for what cannot be decoded.
const INVALID: u8 = 0xff;

/// A file that can be read as UTF-8.
pub struct Decoded {
    /// Its text. What could not be decoded is not valid UTF-8 here either.
    pub input: Box<dyn Read + Send>,
    /// The name of the encoding it had.
    pub encoding: &'static str,
    /// Whether it began with a byte order mark.
    pub has_mark: bool,
    /// Whether its first bytes are UTF-8 with non-ASCII characters, although another encoding was given.
    pub seems_utf8: bool,
    /// Its first bytes before decoding, if it was decoded only because an encoding was given.
    pub start: Vec<u8>,
}

/// Finds out how a file is compressed and encoded, given the encoding it has if it has no byte order mark.
///
/// # Errors
///
/// If it is in another encoding, is not text, or cannot be read.
pub fn decode(
    input: Box<dyn Read + Send>,
    encoding: Option<&'static Encoding>,
) -> Result<Decoded, Problem> {
    let (mut start, mut input) = peek(input)?;
    if is_gzip(&start) {
        let decoder = GzDecoder::new(BufReader::with_capacity(CHUNK, input));
        (start, input) = peek(Box::new(Gzip(Some(decoder))))?;
    }
    if let Some(what) = sniff::binary(&start) {
        return Err(what);
    }
    let mark = Encoding::for_bom(&start).map(|(encoding, _)| encoding);
    let unmarked = sniff::utf16(&start);
    let actual = match (mark, encoding, unmarked) {
        // The advice differs from that for text without a mark: the label need not specify the byte order.
        (Some(mark), None, _) if mark != UTF_8 => return Err(Problem::Encoding(mark.name())),
        (Some(mark), ..) => mark,
        (None, Some(given), Some(found)) if given == found => given,
        (None, _, Some(found)) => return Err(Problem::Encoding(found.name())),
        (None, Some(given), None) if is_utf16(given) && !start.is_empty() => {
            return Err(Problem::NotEncoding(given.name()));
        }
        (None, given, None) => given.unwrap_or(UTF_8),
    };
    if actual != UTF_8 {
        input = Box::new(Transcoder::new(input, actual));
    }
    if actual == UTF_8 || is_utf16(actual) {
        start.clear();
    }
    Ok(Decoded {
        seems_utf8: seems_utf8(&start),
        start,
        input,
        encoding: actual.name(),
        has_mark: mark.is_some(),
    })
}

/// Whether this is the start of a gzip archive.
pub fn is_gzip(start: &[u8]) -> bool {
    start.starts_with(&[0x1f, 0x8b])
}

/// Whether a text in ASCII has the escape sequences of ISO-2022-JP.
pub fn is_iso_2022_jp(text: &[u8]) -> bool {
    let mut escapes = memchr_iter(b'\x1b', text);
    escapes.any(|at| matches!(text.get(at + 1..at + 3), Some(b"$B" | b"$@")))
}

/// Whether bytes, which may end within a character, are UTF-8 with more than ASCII.
pub fn seems_utf8(start: &[u8]) -> bool {
    let is_valid = match str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    is_valid && !start.is_ascii()
}

fn is_utf16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// The first bytes, and a reader that still begins with them. Does not wait for more than the first few bytes.
fn peek(mut input: Box<dyn Read + Send>) -> io::Result<(Vec<u8>, Box<dyn Read + Send>)> {
    const LEAST: usize = 4;
    const MOST: usize = 8 * 1024;

    let mut start = vec![0; MOST];
    let mut length = 0;
    while length < LEAST {
        match input.read(&mut start[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    start.truncate(length);
    let whole = Cursor::new(start.clone()).chain(input);
    Ok((start, Box::new(whole)))
}

/// Decompresses the members of an archive, one after another, and says in plain words what is wrong with it. Nothing is
/// left after the last one.
struct Gzip<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_damaged = |error: io::Error| match error.kind() {
            ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), "the gzip archive is cut short")
            }
            ErrorKind::InvalidInput | ErrorKind::InvalidData => io::Error::new(
                error.kind(),
                format!("the gzip archive is damaged: {error}"),
            ),
            _ => error,
        };
        while let Some(decoder) = &mut self.0 {
            let read = decoder.read(buffer).map_err(is_damaged)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let input = self.0.take().map(GzDecoder::into_inner);
            self.0 = input.map(next_member).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The decoder of the next member of an archive, if there is one. Tapes and some programs fill archives up with zeros.
fn next_member<R: BufRead>(mut input: R) -> io::Result<Option<GzDecoder<R>>> {
    loop {
        let bytes = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        match bytes.get(zeros) {
            None if bytes.is_empty() => return Ok(None),
            None => input.consume(zeros),
            Some(0x1f) => {
                input.consume(zeros);
                return Ok(Some(GzDecoder::new(input)));
            }
            Some(_) => {
                let what = "the gzip archive has other bytes after its end";
                return Err(io::Error::new(ErrorKind::InvalidData, what));
            }
        }
    }
}

/// Decodes text to UTF-8 while it is read.
struct Transcoder {
    input: Box<dyn Read + Send>,
    decoder: Decoder,
    /// Bytes that are not decoded yet.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    has_ended: bool,
    /// Text that has not been read yet, with room for one more byte.
    text: Vec<u8>,
    next: usize,
    length: usize,
    is_done: bool,
}

impl Transcoder {
    fn new(input: Box<dyn Read + Send>, encoding: &'static Encoding) -> Transcoder {
        Transcoder {
            input,
            decoder: encoding.new_decoder_with_bom_removal(),
            bytes: vec![0; CHUNK],
            start: 0,
            end: 0,
            has_ended: false,
            text: vec![0; CHUNK],
            next: 0,
            length: 0,
            is_done: false,
        }
    }

    /// Decodes what there is, and reads first if there is nothing.
    fn decode(&mut self) -> io::Result<()> {
        if self.start == self.end && !self.has_ended {
            self.start = 0;
            self.end = self.input.read(&mut self.bytes)?;
            self.has_ended = self.end == 0;
        }
        let bytes = &self.bytes[self.start..self.end];
        let room = self.text.len() - 1;
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
            bytes,
            &mut self.text[..room],
            self.has_ended,
        );
        self.start += read;
        (self.next, self.length) = (0, written);
        match result {
            DecoderResult::InputEmpty => self.is_done = self.has_ended,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                self.text[written] = INVALID;
                self.length += 1;
            }
        }
        Ok(())
    }
}

impl Read for Transcoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.next == self.length && !self.is_done {
            self.decode()?;
        }
        let text = &self.text[self.next..self.length];
        let length = text.len().min(buffer.len());
        buffer[..length].copy_from_slice(&text[..length]);
        self.next += length;
        Ok(length)
    }
}
