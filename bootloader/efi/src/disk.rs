//! A whole disk over the firmware's Block I/O: whole sectors at byte offsets.
//!
//! Some firmware wants aligned memory (`Media.IoAlign`: U-Boot 512, NVMe 4, virtio none). What meets that goes through in
//! one call, straight into the caller's memory, which asks for 1 MiB at most; the rest takes a detour over a buffer.
//! UEFI 2.10 §13.9.

use crate::firmware::get_protocol;
use crate::memory::Pages;
use uefi::boot::{self, ScopedProtocol};
use uefi::proto::media::block::BlockIO;
use uefi::{Handle, Result, Status};

/// Size of the detour's buffer. Pages, so it is aligned for every disk.
const DETOUR: usize = 64 << 10;

/// A disk, or whatever the firmware offers Block I/O on.
pub struct Disk {
    io: ScopedProtocol<BlockIO>,
    media_id: u32,
    sector_size: usize,
    sector_count: u64,
    io_align: usize,
    read_only: bool,
    /// There from the start, so that want of memory never looks like a disk that fails.
    detour: Pages,
}

impl Disk {
    /// Opens the Block I/O of a handle, beside whoever else uses it: an exclusive open would throw out the file
    /// system that the loader itself was read from.
    ///
    /// # Errors
    /// What the firmware says; `NO_MEDIA` for an empty drive, `UNSUPPORTED` for sectors that no GPT disk has.
    pub fn open(handle: Handle) -> Result<Self> {
        let io = get_protocol::<BlockIO>(handle)?;
        let media = io.media();
        if !media.is_media_present() {
            return Err(Status::NO_MEDIA.into());
        }
        let sector_size = media.block_size() as usize;
        let io_align = (media.io_align() as usize).max(1);
        if !matches!(sector_size, 512 | 1024 | 2048 | 4096) || io_align > boot::PAGE_SIZE {
            return Err(Status::UNSUPPORTED.into());
        }
        Ok(Self {
            media_id: media.media_id(),
            sector_size,
            sector_count: media
                .last_block()
                .checked_add(1)
                .ok_or(Status::UNSUPPORTED)?,
            io_align,
            read_only: media.is_read_only(),
            detour: Pages::new(DETOUR).ok_or(Status::OUT_OF_RESOURCES)?,
            io,
        })
    }

    /// Sector size in bytes.
    pub const fn sector_size(&self) -> usize {
        self.sector_size
    }

    /// Number of sectors.
    pub const fn sector_count(&self) -> u64 {
        self.sector_count
    }

    /// Whether the medium refuses writes.
    pub const fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Fills `into` with whole sectors from byte `offset`.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for a range outside the disk or not of whole sectors, else what the firmware says.
    pub fn read(&mut self, offset: u64, into: &mut [u8]) -> Result {
        let mut lba = self.first_sector(offset, into.len())?;
        if self.takes(into) {
            return self.io.read_blocks(self.media_id, lba, into);
        }
        for part in into.chunks_mut(DETOUR) {
            let detour = &mut self.detour.as_mut()[..part.len()];
            self.io.read_blocks(self.media_id, lba, detour)?;
            part.copy_from_slice(detour);
            lba += (part.len() / self.sector_size) as u64;
        }
        Ok(())
    }

    /// Writes whole sectors at byte `offset`. Durable after [`Disk::flush`] only.
    ///
    /// # Errors
    /// As of [`Disk::read`].
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> Result {
        let mut lba = self.first_sector(offset, bytes.len())?;
        if self.takes(bytes) {
            return self.io.write_blocks(self.media_id, lba, bytes);
        }
        for part in bytes.chunks(DETOUR) {
            let detour = &mut self.detour.as_mut()[..part.len()];
            detour.copy_from_slice(part);
            self.io.write_blocks(self.media_id, lba, detour)?;
            lba += (part.len() / self.sector_size) as u64;
        }
        Ok(())
    }

    /// Returns once everything written is on the medium.
    ///
    /// # Errors
    /// What the firmware says.
    pub fn flush(&mut self) -> Result {
        self.io.flush_blocks()
    }

    /// Whether the firmware takes this memory as it is.
    fn takes(&self, memory: &[u8]) -> bool {
        memory.as_ptr().addr().is_multiple_of(self.io_align)
    }

    /// The sector at which a range begins that is of whole sectors and lies on the disk.
    fn first_sector(&self, offset: u64, length: usize) -> Result<u64> {
        let (sector_size, length) = (self.sector_size as u64, length as u64);
        let whole = offset.is_multiple_of(sector_size) && length.is_multiple_of(sector_size);
        let (first, sectors) = (offset / sector_size, length / sector_size);
        match first.checked_add(sectors) {
            Some(end) if whole && end <= self.sector_count => Ok(first),
            _ => Err(Status::INVALID_PARAMETER.into()),
        }
    }
}
