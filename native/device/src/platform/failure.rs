//! What goes wrong, in the words of the TypeScript side: a code of `SdfsErrorCode` or `UpdaterErrorCode`, a message that
//! names the action first, and perhaps the way out.

use std::io;

use rustix::io::Errno;

/// An error on its way to the program, where it becomes an `Error` with `code` and `hint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// One of the codes in `sdfs/src/errors.ts` or `updater/src/errors.ts`.
    pub code: &'static str,
    /// Action, thing, what was found, what was wanted.
    pub message: String,
    /// What to do about it.
    pub hint: Option<&'static str>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// The system's words for an error, without the number that `std` appends.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The system's number of an error; one that did not come from the system counts as `EIO`.
pub fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
