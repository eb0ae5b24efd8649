//! Sealing structures: the checksums that stand between a changed byte and whoever reads it.

use cocon_core::Digest;
use cocon_core::crc::structure_crc;
use cocon_core::field::U32;
use cocon_core::format::signature_entry;
use ed25519_dalek::{Signer, SigningKey};

/// Sets the CRC of `structure` and returns it.
pub fn seal(structure: &mut [u8], field: U32) -> u32 {
    let crc = structure_crc(structure, field);
    field.set(structure, crc);
    crc
}

/// The entry of release.sig that `key` makes.
#[must_use]
pub fn signature(key: &SigningKey, message: &[u8]) -> [u8; 96] {
    let mut entry = [0; 96];
    signature_entry::KEY_ID.set(&mut entry, Digest::of(key.verifying_key().as_bytes()).0);
    signature_entry::SIGNATURE.set(&mut entry, key.sign(message).to_bytes());
    entry
}

/// The first `N` bytes of `input`, zero where it ends before, and what follows them.
#[must_use]
pub fn take<const N: usize>(input: &[u8]) -> ([u8; N], &[u8]) {
    let (front, rest) = input.split_at(N.min(input.len()));
    let mut bytes = [0; N];
    bytes[..front.len()].copy_from_slice(front);
    (bytes, rest)
}
