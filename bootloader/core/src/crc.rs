//! CRC-32/ISO-HDLC over a structure, its own CRC field read as zero (FORMAT.md §1).

use crate::field::U32;

/// The CRC of `bytes`, all of them.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    checksum_of([bytes])
}

/// The CRC of `structure`, whose CRC field is `field`.
#[must_use]
pub fn structure_crc(structure: &[u8], field: U32) -> u32 {
    let before = structure.get(..field.0).unwrap_or(structure);
    let behind = structure
        .get(field.0.saturating_add(size_of::<u32>())..)
        .unwrap_or_default();
    checksum_of([before, &[0; 4], behind])
}

/// With one table of 1 KiB: a loader that checks a few hundred KiB of records gains nothing from more.
#[cfg(not(feature = "fast"))]
fn checksum_of<const N: usize>(parts: [&[u8]; N]) -> u32 {
    use crc::{CRC_32_ISO_HDLC, Crc, Table};
    const CRC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);
    let mut digest = CRC.digest();
    parts.into_iter().for_each(|part| digest.update(part));
    digest.finalize()
}

/// With the instructions that the processor has for it.
#[cfg(feature = "fast")]
fn checksum_of<const N: usize>(parts: [&[u8]; N]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    parts.into_iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn structure_crc_is_the_one_of_zlib_with_a_zero_field() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        assert_eq!(
            structure_crc(b"12\xff\xff\xff\xff789", U32(2)),
            checksum(b"12\0\0\0\x00789")
        );
    }

    proptest! {
        /// With the feature `fast` it is another crate's.
        #[test]
        fn checksum_is_the_one_of_the_loader(bytes in proptest::collection::vec(any::<u8>(), 0..5000)) {
            let loader = crc::Crc::<u32, crc::Table<1>>::new(&crc::CRC_32_ISO_HDLC);
            prop_assert_eq!(checksum(&bytes), loader.checksum(&bytes));
        }
    }
}
