//! The boot loader's decision code as a Node addon.
//!
//! Only types are converted here: whatever is decided, `cocon-core` decides, so that tests and simulated disks drive the
//! very code that boots machines. What a volume or a release has wrong is returned as a `Failure`; what a caller
//! has wrong is thrown.
#![cfg_attr(test, allow(dead_code, reason = "a test build registers no exports"))]

mod boot;
mod device;
mod error;
mod partitions;
mod read;
mod views;
