//! Bytes that arrive in order: a path or standard input (`-`), as `ByteSource` in
//! `updater/src/platform.ts`.

mod file;

use std::io::{self, ErrorKind, Read};

use super::Failure;
use super::failure::reason;

/// The largest piece that is handed over at once.
pub const PIECE: usize = 1 << 20;

/// An open source. Dropping it closes it.
pub struct Source {
    name: String,
    size: Option<u64>,
    taken: u64,
    stream: Box<dyn Read>,
    ranges: Option<Box<dyn Ranges>>,
}

/// Any part of a source, again and again.
trait Ranges {
    /// Fills `into` from `offset`.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Failure>;
}

impl Source {
    /// Opens a path or `-`. Fails with `SOURCE_NOT_FOUND` or `SOURCE_IO`.
    pub fn open(location: &str) -> Result<Self, Failure> {
        if location == "-" {
            file::standard_input()
        } else {
            file::open(location)
        }
    }

    fn new(
        name: &str,
        size: Option<u64>,
        stream: Box<dyn Read>,
        ranges: Option<Box<dyn Ranges>>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            size,
            taken: 0,
            stream,
            ranges,
        }
    }

    /// How messages name it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whole length in bytes, when it is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether [`Self::read_at`] works.
    pub fn has_ranges(&self) -> bool {
        self.ranges.is_some()
    }

    /// Fills as much of `into` as there is and returns how much; 0 at the end. Fails with
    /// `SOURCE_SHORT` when the source ends before its size, else with `SOURCE_IO`.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
        let filled =
            fill(&mut *self.stream, into).map_err(|error| unreadable(&self.name, &error))?;
        self.taken += filled as u64;
        match self.size {
            Some(size) if filled == 0 && !into.is_empty() && self.taken < size => {
                let message = format!(
                    "Cannot read {}: it ended after {} bytes of {size}",
                    self.name, self.taken
                );
                Err(Failure::new("SOURCE_SHORT", message).hint("Try again; nothing was lost."))
            }
            _ => Ok(filled),
        }
    }

    /// Fills `into` from `offset`, independently of [`Self::read`].
    pub fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Failure> {
        match &self.ranges {
            Some(ranges) => ranges.read_at(offset, into),
            None => {
                let message = format!(
                    "Cannot read {} at {offset}: it only comes in order",
                    self.name
                );
                Err(Failure::new("SOURCE_IO", message))
            }
        }
    }
}

/// Fills as much of `into` as there is, and returns how much.
fn fill(stream: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match stream.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::new(
        "SOURCE_IO",
        format!("Cannot read {name}: {}", reason(error)),
    )
}
