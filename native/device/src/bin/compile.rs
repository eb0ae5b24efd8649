//! `cocon-compile <name> <module.js >bytecode`: compiles the program on the build machine, with the engine that will
//! run it on the device. The slice `cocon-update` calls it.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use cocon_device::program::compile;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    match compile_input(&name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("cocon-compile: {message}");
            ExitCode::FAILURE
        }
    }
}

fn compile_input(name: &str) -> Result<(), String> {
    let mut source = Vec::new();
    io::stdin()
        .read_to_end(&mut source)
        .map_err(|error| format!("Cannot read the module: {error}"))?;
    let bytecode = compile(name, &source)?;
    io::stdout()
        .write_all(&bytecode)
        .map_err(|error| format!("Cannot write the bytecode: {error}"))
}
