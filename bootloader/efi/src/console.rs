//! The loader's words on the firmware's console: one line for each decision, each handed over in one call.
//!
//! A console call is slow (a graphics console scrolls, a serial line waits), so a line is formatted here first and
//! goes out whole. It leaves out colours, cursor and input: nobody is there to press a key.

use core::fmt::{self, Write};
use uefi::{CStr16, system, table};

/// Longest line in characters; what is longer is cut.
const LINE_CHARS: usize = 200;

/// Prints one line to the firmware's console, prefixed with `cocon: `.
#[macro_export]
macro_rules! say {
    ($($argument:tt)*) => { $crate::console::print(format_args!($($argument)*)) };
}
pub use say;

/// What [`say!`] expands to. A firmware without a console swallows the line.
pub fn print(text: fmt::Arguments<'_>) {
    let mut line = Line::new();
    // Neither can fail: a `Line` cuts what does not fit.
    let _ = write!(line, "cocon: {text}");
    line.finish();
}

/// A line of UCS-2 on the stack: room for the text, CR, LF and NUL.
struct Line {
    chars: [u16; LINE_CHARS + 3],
    length: usize,
}

impl Line {
    const fn new() -> Self {
        Self {
            chars: [0; LINE_CHARS + 3],
            length: 0,
        }
    }

    /// Ends the line and hands it to the firmware.
    fn finish(mut self) {
        for (slot, end) in self.chars.iter_mut().skip(self.length).zip(*b"\r\n\0") {
            *slot = u16::from(end);
        }
        let Ok(text) = CStr16::from_u16_until_nul(&self.chars) else {
            return;
        };
        if has_console() {
            // A console that fails has no place to say so.
            system::with_stdout(|out| {
                let _ = out.output_string(text);
            });
        }
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.length == LINE_CHARS {
                break;
            }
            // Text from the disk is shown as it is where it is plain, so that it can steer no terminal.
            let plain = character == ' ' || character.is_ascii_graphic();
            if let Some(slot) = self.chars.get_mut(self.length) {
                *slot = if plain {
                    character as u16
                } else {
                    u16::from(b'?')
                };
                self.length += 1;
            }
        }
        Ok(())
    }
}

/// `with_stdout` panics where the firmware has no console at all (UEFI 2.10 §4.3 allows that).
fn has_console() -> bool {
    // SAFETY: the firmware's system table stays valid while boot services run, which the loader never ends.
    table::system_table_raw().is_some_and(|table| !unsafe { table.as_ref() }.stdout.is_null())
}
