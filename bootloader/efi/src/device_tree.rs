//! Hands the release's device tree to the kernel through the EFI configuration table, in place of the firmware's own.
//!
//! It leaves out fix-ups of the tree: what is installed is what was signed. EBBR 2.1 §2.6; UEFI 2.10 §4.6.

use cocon_core::device_tree::{self, HEADER_SIZE, total_size};
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::slice;
use uefi::boot::{self, AllocateType, MemoryType, PAGE_SIZE};
use uefi::{Guid, Result, guid, system};

static DEVICE_TREE_TABLE: Guid = guid!("b1b621d5-f19c-41a5-830b-d9152c69aae0");

/// How well a release's device tree of this name fits this machine, by the firmware's own tree.
#[must_use]
pub fn rank(name: &str) -> Option<usize> {
    device_tree::rank(name, firmware_tree()?)
}

/// The device tree in the configuration table, if there is one.
#[must_use]
pub fn firmware_tree() -> Option<&'static [u8]> {
    let table = NonNull::new(installed_table().cast_mut())?.cast::<u8>();
    // SAFETY: what is installed under this GUID is a flattened device tree, at least its header.
    let header = unsafe { slice::from_raw_parts(table.as_ptr(), HEADER_SIZE) };
    let size = total_size(header)?;
    // SAFETY: the header says how long the tree is; the firmware keeps it until the operating system runs.
    Some(unsafe { slice::from_raw_parts(table.as_ptr(), size) })
}

/// A device tree in the configuration table. When this is dropped, that is, when the kernel has returned, the
/// firmware's own is put back.
pub(crate) struct InstalledDeviceTree {
    copy: NonNull<u8>,
    pages: usize,
    before: *const c_void,
}

impl InstalledDeviceTree {
    /// Copies the tree to memory that the kernel leaves alone until it has read it, and installs it.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let pages = bytes.len().div_ceil(PAGE_SIZE);
        let copy = boot::allocate_pages(AllocateType::AnyPages, MemoryType::ACPI_RECLAIM, pages)?;
        let tree = Self {
            copy,
            pages,
            before: installed_table(),
        };
        // SAFETY: the pages hold at least `bytes`, and are new. The table points to them until `drop`.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), copy.as_ptr(), bytes.len());
            boot::install_configuration_table(&DEVICE_TREE_TABLE, copy.as_ptr().cast())?;
        }
        Ok(tree)
    }
}

impl Drop for InstalledDeviceTree {
    fn drop(&mut self) {
        // SAFETY: the table that stood there before, or none; a null pointer deletes the entry. The pages are freed
        // only when nothing points to them any more.
        unsafe {
            if installed_table() != self.copy.as_ptr().cast_const().cast()
                || boot::install_configuration_table(&DEVICE_TREE_TABLE, self.before).is_ok()
            {
                let _ = boot::free_pages(self.copy, self.pages);
            }
        }
    }
}

/// What the configuration table has under the device tree's GUID; null when nothing.
fn installed_table() -> *const c_void {
    system::with_config_table(|tables| {
        tables
            .iter()
            .find(|table| table.guid == DEVICE_TREE_TABLE)
            .map_or(ptr::null(), |table| table.address)
    })
}
