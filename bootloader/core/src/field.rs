//! Fields of structures: an offset with a type. [`crate::format`] is made of them.
//!
//! Reading is total: a field that does not lie within the bytes reads as zero, and writing it does nothing. Structures
//! have a fixed size that is checked before their fields are looked at, so neither happens.

use core::str;

macro_rules! integer_field {
    ($(#[$doc:meta])* $name:ident, $type:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub usize);

        impl $name {
            /// Reads the field of `structure`, little-endian.
            #[must_use]
            pub fn get(self, structure: &[u8]) -> $type {
                <$type>::from_le_bytes(Bytes::<{ size_of::<$type>() }>(self.0).get(structure))
            }

            /// Writes the field of `structure`, little-endian.
            pub fn set(self, structure: &mut [u8], value: $type) {
                Bytes(self.0).set(structure, value.to_le_bytes());
            }
        }
    };
}

integer_field!(
    /// An unsigned byte at this offset.
    U8, u8
);
integer_field!(
    /// An unsigned 16-bit integer at this offset.
    U16, u16
);
integer_field!(
    /// An unsigned 32-bit integer at this offset.
    U32, u32
);
integer_field!(
    /// An unsigned 64-bit integer at this offset.
    U64, u64
);

/// `N` bytes at this offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes<const N: usize>(pub usize);

impl<const N: usize> Bytes<N> {
    /// Reads the field of `structure`.
    #[must_use]
    pub fn get(self, structure: &[u8]) -> [u8; N] {
        structure
            .get(self.0..)
            .and_then(|rest| rest.first_chunk::<N>())
            .copied()
            .unwrap_or([0; N])
    }

    /// Writes the field of `structure`.
    pub fn set(self, structure: &mut [u8], value: [u8; N]) {
        if let Some(place) = structure
            .get_mut(self.0..)
            .and_then(|rest| rest.first_chunk_mut::<N>())
        {
            *place = value;
        }
    }
}

/// UTF-8 text in `N` zero-padded bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<const N: usize>([u8; N]);

impl<const N: usize> Text<N> {
    /// No text.
    pub const EMPTY: Self = Self([0; N]);

    /// The text as it lies on the disk.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// As much of `text` as fits, cut at a character boundary.
    #[must_use]
    pub fn cut(text: &str) -> Self {
        let kept = text.get(..text.floor_char_boundary(N)).unwrap_or_default();
        let mut bytes = [0; N];
        for (to, from) in bytes.iter_mut().zip(kept.bytes()) {
            *to = from;
        }
        Self(bytes)
    }

    /// All bytes, with their padding.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// The text up to its padding, or up to the first byte that is not UTF-8.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.0.split(|byte| *byte == 0).next().unwrap_or_default();
        match str::from_utf8(text) {
            Ok(valid) => valid,
            Err(error) => text
                .get(..error.valid_up_to())
                .and_then(|valid| str::from_utf8(valid).ok())
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_what_they_wrote_and_nothing_beyond() {
        let mut bytes = [0xff_u8; 12];
        U32(4).set(&mut bytes, 0x1234_5678);
        assert_eq!(U32(4).get(&bytes), 0x1234_5678);
        assert_eq!(
            bytes,
            [
                0xff, 0xff, 0xff, 0xff, 0x78, 0x56, 0x34, 0x12, 0xff, 0xff, 0xff, 0xff
            ]
        );
    }

    #[test]
    fn a_field_outside_reads_as_zero_and_is_not_written() {
        let mut bytes = [0xff_u8; 4];
        U64(0).set(&mut bytes, 1);
        U32(usize::MAX).set(&mut bytes, 1);
        assert_eq!(bytes, [0xff; 4]);
        assert_eq!(U64(0).get(&bytes), 0);
    }

    #[test]
    fn text_is_cut_at_a_character_boundary() {
        assert_eq!(Text::<4>::cut("abc\u{e9}").as_str(), "abc");
        assert_eq!(Text::<5>::cut("abc\u{e9}").as_str(), "abc\u{e9}");
        assert_eq!(Text::<4>::from_bytes(*b"ab\xffd").as_str(), "ab");
    }
}
