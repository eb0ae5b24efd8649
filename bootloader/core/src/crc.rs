//! CRC-32/ISO-HDLC over a structure, its own CRC field read as zero (FORMAT.md §1).

use crc::{CRC_32_ISO_HDLC, Crc, Table};

use crate::field::U32;

/// One table of 1 KiB: a loader that checks a few hundred KiB of records gains nothing from 16 of them. A proof does.
#[cfg(not(feature = "tables"))]
type Tables = Table<1>;
#[cfg(feature = "tables")]
type Tables = Table<16>;

const CRC: Crc<u32, Tables> = Crc::<u32, Tables>::new(&CRC_32_ISO_HDLC);

/// The CRC of `bytes`, all of them.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes)
}

/// The CRC of `structure`, whose CRC field is `field`.
#[must_use]
pub fn structure_crc(structure: &[u8], field: U32) -> u32 {
    let before = structure.get(..field.0).unwrap_or(structure);
    let behind = structure
        .get(field.0.saturating_add(size_of::<u32>())..)
        .unwrap_or_default();
    let mut digest = CRC.digest();
    digest.update(before);
    digest.update(&[0; 4]);
    digest.update(behind);
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_crc_is_the_one_of_zlib_with_a_zero_field() {
        assert_eq!(CRC.checksum(b"123456789"), 0xcbf4_3926);
        assert_eq!(
            structure_crc(b"12\xff\xff\xff\xff789", U32(2)),
            CRC.checksum(b"12\0\0\0\x00789")
        );
    }
}
