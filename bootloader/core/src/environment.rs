//! What the core needs of the machine besides its disk.

use core::fmt;

use crate::gpt::TableCopy;
use crate::mark::Mark;
use crate::uuid::Uuid;

/// Processor architectures, as the OCI image specification names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// `amd64`
    Amd64,
    /// `arm64`
    Arm64,
    /// `riscv64`
    Riscv64,
    /// `arm`, 32 bits
    Arm,
}

impl Architecture {
    /// The architecture of that name, if it is one of ours.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "amd64" => Some(Self::Amd64),
            "arm64" => Some(Self::Arm64),
            "riscv64" => Some(Self::Riscv64),
            "arm" => Some(Self::Arm),
            _ => None,
        }
    }

    /// Its name in release.json.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
            Self::Riscv64 => "riscv64",
            Self::Arm => "arm",
        }
    }

    /// Bytes of the longest kernel command line (FORMAT.md §9): one less than Linux's COMMAND_LINE_SIZE.
    #[must_use]
    pub const fn command_line_limit(self) -> usize {
        match self {
            Self::Amd64 | Self::Arm64 => 2047,
            Self::Riscv64 | Self::Arm => 1023,
        }
    }
}

/// The machine that something is booted on.
pub trait Environment {
    /// Memory that a file is read into, hashed in and started from. `Vec<u8>` will do where pages do not matter.
    type Buffer: AsRef<[u8]> + AsMut<[u8]>;

    /// The architecture of the machine. Releases for others are passed over.
    fn architecture(&self) -> Architecture;

    /// Raw Ed25519 public keys that may sign a release. None: nothing boots.
    fn trusted_keys(&self) -> &[[u8; 32]];

    /// The volume's GPT partition UUID, by which Linux finds it again.
    fn partition_uuid(&self) -> Uuid;

    /// The partition table that was read. Linux takes the backup only when it is told to (FORMAT.md §9).
    fn partition_table(&self) -> TableCopy {
        TableCopy::Primary
    }

    /// Unix time in seconds, 0 when the clock is not set. Noted in boot records, never decided upon.
    fn now(&self) -> u64 {
        0
    }

    /// Memory of exactly `bytes` bytes (a multiple of [`crate::format::BLOCK_SIZE`], at most 512 MiB) with any
    /// contents, or `None` when there is not that much.
    fn allocate(&mut self, bytes: usize) -> Option<Self::Buffer>;

    /// How well the device tree of this name fits the machine, best 0; `None` when it is for another one. The best one of
    /// a release is loaded, if any fits.
    fn device_tree_rank(&self, _name: &str) -> Option<usize> {
        None
    }

    /// Leaves the mark of an attempt in memory that outlives a reset but not a loss of power (FORMAT.md §7.1).
    fn leave_mark(&mut self, _mark: &Mark) {}

    /// Whether a boot before this one has left that mark, or `None` when this machine cannot tell.
    fn finds_mark(&mut self, _mark: &Mark) -> Option<bool> {
        None
    }

    /// Takes one line of the log, without a line end: one for each decision.
    fn log(&mut self, line: fmt::Arguments<'_>);
}
