//! The keys that the loader trusts: the PE section `.trust`, filled in by the image builder.
//!
//! The layout is in DESIGN.md, "The .trust section". The section is part of the loader's file, so it is covered by
//! the firmware's own signature check where Secure Boot is on: sign the loader after the keys went in.

use alloc::vec::Vec;

/// First eight bytes of the section.
const MAGIC: [u8; 8] = *b"COCONKEY";
/// Version of the layout.
const VERSION: u32 = 1;
/// Keys that fit.
const MAX_KEYS: usize = 15;

/// The section, 512 bytes. Integers are little-endian.
#[repr(C)]
struct TrustSection {
    magic: [u8; 8],
    count: [u8; 4],
    version: [u8; 4],
    keys: [[u8; 32]; MAX_KEYS],
    reserved: [u8; 16],
}

/// Bytes of the section.
const SECTION_SIZE: usize = size_of::<TrustSection>();
const _: () = assert!(SECTION_SIZE == 512);

#[used]
#[unsafe(link_section = ".trust")]
static TRUST: TrustSection = TrustSection {
    magic: MAGIC,
    count: [0; 4],
    version: VERSION.to_le_bytes(),
    keys: [[0; 32]; MAX_KEYS],
    reserved: [0; 16],
};

/// The raw Ed25519 public keys of the section; none when it is empty or not understood.
pub fn trusted_keys() -> Vec<[u8; 32]> {
    let section = (&raw const TRUST).cast::<u8>();
    // SAFETY: `at` is within the live static `TRUST`, which is made of bytes. The reads are volatile because the image
    // builder changes these bytes after the compiler has seen them.
    let bytes: Vec<u8> = (0..SECTION_SIZE)
        .map(|at| unsafe { section.add(at).read_volatile() })
        .collect();
    parse(&bytes).unwrap_or_default()
}

fn parse(section: &[u8]) -> Option<Vec<[u8; 32]>> {
    let (magic, rest) = section.split_first_chunk()?;
    let (count, rest) = rest.split_first_chunk()?;
    let (version, rest) = rest.split_first_chunk()?;
    let count = u32::from_le_bytes(*count) as usize;
    if *magic != MAGIC || u32::from_le_bytes(*version) != VERSION || count > MAX_KEYS {
        return None;
    }
    Some(rest.as_chunks().0.iter().take(count).copied().collect())
}
