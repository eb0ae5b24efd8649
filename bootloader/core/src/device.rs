//! What the core needs of a disk.

use crate::error::Error;
use crate::format::BLOCK_SIZE;

/// [`BLOCK_SIZE`], for sums with offsets.
pub const BLOCK_BYTES: u64 = BLOCK_SIZE as u64;

/// A device of bytes, or the part of one that holds the volume.
///
/// The core reads and writes whole blocks only: every `offset` and length is a multiple of [`BLOCK_SIZE`], and every
/// range lies within the device.
pub trait Device {
    /// Size in bytes. A tail that does not fill a block is never touched.
    fn size_bytes(&self) -> u64;

    /// Fills `into` from `offset` (bytes), or fails with [`Error::Io`].
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read whole; what `into` holds then is of no meaning.
    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Error>;

    /// Writes `bytes` at `offset`. They are durable after the next [`flush`](Self::flush) only.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::ReadOnly`] on a device that turned out not to be writable.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error>;

    /// Returns once everything that was written is durable.
    ///
    /// # Errors
    /// [`Error::Io`] when that cannot be told.
    fn flush(&mut self) -> Result<(), Error>;

    /// Whether writing can succeed.
    fn writable(&self) -> bool;
}

/// Byte offset of a block. Block numbers of valid volumes are below 2^40, so this never saturates for one.
#[must_use]
pub const fn block_offset(block: u64) -> u64 {
    block.saturating_mul(BLOCK_BYTES)
}

/// Whole blocks that a device has.
#[must_use]
pub fn device_blocks(device: &impl Device) -> u64 {
    device.size_bytes() / BLOCK_BYTES
}
