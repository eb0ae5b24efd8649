//! The border of errors: core errors become values, misuse becomes an exception.

use napi::{Error, Status};
use napi_derive::napi;

/// Why a volume, a structure or a release was refused: the codes of FORMAT.md §10.
#[napi(object, object_from_js = false)]
#[derive(Clone)]
pub struct Failure {
    /// The code, for example `SDFS_BAD_CHECKSUM`.
    pub error: String,
    /// Its number.
    pub number: u32,
    /// What was found and what was wanted, in lower case and without a period.
    pub message: String,
}

/// A core error as a value.
pub fn map_error(error: &cocon_core::Error) -> Failure {
    Failure {
        error: error.code().into(),
        number: error.number(),
        message: error.to_string(),
    }
}

/// An argument that cannot be what the caller meant.
pub fn invalid_argument(reason: impl Into<String>) -> Error {
    Error::new(Status::InvalidArg, reason.into())
}

/// The largest integer up to which a number is exact.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// A number that has to be whole, from 0 to `most`.
pub fn whole(name: &str, value: f64, most: u64) -> napi::Result<u64> {
    if value >= 0.0 && value <= most as f64 && value.trunc() == value {
        Ok(value as u64)
    } else {
        Err(invalid_argument(format!(
            "{name} is {value}, expected a whole number from 0 to {most}"
        )))
    }
}

/// The number of a slot.
pub fn slot_number(name: &str, value: f64) -> napi::Result<u8> {
    // Bounded just before.
    whole(name, value, u8::MAX.into()).map(|slot| slot.try_into().unwrap_or(u8::MAX))
}
