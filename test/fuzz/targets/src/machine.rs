//! The machine on which a mutated volume boots.

use cocon_core::{Architecture, Environment, Mark, Uuid};

/// Most bytes that it gives for one file: more than any of the sample has, so that refusals come up too.
const LARGEST_FILE: usize = 64 * 1024;

/// An amd64 machine that trusts one key.
#[derive(Debug)]
pub struct Machine {
    trusted_keys: Vec<[u8; 32]>,
    /// What its memory says of the attempt before; `None` when it cannot tell.
    pub mark: Option<bool>,
    /// Whether it wants the device tree of the sample.
    pub wants_tree: bool,
    /// Lines that were logged.
    pub lines: usize,
}

impl Machine {
    /// A machine that cannot tell how the boot before ended.
    #[must_use]
    pub fn new(trusted_key: [u8; 32]) -> Self {
        Self {
            trusted_keys: vec![trusted_key],
            mark: None,
            wants_tree: false,
            lines: 0,
        }
    }
}

impl Environment for Machine {
    type Buffer = Vec<u8>;

    fn architecture(&self) -> Architecture {
        Architecture::Amd64
    }

    fn trusted_keys(&self) -> &[[u8; 32]] {
        &self.trusted_keys
    }

    fn partition_uuid(&self) -> Uuid {
        Uuid([0x11; 16])
    }

    fn now(&self) -> u64 {
        1_700_000_100
    }

    fn allocate(&mut self, bytes: usize) -> Option<Vec<u8>> {
        assert!(
            bytes.is_multiple_of(4096) && bytes <= 1 << 29,
            "{bytes} bytes for a file"
        );
        (bytes <= LARGEST_FILE).then(|| vec![0xa5; bytes])
    }

    fn finds_mark(&mut self, _mark: &Mark) -> Option<bool> {
        self.mark
    }

    fn device_tree_rank(&self, name: &str) -> Option<usize> {
        (self.wants_tree && name == "board.dtb").then_some(0)
    }

    fn log(&mut self, line: core::fmt::Arguments<'_>) {
        // Written out, for what prints bad bytes can fail too.
        self.lines += line.to_string().lines().count();
    }
}
