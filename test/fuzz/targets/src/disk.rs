//! A disk that shares the bytes of its base and keeps changed blocks only, so that a fresh one costs nothing.

use core::ops::Range;
use std::collections::BTreeMap;

use cocon_core::format::BLOCK_SIZE;
use cocon_core::{Device, Error};

/// Changed blocks over a base. Bytes past the base read as zero.
#[derive(Clone, Debug)]
pub struct Disk {
    base: &'static [u8],
    changed: BTreeMap<usize, Vec<u8>>,
    /// Size in bytes.
    pub size: u64,
    /// Whether writing is refused.
    pub read_only: bool,
    /// Numbers of the writes that fail, counted from 0.
    pub failing_writes: Range<usize>,
    /// Block of each write that was asked for.
    pub writes: Vec<u64>,
    /// Requests to read.
    pub reads: usize,
}

impl Disk {
    /// A writable disk that holds `base`.
    #[must_use]
    pub const fn new(base: &'static [u8]) -> Self {
        Self {
            base,
            changed: BTreeMap::new(),
            size: base.len() as u64,
            read_only: false,
            failing_writes: 0..0,
            writes: Vec::new(),
            reads: 0,
        }
    }

    /// A block, to be changed without being counted.
    pub fn block_mut(&mut self, block: usize) -> &mut [u8] {
        self.changed
            .entry(block)
            .or_insert_with(|| base_block(self.base, block).to_vec())
    }

    /// A block as it is.
    #[must_use]
    pub fn block(&self, block: usize) -> &[u8] {
        self.changed
            .get(&block)
            .map_or_else(|| base_block(self.base, block), Vec::as_slice)
    }

    /// The blocks that differ from the base, or did once.
    #[must_use]
    pub fn changed_blocks(&self) -> Vec<usize> {
        self.changed.keys().copied().collect()
    }

    /// The block that was written last; writes that failed do not count.
    #[must_use]
    pub fn last_written(&self) -> Option<u64> {
        let numbered = self.writes.iter().enumerate();
        let mut succeeded = numbered.filter(|(number, _)| !self.failing_writes.contains(number));
        succeeded.next_back().map(|(_, block)| *block)
    }

    /// `length` bytes from byte `at` on, across blocks.
    #[must_use]
    pub fn bytes(&self, at: usize, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let (block, inside) = split(at + bytes.len());
            let piece = &self.block(block)[inside..];
            bytes.extend_from_slice(&piece[..piece.len().min(length - bytes.len())]);
        }
        bytes
    }

    /// Puts bytes anywhere, across blocks, without being counted.
    pub fn put(&mut self, mut at: usize, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (block, inside) = split(at);
            let (front, rest) = bytes.split_at(bytes.len().min(BLOCK_SIZE - inside));
            self.block_mut(block)[inside..inside + front.len()].copy_from_slice(front);
            at += front.len();
            bytes = rest;
        }
    }
}

impl Device for Disk {
    fn size_bytes(&self) -> u64 {
        self.size
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        self.reads += 1;
        let first = self.range(offset, into.len());
        for (block, piece) in (first..).zip(into.chunks_exact_mut(BLOCK_SIZE)) {
            piece.copy_from_slice(self.block(block));
        }
        Ok(())
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let first = self.range(offset, bytes.len());
        assert!(!self.read_only, "a device that cannot be written is not");
        let number = self.writes.len();
        self.writes.push(first as u64);
        if self.failing_writes.contains(&number) {
            return Err(Error::Io { offset });
        }
        self.put(first * BLOCK_SIZE, bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn writable(&self) -> bool {
        !self.read_only
    }
}

impl Disk {
    /// The first block of a request, which has to be what [`Device`] promises.
    fn range(&self, offset: u64, length: usize) -> usize {
        assert!(
            offset.is_multiple_of(BLOCK_SIZE as u64) && length.is_multiple_of(BLOCK_SIZE),
            "requests are of whole blocks"
        );
        assert!(
            offset + length as u64 <= self.size,
            "{length} bytes at {offset} do not lie within {}",
            self.size
        );
        usize::try_from(offset).unwrap() / BLOCK_SIZE
    }
}

const ZERO: [u8; BLOCK_SIZE] = [0; BLOCK_SIZE];

fn base_block(base: &'static [u8], block: usize) -> &'static [u8] {
    block
        .checked_mul(BLOCK_SIZE)
        .and_then(|at| base.get(at..at.checked_add(BLOCK_SIZE)?))
        .unwrap_or(&ZERO)
}

const fn split(at: usize) -> (usize, usize) {
    (at / BLOCK_SIZE, at % BLOCK_SIZE)
}
