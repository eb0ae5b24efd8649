//! `cocon-update` for devices: the bytecode of `updater/src/device-main.ts` in the engine.

use std::process::ExitCode;

use cocon_device::engine::{self, Limits};
use cocon_device::program::{Compiled, Program};

/// By `cocon-compile`; the slice `cocon-update` says where it lies.
const BYTECODE: &[u8] = include_bytes!(env!("COCON_PROGRAM"));

fn main() -> ExitCode {
    let arguments = std::env::args_os()
        .skip(1)
        .map(|each| each.to_string_lossy().into_owned())
        .collect();
    // SAFETY: the build compiles it with this crate, from the same lock file.
    let program = Program::Compiled(unsafe { Compiled::new(BYTECODE) });
    match engine::run("cocon-update", program, arguments, &Limits::default()) {
        Ok(status) => ExitCode::from(status),
        Err(message) => {
            eprintln!("cocon-update: {message} [INTERNAL]");
            ExitCode::FAILURE
        }
    }
}
