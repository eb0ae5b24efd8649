//! A volume's place: a regular file or a block device, read and written at offsets (`sdfs/src/block-device.ts`).

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt};

use rustix::fs::{Advice, fadvise, ioctl_blksszget};
use rustix::io::Errno;

use super::Failure;
use super::failure::{errno, reason};
use super::writer_lock::lock_for_writing;

/// Sector size that a regular file stands for.
const FILE_SECTOR: u32 = 512;

/// Whether the holder may write, and has locked the device against other writers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Reads only; takes no lock.
    Read,
    /// Reads and writes, and locks out other writers.
    Write,
}

/// An open file or block device. Closing it, by dropping, releases the lock.
#[derive(Debug)]
pub struct BlockDevice {
    file: File,
    name: String,
    size: u64,
    sector: u32,
    /// What is locked besides the file itself, for as long as it is open.
    _locked: Option<File>,
}

impl BlockDevice {
    /// Opens `path`. A writer waits a few seconds for one that is about to end, so that the verdict on a trial does not
    /// get lost to somebody who only had a look. Fails with `FILE_NOT_FOUND`, `VOLUME_LOCKED`, `SDFS_READ_ONLY` or
    /// `SDFS_IO`.
    pub fn open(path: &str, mode: Mode) -> Result<Self, Failure> {
        let cannot = |error: &std::io::Error| open_failure(path, mode, error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(mode == Mode::Write)
            .open(path)
            .map_err(|e| cannot(&e))?;
        let kind = file.metadata().map_err(|e| cannot(&e))?.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            return Err(Failure::new(
                "SDFS_IO",
                format!("Cannot open {path}: it is neither a file nor a block device"),
            ));
        }
        let locked = match mode {
            Mode::Read => None,
            Mode::Write => lock_for_writing(&file, path)?,
        };
        let sector = if kind.is_block_device() {
            ioctl_blksszget(&file).map_err(|e| cannot(&e.into()))?
        } else {
            FILE_SECTOR
        };
        // The end of a block device is found the same way as that of a file.
        let size = file.seek(SeekFrom::End(0)).map_err(|e| cannot(&e))?;
        Ok(Self {
            file,
            name: path.to_owned(),
            size,
            sector,
            _locked: locked,
        })
    }

    /// How errors name it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Logical sector size in bytes.
    pub fn sector(&self) -> u32 {
        self.sector
    }

    /// Fills `into` from `offset`, or fails with `SDFS_IO`.
    pub fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), Failure> {
        self.file
            .read_exact_at(into, offset)
            .map_err(|error| self.failure("read", offset, into.len(), &error))
    }

    /// Writes all of `bytes` at `offset`, or fails with `SDFS_IO` or `SDFS_READ_ONLY`. Never makes the device longer.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), Failure> {
        if offset
            .checked_add(bytes.len() as u64)
            .is_none_or(|end| end > self.size)
        {
            let (name, size, length) = (&self.name, self.size, bytes.len());
            let message = format!(
                "Cannot write {name}: {length} bytes at {offset} reach past its {size} bytes"
            );
            return Err(Failure::new("SDFS_IO", message));
        }
        self.file
            .write_all_at(bytes, offset)
            .map_err(|error| self.failure("write", offset, bytes.len(), &error))
    }

    /// Returns once everything written before is on the medium.
    pub fn flush(&self) -> Result<(), Failure> {
        self.file.sync_data().map_err(|error| {
            Failure::new(
                "SDFS_IO",
                format!("Cannot flush {}: {}", self.name, reason(&error)),
            )
        })
    }

    /// Lets the kernel forget its cached copies. Best effort: a page that is still dirty or mapped stays.
    pub fn drop_caches(&self) {
        let flushed = self.file.sync_data();
        if flushed.is_ok() {
            fadvise(&self.file, 0, None, Advice::DontNeed).unwrap_or_default();
        }
    }

    fn failure(&self, action: &str, offset: u64, length: usize, error: &std::io::Error) -> Failure {
        let (name, reason) = (&self.name, reason(error));
        let message = format!("Cannot {action} {name}: {length} bytes at {offset}: {reason}");
        match errno(error) {
            Errno::ROFS | Errno::PERM | Errno::BADF => Failure::new("SDFS_READ_ONLY", message)
                .hint("The file system or device is read-only."),
            Errno::NOSPC => Failure::new("SDFS_IO", message)
                .hint("Free some space on the disk that holds the image."),
            _ => Failure::new("SDFS_IO", message)
                .hint("The kernel's messages (dmesg) say what the device answered."),
        }
    }
}

fn open_failure(path: &str, mode: Mode, error: &std::io::Error) -> Failure {
    let message = format!("Cannot open {path}: {}", reason(error));
    match errno(error) {
        Errno::NOENT | Errno::NOTDIR | Errno::NXIO => Failure::new("FILE_NOT_FOUND", message)
            .hint("Give the path of a disk image, a disk or a partition."),
        Errno::ROFS | Errno::ACCESS | Errno::PERM if mode == Mode::Write => {
            Failure::new("SDFS_READ_ONLY", message)
                .hint("Make the device writable, or run as root.")
        }
        Errno::ACCESS | Errno::PERM => Failure::new("SDFS_IO", message)
            .hint("You may not read it; try as the owner or as root."),
        _ => Failure::new("SDFS_IO", message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_read_does_not_learn_whether_it_could_be_written() {
        for errno in [Errno::ACCESS, Errno::PERM] {
            let failure = |mode| open_failure("/dev/sda", mode, &errno.into());
            assert_eq!(failure(Mode::Write).code, "SDFS_READ_ONLY");
            assert_eq!(failure(Mode::Read).code, "SDFS_IO");
            assert_eq!(
                failure(Mode::Read).hint,
                Some("You may not read it; try as the owner or as root.")
            );
        }
    }
}
