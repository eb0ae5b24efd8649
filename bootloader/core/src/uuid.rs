//! UUIDs in the order in which they are printed (RFC 9562).

use core::fmt;

/// A UUID. On the disk it lies as it is printed; a GPT swaps the bytes of its first three fields, see
/// [`from_gpt`](Self::from_gpt).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// The UUID that a GUID Partition Table or a UEFI structure holds as these bytes (UEFI 2.10, appendix A).
    #[must_use]
    pub const fn from_gpt(bytes: [u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
        let [i, j, k, l, m, n, o, p] = rest;
        Self([d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p])
    }

    /// Parses `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, in either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 36 {
            return None;
        }
        let mut value: u128 = 0;
        for (index, byte) in text.bytes().enumerate() {
            if matches!(index, 8 | 13 | 18 | 23) {
                if byte != b'-' {
                    return None;
                }
            } else {
                value = (value << 4) | u128::from(char::from(byte).to_digit(16)?);
            }
        }
        Some(Self(value.to_be_bytes()))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                to.write_str("-")?;
            }
            write!(to, "{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    const TEXT: &str = "c0c05df5-5d2b-4f3c-9a5e-7d1f4e0a6b21";

    #[test]
    fn parse_and_display_are_inverse() {
        assert_eq!(
            Uuid::parse(TEXT).map(|uuid| uuid.to_string()).as_deref(),
            Some(TEXT)
        );
        assert_eq!(Uuid::parse(&TEXT.to_uppercase()), Uuid::parse(TEXT));
        for bad in [
            "",
            "c0c05df5",
            &TEXT.replace('-', "+"),
            &TEXT.replace('c', "x"),
            &TEXT.replacen("c0", "\u{e9}", 1),
        ] {
            assert_eq!(Uuid::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn from_gpt_swaps_the_first_three_fields() {
        let on_disk = *b"\xf5\x5d\xc0\xc0\x2b\x5d\x3c\x4f\x9a\x5e\x7d\x1f\x4e\x0a\x6b\x21";
        assert_eq!(Some(Uuid::from_gpt(on_disk)), Uuid::parse(TEXT));
    }
}
