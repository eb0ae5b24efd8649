//! The SDFS partition as the core's `Device`.

use crate::disk::Disk;
use cocon_core::gpt::Partition;
use cocon_core::{Device, Error};

/// A partition of a disk.
pub struct Volume<'a> {
    disk: &'a mut Disk,
    /// Byte at which it begins on the disk.
    start: u64,
    size: u64,
}

impl<'a> Volume<'a> {
    /// The bytes of `partition`, which lies on `disk`.
    pub fn new(disk: &'a mut Disk, partition: &Partition) -> Self {
        let sector_size = disk.sector_size() as u64;
        Self {
            start: partition.first_sector * sector_size,
            size: partition.sectors * sector_size,
            disk,
        }
    }

    /// Where a range lies on the disk. The core stays within the volume; this holds it to that.
    fn place(&self, offset: u64, length: usize) -> Result<u64, Error> {
        match offset.checked_add(length as u64) {
            Some(end) if end <= self.size => Ok(self.start + offset),
            _ => Err(Error::Io { offset }),
        }
    }
}

impl Device for Volume<'_> {
    fn size_bytes(&self) -> u64 {
        self.size
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        let place = self.place(offset, into.len())?;
        self.disk
            .read(place, into)
            .map_err(|_| Error::Io { offset })
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let place = self.place(offset, bytes.len())?;
        self.disk
            .write(place, bytes)
            .map_err(|error| match error.status() {
                uefi::Status::WRITE_PROTECTED => Error::ReadOnly,
                _ => Error::Io { offset },
            })
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.disk.flush().map_err(|_| Error::Io { offset: 0 })
    }

    fn writable(&self) -> bool {
        !self.disk.is_read_only()
    }
}
