//! The page of memory that keeps the mark of an attempt through a reset (FORMAT.md §7.1).
//!
//! Its type keeps the kernel away from it, and its place is the same at every boot: firmware starts its loader with the same
//! memory map as long as nobody changes the machine. Caches are not flushed; a mark that a sudden reset takes with it is
//! a loss of power more, and safe.

use cocon_core::Mark;
use core::ptr::NonNull;
use uefi::boot::{self, AllocateType, MemoryType};

/// From the beginning of memory: clear of what firmware, this loader and kernels use first.
const PLACES: [u64; 3] = [0x0700_0000, 0x0380_0000, 0x01c0_0000];
/// Boards have their memory at a multiple of this (arm: 1 or 2 GiB; x86: 0).
const MEMORY_ALIGN: u64 = 0x1000_0000;

/// The page, once it was asked for.
#[derive(Default)]
pub struct MarkPage {
    page: Option<Option<NonNull<Mark>>>,
}

impl MarkPage {
    /// Whether a boot before this one has left the mark. `None` when there is no page.
    pub fn holds(&mut self, mark: &Mark) -> Option<bool> {
        // SAFETY: the page is ours and mapped, a `Mark` is bytes without alignment, and any bytes are one. It is volatile
        // because nothing in this program has written what it holds.
        self.page()
            .map(|page| unsafe { page.read_volatile() } == *mark)
    }

    /// Leaves a mark, where there is a page.
    pub fn leave(&mut self, mark: &Mark) {
        if let Some(page) = self.page() {
            // SAFETY: as in `holds`; only this program writes there.
            unsafe { page.write_volatile(*mark) };
        }
    }

    fn page(&mut self) -> Option<NonNull<Mark>> {
        *self.page.get_or_insert_with(reserve)
    }
}

fn reserve() -> Option<NonNull<Mark>> {
    let start = memory_start()?;
    PLACES.iter().find_map(|place| {
        let address = AllocateType::Address(start + place);
        let page = boot::allocate_pages(address, MemoryType::RESERVED, 1).ok()?;
        Some(page.cast())
    })
}

/// Where conventional memory begins, down to a round address.
fn memory_start() -> Option<u64> {
    use uefi::mem::memory_map::MemoryMap;
    let map = boot::memory_map(MemoryType::LOADER_DATA).ok()?;
    map.entries()
        .filter(|region| region.ty == MemoryType::CONVENTIONAL)
        .map(|region| region.phys_start / MEMORY_ALIGN * MEMORY_ALIGN)
        .min()
}
