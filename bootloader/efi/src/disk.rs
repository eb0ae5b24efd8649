//! A whole disk over the firmware's Block I/O: byte offsets in, aligned transfers out.
//!
//! Block I/O wants whole sectors and, on some firmware, aligned memory (`Media.IoAlign`: U-Boot 512, NVMe 4, virtio
//! none). What meets that goes through in one call, straight into the caller's memory; the rest takes a detour
//! over a buffer. UEFI 2.10 §13.9.

use crate::memory::Pages;
use uefi::boot::{self, OpenProtocolAttributes, OpenProtocolParams, ScopedProtocol};
use uefi::proto::media::block::BlockIO;
use uefi::{Handle, Result, Status};

/// Largest transfer in one call. VirtioBlkDxe refuses 1 GiB, and some USB sticks are slow to give up on big ones.
const MAX_TRANSFER: usize = 16 << 20;
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
}

impl Disk {
    /// Opens the Block I/O of a handle, beside whoever else uses it: an exclusive open would throw out the file
    /// system that the loader itself was read from.
    ///
    /// # Errors
    /// What the firmware says; `NO_MEDIA` for an empty drive, `UNSUPPORTED` for sectors that no GPT disk has.
    pub fn open(handle: Handle) -> Result<Self> {
        let params = OpenProtocolParams {
            handle,
            agent: boot::image_handle(),
            controller: None,
        };
        // SAFETY: the handle is the disk that this very program came from; the firmware does not remove it while
        // a program of it runs.
        let io =
            unsafe { boot::open_protocol::<BlockIO>(params, OpenProtocolAttributes::GetProtocol) }?;
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

    /// Fills `into` from byte `offset`.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for a range outside the disk, else what the firmware says.
    pub fn read(&mut self, offset: u64, into: &mut [u8]) -> Result {
        self.check_range(offset, into.len())?;
        if self.is_direct(offset, into.as_ptr(), into.len()) {
            let mut lba = offset / self.sector_size as u64;
            for part in into.chunks_mut(MAX_TRANSFER) {
                self.io.read_blocks(self.media_id, lba, part)?;
                lba += (part.len() / self.sector_size) as u64;
            }
            return Ok(());
        }
        let mut pages = Pages::new(DETOUR).ok_or(Status::OUT_OF_RESOURCES)?;
        let detour = pages.as_mut();
        let mut at = offset;
        let mut rest = into;
        while !rest.is_empty() {
            let (lba, skip) = (
                at / self.sector_size as u64,
                (at % self.sector_size as u64) as usize,
            );
            let length = rest.len().min(DETOUR - skip);
            let sectors = (skip + length).next_multiple_of(self.sector_size);
            self.io
                .read_blocks(self.media_id, lba, &mut detour[..sectors])?;
            let (part, behind) = rest.split_at_mut(length);
            part.copy_from_slice(&detour[skip..skip + length]);
            rest = behind;
            at += length as u64;
        }
        Ok(())
    }

    /// Writes whole sectors at byte `offset`. Durable after [`Disk::flush`] only.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for a range outside the disk or not of whole sectors, else what the firmware says.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> Result {
        self.check_range(offset, bytes.len())?;
        let sector_size = self.sector_size;
        if !offset.is_multiple_of(sector_size as u64) || !bytes.len().is_multiple_of(sector_size) {
            return Err(Status::INVALID_PARAMETER.into());
        }
        let mut lba = offset / sector_size as u64;
        if self.is_direct(offset, bytes.as_ptr(), bytes.len()) {
            return self.io.write_blocks(self.media_id, lba, bytes);
        }
        let mut pages = Pages::new(DETOUR).ok_or(Status::OUT_OF_RESOURCES)?;
        for part in bytes.chunks(DETOUR) {
            let detour = &mut pages.as_mut()[..part.len()];
            detour.copy_from_slice(part);
            self.io.write_blocks(self.media_id, lba, detour)?;
            lba += (part.len() / sector_size) as u64;
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

    /// Whether the firmware takes this transfer as it is.
    fn is_direct(&self, offset: u64, memory: *const u8, length: usize) -> bool {
        offset.is_multiple_of(self.sector_size as u64)
            && length.is_multiple_of(self.sector_size)
            && memory.addr().is_multiple_of(self.io_align)
    }

    fn check_range(&self, offset: u64, length: usize) -> Result {
        let size = u128::from(self.sector_count) * self.sector_size as u128;
        let end = u128::from(offset) + length as u128;
        if end > size {
            Err(Status::INVALID_PARAMETER.into())
        } else {
            Ok(())
        }
    }
}
