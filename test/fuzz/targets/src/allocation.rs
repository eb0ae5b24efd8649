//! Counts the memory that a reader asks for, so that no input makes it ask for more than it may.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

/// The system's allocator, with a count for each thread.
#[derive(Debug)]
pub struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Bytes in use, and the most that were; memory that another thread frees counts nowhere, so both are relative.
    static COUNTS: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn count(change: isize) {
    // Fails while a thread ends, when nothing is measured.
    let _ = COUNTS.try_with(|counts| {
        let (now, most) = counts.get();
        counts.set((now + change, most.max(now + change)));
    });
}

// SAFETY: all requests go to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs `body` and panics if it had more than `bytes` bytes of memory at any time.
pub fn within<T>(bytes: usize, body: impl FnOnce() -> T) -> T {
    let (before, _) = COUNTS.get();
    COUNTS.set((before, before));
    let result = body();
    let (_, most) = COUNTS.get();
    let used = most - before;
    assert!(
        used <= bytes.cast_signed(),
        "{used} bytes were asked for, {bytes} are enough"
    );
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_counts_what_is_in_use_at_once() {
        within(2000, || {
            drop(vec![0_u8; 1500]);
            drop(vec![0_u8; 1500]);
        });
    }

    #[test]
    #[should_panic(expected = "1500 bytes were asked for, 1000 are enough")]
    fn within_panics_above_its_bound() {
        within(1000, || drop(core::hint::black_box(vec![0_u8; 1500])));
    }
}
