//! A program in the two forms in which the engine takes it.

use rquickjs::{
    CatchResultExt, Context, Ctx, Module, Result, Runtime, WriteOptions, WriteOptionsEndianness,
};

use crate::engine::describe;

/// An ECMAScript module without imports.
#[derive(Clone, Copy, Debug)]
pub enum Program<'a> {
    /// Its text.
    Source(&'a [u8]),
    /// What [`compile`] made of it.
    Compiled(Compiled<'a>),
}

/// Bytecode of this very engine.
#[derive(Clone, Copy, Debug)]
pub struct Compiled<'a>(&'a [u8]);

impl<'a> Compiled<'a> {
    /// Takes `bytecode` as it is.
    ///
    /// # Safety
    ///
    /// It must come from [`compile`] of this crate with the same version of the engine. The engine checks its own
    /// version and a checksum, but not what the instructions do.
    pub unsafe fn new(bytecode: &'a [u8]) -> Self {
        Self(bytecode)
    }
}

impl Program<'_> {
    /// Gives the module to the engine, ready to be evaluated. `name` stands in stacks; a compiled program has its own.
    pub(crate) fn declare<'js>(self, ctx: &Ctx<'js>, name: &str) -> Result<Module<'js>> {
        match self {
            Self::Source(text) => Module::declare(ctx.clone(), name, text),
            // SAFETY: whoever made a `Compiled` vouches for its bytes. The engine copies them.
            Self::Compiled(Compiled(bytecode)) => unsafe { Module::load(ctx.clone(), bytecode) },
        }
    }
}

/// Compiles the module `source` for devices, all of which are little-endian. Line numbers stay, the text goes.
pub fn compile(name: &str, source: &[u8]) -> core::result::Result<Vec<u8>, String> {
    let options = WriteOptions {
        endianness: WriteOptionsEndianness::Little,
        strip_source: true,
        ..WriteOptions::default()
    };
    let context = Runtime::new()
        .and_then(|runtime| Context::full(&runtime))
        .map_err(|error| format!("Cannot start the JavaScript engine: {error}"))?;
    context.with(|ctx| {
        Module::declare(ctx.clone(), name, source)
            .and_then(|module| module.write(options))
            .catch(&ctx)
            .map_err(|error| describe(&error))
    })
}
