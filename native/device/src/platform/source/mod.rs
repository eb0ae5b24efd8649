//! Bytes that arrive in order: a path, standard input (`-`) or an `http://` URL (`ByteSource` in
//! `updater/src/platform.ts`). TLS is left out: DESIGN.md says why.

mod file;
mod http;

use core::time::Duration;
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
    /// How the stream ended before its time, if it did.
    cut: Option<String>,
    stream: Box<dyn Read>,
    ranges: Option<Box<dyn Ranges>>,
}

/// Any part of a source, again and again.
trait Ranges {
    /// Fills `into` from `offset`.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Failure>;
}

impl Source {
    /// Opens `location`. Fails with `SOURCE_NOT_FOUND`, `SOURCE_UNREACHABLE`, `SOURCE_STATUS`, `SOURCE_UNSUPPORTED` or
    /// `SOURCE_IO`.
    pub fn open(location: &str) -> Result<Self, Failure> {
        Self::open_with(location, http::SILENCE_LIMIT)
    }

    /// The same; a server that sends nothing for as long as `silence` counts as gone.
    pub fn open_with(location: &str, silence: Duration) -> Result<Self, Failure> {
        match location.split_once("://") {
            _ if location == "-" => file::standard_input(),
            Some(("http", _)) => http::open(location, silence),
            Some((scheme, _)) => Err(Failure::new(
                "SOURCE_UNSUPPORTED",
                format!("Cannot open {location}: a device fetches by http, and this is {scheme}"),
            )
            .hint("Give an http:// URL, a path, or - for standard input. Images are signed, so http is safe.")),
            None => file::open(location),
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
            cut: None,
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

    /// Fills as much of `into` as there is and returns how much; 0 at the end. Fails with `SOURCE_SHORT` when the
    /// source ends before its size or its framing says so, else with `SOURCE_IO`.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
        let mut filled = 0;
        if self.cut.is_none() {
            (filled, self.cut) = fill(&mut *self.stream, into, self.size)
                .map_err(|error| unreadable(&self.name, &error))?;
        }
        self.taken += filled as u64;
        if filled == 0
            && !into.is_empty()
            && (self.cut.is_some() || self.size.is_some_and(|size| self.taken < size))
        {
            let how = self.cut.as_deref().unwrap_or(ending(self.size));
            return Err(short(&self.name, how, self.taken, self.size));
        }
        Ok(filled)
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

/// Fills as much of `into` as there is. Returns how much, and how the stream ended before its time, if it did.
fn fill(
    stream: &mut dyn Read,
    into: &mut [u8],
    size: Option<u64>,
) -> io::Result<(usize, Option<String>)> {
    let mut filled = 0;
    while filled < into.len() {
        match stream.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                return Ok((filled, Some(reason(&error))));
            }
            Err(error) if is_broken_off(&error) => {
                return Ok((filled, Some(ending(size).to_owned())));
            }
            Err(error) => return Err(error),
        }
    }
    Ok((filled, None))
}

/// A source that was over after `taken` bytes of `size`.
fn short(name: &str, how: &str, taken: u64, size: Option<u64>) -> Failure {
    let message = match size {
        Some(size) => format!("Cannot read {name}: {how} after {taken} bytes of {size}"),
        None => format!("Cannot read {name}: {how} after {taken} bytes"),
    };
    Failure::new("SOURCE_SHORT", message).hint("Try again; nothing was lost.")
}

/// What a source did that is over too soon.
fn ending(size: Option<u64>) -> &'static str {
    if size.is_some() {
        "it ended"
    } else {
        "it broke off"
    }
}

/// Whether the other side went away in the middle.
fn is_broken_off(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | UnexpectedEof
    )
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::new(
        "SOURCE_IO",
        format!("Cannot read {name}: {}", reason(error)),
    )
}
