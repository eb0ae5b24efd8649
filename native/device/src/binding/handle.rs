//! A Rust value behind a JavaScript object, until it is closed.

use core::cell::{RefCell, RefMut};
use std::rc::Rc;

use crate::platform::Failure;

/// Shared by the functions of one object.
#[derive(Debug)]
pub(super) struct Handle<T>(Rc<RefCell<Option<T>>>);

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Handle<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Rc::new(RefCell::new(Some(value))))
    }

    /// The value, or a failure of the program's own making when it has been taken already.
    pub(super) fn get(&self) -> Result<RefMut<'_, T>, Failure> {
        RefMut::filter_map(self.0.borrow_mut(), Option::as_mut).map_err(|_| spent())
    }

    /// Takes the value out; it is gone for all who share it.
    pub(super) fn take(&self) -> Result<T, Failure> {
        self.0.take().ok_or_else(spent)
    }

    /// Drops the value if it is still there.
    pub(super) fn close(&self) {
        drop(self.0.take());
    }
}

fn spent() -> Failure {
    Failure::new("INTERNAL", "Cannot use a handle that has been closed")
}
