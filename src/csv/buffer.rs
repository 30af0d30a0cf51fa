//! Bytes read ahead.

use std::io::{self, Read};

/// The bytes of a file that have been read and not been consumed yet. It grows for as long as they are not consumed,
/// and shrinks again.
pub struct Buffer {
    input: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// The smallest size in bytes.
    least: usize,
    /// A size in bytes that it reaches before it grows further.
    stop: usize,
    ended: bool,
}

impl Buffer {
    /// An empty buffer of at least this many bytes. It grows to exactly `stop` bytes before it grows further.
    pub fn new(input: Box<dyn Read + Send>, least: usize, stop: usize) -> Buffer {
        Buffer {
            input,
            bytes: vec![0; least],
            start: 0,
            end: 0,
            least,
            stop,
            ended: false,
        }
    }

    /// What has been read and not been consumed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Whether the file has ended: there is nothing more to read.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Discards the first `count` bytes. The memory of a giant record is freed immediately, not only at the next read.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        self.start += count;
        if self.bytes.len() > self.least {
            self.shrink();
        }
    }

    /// Reads once; `false` if the file has ended. Whatever the input has available is enough: it does not wait for a
    /// pipe to fill the buffer.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn fill(&mut self) -> io::Result<bool> {
        self.make_room();
        while !self.ended {
            match self.input.read(&mut self.bytes[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(read) => {
                    self.end += read;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Moves the bytes to the front, and makes the buffer larger if they fill it.
    fn make_room(&mut self) {
        self.move_to_front();
        if self.end == self.bytes.len() {
            // Not doubled, so that a giant record takes little more memory than its size.
            let more = self.least.max(self.end / 4);
            let more = match self.stop.checked_sub(self.end) {
                Some(0) | None => more,
                Some(left) => more.min(left),
            };
            self.bytes.reserve_exact(more);
            self.bytes.resize(self.end + more, 0);
        }
    }

    /// Makes the buffer smaller if the bytes fill less than half of it.
    fn shrink(&mut self) {
        let left = self.end - self.start;
        if left < self.bytes.len() / 2 {
            self.move_to_front();
            self.bytes.truncate(self.least.max(left));
            self.bytes.shrink_to_fit();
        }
    }

    fn move_to_front(&mut self) {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_the_size_where_an_open_quote_is_given_up_and_no_further() {
        let mut buffer = Buffer::new(Box::new(io::repeat(b'x')), 16, 1000);
        while buffer.bytes().len() < 1000 {
            assert!(buffer.fill().unwrap());
        }
        assert_eq!((buffer.bytes.len(), buffer.bytes.capacity()), (1000, 1000));
        assert!(buffer.fill().unwrap());
        assert_eq!(buffer.bytes().len(), 1250);
    }

    #[test]
    fn it_grows_for_what_is_not_consumed_and_shrinks_again() {
        let mut buffer = Buffer::new(Box::new(io::repeat(b'x')), 16, 4096);
        while buffer.bytes().len() < 1000 {
            assert!(buffer.fill().unwrap());
        }
        assert!((1000..1250).contains(&buffer.bytes.len()));
        buffer.consume(buffer.bytes().len() - 5);
        assert_eq!((buffer.bytes().len(), buffer.bytes.len()), (5, 16));
        assert!(buffer.bytes.capacity() < 1000);
        assert!(buffer.fill().unwrap());
        assert_eq!(buffer.bytes().len(), 16);
    }
}
