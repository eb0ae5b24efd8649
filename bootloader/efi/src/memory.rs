//! Memory of the firmware: the global allocator, and whole pages for what is read from the disk.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{self, NonNull};
use core::slice;
use uefi::boot::{self, AllocateType, MemoryType, PAGE_SIZE};

/// Alignment that `AllocatePool` promises (UEFI 2.10 §7.2).
const POOL_ALIGN: usize = 8;

/// Bytes on page boundaries, which satisfies every `Media.IoAlign`: the disk writes straight into them. Their contents are
/// whatever was there before; megabytes about to be read from a disk are not zeroed first.
pub struct Pages {
    start: NonNull<u8>,
    bytes: usize,
}

impl Pages {
    /// `None` when there is not that much memory.
    pub fn new(bytes: usize) -> Option<Self> {
        let pages = bytes.div_ceil(PAGE_SIZE).max(1);
        let start =
            boot::allocate_pages(AllocateType::AnyPages, MemoryType::LOADER_DATA, pages).ok()?;
        Some(Self { start, bytes })
    }
}

impl AsRef<[u8]> for Pages {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the firmware gave these pages to us alone, until `drop`. What firmware hands out is mapped memory
        // that it has run through, so it holds bytes, if unknown ones.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }
}

impl AsMut<[u8]> for Pages {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_ref`, and `&mut self` makes it the only reference.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.bytes) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this number of pages, freed once. Memory that the firmware refuses to take
        // back is lost, which harms nobody in a program that lives for a second.
        let _ = unsafe { boot::free_pages(self.start, self.bytes.div_ceil(PAGE_SIZE).max(1)) };
    }
}

struct FirmwarePool;

#[global_allocator]
static ALLOCATOR: FirmwarePool = FirmwarePool;

// SAFETY: the pool aligns to 8 and never hands out memory twice. Layouts with a larger alignment are refused: nothing
// in the loader asks for one.
unsafe impl GlobalAlloc for FirmwarePool {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > POOL_ALIGN {
            return ptr::null_mut();
        }
        boot::allocate_pool(MemoryType::LOADER_DATA, layout.size())
            .map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, memory: *mut u8, _layout: Layout) {
        if let Some(memory) = NonNull::new(memory) {
            // SAFETY: the caller passes what `alloc` gave. As for `Pages`, a refusal only loses the memory.
            let _ = unsafe { boot::free_pool(memory) };
        }
    }
}
