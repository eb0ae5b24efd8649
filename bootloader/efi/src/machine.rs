//! The machine as the core's `Environment`: its processor, clock, memory and console.

use crate::console::say;
use crate::mark::MarkPage;
use crate::memory::Pages;
use crate::{clock, device_tree, firmware};
use cocon_core::gpt::TableCopy;
use cocon_core::{Architecture, Environment, Mark, Uuid};
use core::fmt;

/// The machine that the loader runs on, and the keys that it came with.
pub struct Machine<'a> {
    /// Raw Ed25519 public keys, from `.trust`.
    pub keys: &'a [[u8; 32]],
    /// UUID of the partition that is being booted from.
    pub partition_uuid: Uuid,
    /// The partition table that names it.
    pub partition_table: TableCopy,
    /// Where attempts leave their marks.
    pub mark_page: MarkPage,
}

impl Environment for Machine<'_> {
    type Buffer = Pages;

    fn architecture(&self) -> Architecture {
        cfg_select! {
            target_arch = "x86_64" => Architecture::Amd64,
            target_arch = "aarch64" => Architecture::Arm64,
            target_arch = "riscv64" => Architecture::Riscv64,
            target_arch = "arm" => Architecture::Arm,
        }
    }

    fn trusted_keys(&self) -> &[[u8; 32]] {
        self.keys
    }

    fn partition_uuid(&self) -> Uuid {
        self.partition_uuid
    }

    fn partition_table(&self) -> TableCopy {
        self.partition_table
    }

    fn now(&self) -> u64 {
        clock::unix_time()
    }

    fn allocate(&mut self, bytes: usize) -> Option<Pages> {
        // What is allocated is then read and hashed. Counted over all files of all candidates that are passed over, a slow
        // card could run the watchdog out before the record is written, and the next boot would go the same way.
        firmware::arm_watchdog();
        Pages::new(bytes)
    }

    fn leave_mark(&mut self, mark: &Mark) {
        self.mark_page.leave(mark);
    }

    fn finds_mark(&mut self, mark: &Mark) -> Option<bool> {
        self.mark_page.holds(mark)
    }

    fn device_tree_rank(&self, name: &str) -> Option<usize> {
        device_tree::rank(name)
    }

    fn log(&mut self, line: fmt::Arguments<'_>) {
        say!("{line}");
    }
}
