//! JavaScript numbers as sizes and offsets.

use rquickjs::{Ctx, Exception, Result};

/// 2^53 − 1, the largest integer that a double holds exactly.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// A byte offset or size: a whole number that a double holds exactly.
pub(super) fn offset(ctx: &Ctx<'_>, value: f64) -> Result<u64> {
    if value.fract() == 0.0 && (0.0..=MAX_SAFE_INTEGER).contains(&value) {
        // Exact: it has just been made sure of.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above"
        )]
        return Ok(value as u64);
    }
    Err(Exception::throw_range(
        ctx,
        &format!("Cannot use {value} as an offset or size in bytes"),
    ))
}

/// A length of at most `limit` bytes.
pub(super) fn length(ctx: &Ctx<'_>, value: f64, limit: usize) -> Result<usize> {
    match usize::try_from(offset(ctx, value)?) {
        Ok(length) if length <= limit => Ok(length),
        _ => Err(Exception::throw_range(
            ctx,
            &format!("Cannot hand over {value} bytes at once, only {limit}"),
        )),
    }
}
