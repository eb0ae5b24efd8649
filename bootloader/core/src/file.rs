//! Reading a file of a slot into memory.

use crate::descriptor::{Extent, File};
use crate::device::{Device, block_offset};
use crate::error::Error;
use crate::format::BLOCK_SIZE;

/// Bytes asked for in one request. Firmware drivers split larger ones anyhow, and some fail at very large ones.
const REQUEST_SIZE: usize = 1 << 20;

/// A file in memory: the buffer is larger by the padding of the last block.
#[derive(Clone, Debug)]
pub struct LoadedFile<B> {
    buffer: B,
    size: usize,
}

impl<B: AsRef<[u8]>> LoadedFile<B> {
    /// The bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.buffer.as_ref().get(..self.size).unwrap_or_default()
    }
}

/// Reads `file` whole, once, into memory that `allocate` gives for a number of bytes. The caller has bounded its size.
///
/// # Errors
/// [`Error::Io`], or [`Error::OutOfMemory`].
pub fn load<B: AsRef<[u8]> + AsMut<[u8]>>(
    device: &mut impl Device,
    file: &File,
    allocate: impl FnOnce(usize) -> Option<B>,
) -> Result<LoadedFile<B>, Error> {
    let no_memory = Error::OutOfMemory { bytes: file.size };
    let size = usize::try_from(file.size).map_err(|_| no_memory.clone())?;
    let mut buffer = size
        .checked_next_multiple_of(BLOCK_SIZE)
        .and_then(allocate)
        .filter(|buffer| buffer.as_ref().len() >= size.next_multiple_of(BLOCK_SIZE))
        .ok_or(no_memory)?;
    let mut rest = buffer.as_mut();
    for extent in &file.extents {
        rest = read_extent(device, *extent, rest)?;
    }
    Ok(LoadedFile { buffer, size })
}

/// Reads an extent into the front of `into` and returns what is left of it.
fn read_extent<'a>(
    device: &mut impl Device,
    extent: Extent,
    into: &'a mut [u8],
) -> Result<&'a mut [u8], Error> {
    let mut offset = block_offset(extent.start);
    let length = (extent.blocks as usize).saturating_mul(BLOCK_SIZE);
    let (front, rest) = into
        .split_at_mut_checked(length)
        .ok_or(Error::Io { offset })?;
    for piece in front.chunks_mut(REQUEST_SIZE) {
        device.read(offset, piece)?;
        offset = offset.saturating_add(piece.len() as u64);
    }
    Ok(rest)
}
