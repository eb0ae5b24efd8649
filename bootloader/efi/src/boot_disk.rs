//! The disk that the loader was started from: from the loader's own device handle up to the whole disk.
//!
//! Only this disk is searched for a volume. A second disk with a volume on it, a cloned card or a stick left in a
//! port, is thereby never started by mistake.

use crate::disk::Disk;
use crate::disk_path::OwnedPath;
use crate::firmware::get_protocol;
use uefi::proto::device_path::DevicePath;
use uefi::proto::loaded_image::LoadedImage;
use uefi::proto::media::block::BlockIO;
use uefi::{Result, Status, boot};

/// A disk and where the firmware has it.
pub struct BootDisk {
    /// Reads and writes it.
    pub disk: Disk,
    /// Its device path.
    pub path: OwnedPath,
}

impl BootDisk {
    /// Finds the disk with the partition with the loader's file.
    ///
    /// # Errors
    /// `NOT_FOUND` when the loader did not come from a disk (network, firmware volume), else what the firmware says.
    pub fn find() -> Result<Self> {
        let device = get_protocol::<LoadedImage>(boot::image_handle())?
            .device()
            .ok_or(Status::NOT_FOUND)?;
        let path = OwnedPath::of_disk(&get_protocol::<DevicePath>(device)?)?;
        let mut rest = path.as_path();
        let handle = boot::locate_device_path::<BlockIO>(&mut rest)?;
        // A remainder means that what was found is only an ancestor of what was looked for.
        if rest.node_iter().next().is_some() {
            return Err(Status::NOT_FOUND.into());
        }
        Ok(Self {
            disk: Disk::open(handle)?,
            path,
        })
    }
}
