//! The device runtime: QuickJS-ng runs the updater's TypeScript, this crate is the machine underneath it.
//!
//! [`platform`] does the work in plain Rust and knows nothing of JavaScript; [`binding`] shows it to the program as
//! `globalThis.coconRuntime` (`updater/src/device/runtime.ts`); [`engine`] evaluates the [`program`]. Nothing here decides
//! anything about volumes or releases: that is the program's.

pub mod binding;
pub mod engine;
pub mod platform;
pub mod program;
