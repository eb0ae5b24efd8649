//! Hands over to a kernel: LoadImage from memory, the command line as load options, StartImage (UEFI 2.10 §7.4).
//!
//! The firmware relocates the image, and with Secure Boot on it checks the image's signature; the loader does not get
//! around that.

use crate::device_tree::InstalledDeviceTree;
use crate::disk_path::OwnedPath;
use crate::firmware::get_protocol;
use crate::initrd::OfferedInitrd;
use crate::memory::Pages;
use alloc::vec::Vec;
use cocon_core::check::Candidate;
use cocon_core::gpt::Partition;
use core::fmt;
use uefi::boot::{self, LoadImageSource};
use uefi::proto::loaded_image::LoadedImage;
use uefi::{Handle, Result, Status};

/// Why there is no kernel running.
pub enum StartFailure {
    /// The firmware did not take the image, its initrd or its device tree.
    Refused(Status),
    /// The kernel's EFI stub came back. Linux never does after success.
    Returned(Status),
}

impl fmt::Display for StartFailure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => write!(to, "firmware refused: {status:?}"),
            Self::Returned(status) => write!(to, "kernel returned: {status:?}"),
        }
    }
}

/// Starts a candidate from a partition of the disk at `disk`. Comes back only when that failed.
pub fn start(
    candidate: &Candidate<Pages>,
    disk: &OwnedPath,
    partition: &Partition,
) -> StartFailure {
    match try_start(candidate, disk, partition) {
        Ok(status) => StartFailure::Returned(status),
        Err(error) => StartFailure::Refused(error.status()),
    }
}

fn try_start(
    candidate: &Candidate<Pages>,
    disk: &OwnedPath,
    partition: &Partition,
) -> Result<Status> {
    let path = disk.kernel_on(partition)?;
    // Both are withdrawn when the kernel has returned.
    let _initrd = candidate
        .initrd
        .as_ref()
        .map(|file| OfferedInitrd::new(file.bytes()))
        .transpose()?;
    let _tree = candidate
        .device_tree
        .as_ref()
        .map(|file| InstalledDeviceTree::new(file.bytes()))
        .transpose()?;

    let source = LoadImageSource::FromBuffer {
        buffer: candidate.kernel.bytes(),
        file_path: Some(path.as_path()),
    };
    let image = boot::load_image(boot::image_handle(), source)?;
    let options: Vec<u16> = candidate.command_line.encode_utf16().chain([0]).collect();
    // SAFETY: `options` outlives `start_image`.
    if let Err(error) = unsafe { set_load_options(image, &options) } {
        let _ = boot::unload_image(image);
        return Err(error);
    }
    Ok(boot::start_image(image).map_or_else(|error| error.status(), |()| Status::SUCCESS))
}

/// # Safety
/// `options` must stay where it is for as long as the image runs.
unsafe fn set_load_options(image: Handle, options: &[u16]) -> Result {
    let size = u32::try_from(size_of_val(options)).map_err(|_| Status::BAD_BUFFER_SIZE)?;
    let mut loaded = get_protocol::<LoadedImage>(image)?;
    // SAFETY: passed on to the caller.
    unsafe { loaded.set_load_options(options.as_ptr().cast(), size) };
    Ok(())
}
