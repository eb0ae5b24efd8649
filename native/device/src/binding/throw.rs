//! Failures as JavaScript errors.

use rquickjs::{Ctx, Error, Exception, Result};

use crate::platform::Failure;

/// Turns the failures of the platform into exceptions.
pub(super) trait OrThrow<T> {
    /// The value, or a pending exception with `code`, `message` and perhaps `hint`.
    fn or_throw(self, ctx: &Ctx<'_>) -> Result<T>;
}

impl<T> OrThrow<T> for core::result::Result<T, Failure> {
    fn or_throw(self, ctx: &Ctx<'_>) -> Result<T> {
        self.map_err(|failure| throw(ctx, &failure).unwrap_or_else(|error| error))
    }
}

fn throw(ctx: &Ctx<'_>, failure: &Failure) -> Result<Error> {
    let exception = Exception::from_message(ctx.clone(), &failure.message)?;
    exception.set("code", failure.code)?;
    if let Some(hint) = failure.hint {
        exception.set("hint", hint)?;
    }
    Ok(exception.throw())
}
