//! What a panic does: say what, wait long enough to be read, reset cold.
//!
//! Why a reset and not a return to the firmware: DESIGN.md, "A panic resets".

use crate::console::say;
use core::panic::PanicInfo;
use core::time::Duration;
use uefi::runtime::{self, ResetType};
use uefi::{Status, boot};

/// How long the message stays before the reset.
const READING_TIME: Duration = Duration::from_secs(5);

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say!("panic: {}", info.message());
    boot::stall(READING_TIME);
    runtime::reset(ResetType::COLD, Status::ABORTED, None)
}
