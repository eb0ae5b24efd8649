//! The targets, one a file: what an input is, and what must hold for each.

pub mod boot;
pub mod descriptor;
pub mod device_tree;
pub mod gpt;
pub mod record;
pub mod release;
pub mod ring;
pub mod signature;
pub mod superblock;
pub mod volume;
