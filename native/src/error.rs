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
