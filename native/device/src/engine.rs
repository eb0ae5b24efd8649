//! Runs a JavaScript module to its end in QuickJS-ng.
//!
//! All that a program can wait for happens inside a call, so there is no event loop: promise jobs run until there are
//! none. The heap is bounded; what the platform hands over (pieces of up to 1 MiB) lies outside of it.

use core::cell::Cell;
use std::rc::Rc;

use rquickjs::promise::PromiseState;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Module, Promise, Runtime, Value};

use crate::binding;
use crate::program::Program;

/// What a program may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of JavaScript heap.
    pub heap: usize,
    /// Bytes of native stack for JavaScript calls.
    pub stack: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            heap: 16 << 20,
            stack: 1 << 20,
        }
    }
}

/// Evaluates `program` and returns the status that it gave to
/// `coconRuntime.exit`. Fails with a message when it throws, stops half-way, or ends without a status.
pub fn run(
    name: &str,
    program: Program<'_>,
    arguments: Vec<String>,
    limits: &Limits,
) -> Result<u8, String> {
    let runtime =
        Runtime::new().map_err(|error| format!("Cannot start the JavaScript engine: {error}"))?;
    runtime.set_memory_limit(limits.heap);
    runtime.set_max_stack_size(limits.stack);
    let context = Context::full(&runtime)
        .map_err(|error| format!("Cannot start the JavaScript engine: {error}"))?;
    let status = Rc::new(Cell::new(None));
    context.with(|ctx| {
        binding::install(&ctx, arguments, Rc::clone(&status))
            .catch(&ctx)
            .map_err(|error| describe(&error))?;
        let (_, promise) = program
            .declare(&ctx, name)
            .and_then(Module::eval)
            .catch(&ctx)
            .map_err(|error| describe(&error))?;
        while ctx.execute_pending_job() {}
        settle(&ctx, &promise)
    })?;
    status
        .get()
        .ok_or_else(|| format!("Cannot finish {name}: it ended without an exit status"))
}

fn settle<'js>(ctx: &Ctx<'js>, promise: &Promise<'js>) -> Result<(), String> {
    match promise.state() {
        PromiseState::Pending => {
            Err("Cannot go on: the program waits for something that never happens".to_owned())
        }
        PromiseState::Resolved | PromiseState::Rejected => promise
            .finish::<Value>()
            .catch(ctx)
            .map(drop)
            .map_err(|error| describe(&error)),
    }
}

/// Message and stack of what was thrown.
pub(crate) fn describe(thrown: &CaughtError<'_>) -> String {
    match thrown {
        CaughtError::Exception(exception) => {
            let message = exception.message().unwrap_or_default();
            let stack = exception.stack().unwrap_or_default();
            format!("{message}\n{stack}").trim_end().to_owned()
        }
        other => other.to_string().trim_end().to_owned(),
    }
}
