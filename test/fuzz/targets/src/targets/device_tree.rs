//! The firmware's device tree. Input: bytes of the name that a release has, the name, then the tree.

use cocon_core::device_tree::{rank, total_size};

use crate::allocation::within;
use crate::target::{Target, as_it_is};

pub(crate) const TARGET: Target = Target {
    name: "device-tree",
    longest: 512,
    sample,
    repair: as_it_is,
    run,
};

/// A root with `model` and `compatible`.
fn sample() -> Vec<u8> {
    let mut input = vec![9];
    input.extend(b"board.dtb");
    let words =
        |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|word| word.to_be_bytes()).collect() };
    input.extend(words(&[0xd00d_feed, 115, 40, 96, 0, 17, 16, 0, 19, 56]));
    input.extend(words(&[1, 0, 3, 4, 0]));
    input.extend(b"abc\0");
    input.extend(words(&[3, 11, 6]));
    input.extend(b"chip\0board\0\0");
    input.extend(words(&[2, 9]));
    input.extend(b"model\0compatible\0");
    input
}

fn run(input: &[u8]) {
    let Some((name, tree)) = input
        .split_first()
        .and_then(|(length, rest)| rest.split_at_checked((*length).into()))
    else {
        return;
    };
    let Ok(name) = core::str::from_utf8(name) else {
        return;
    };
    let (place, size) = within(0, || (rank(name, tree), total_size(tree)));
    let stem = name.strip_suffix(".dtb").unwrap_or(name).as_bytes();
    if let Some(place) = place {
        assert!(tree.starts_with(&[0xd0, 0x0d, 0xfe, 0xed]));
        let is_there = !stem.is_empty() && tree.windows(stem.len()).any(|bytes| bytes == stem);
        assert!(is_there, "no tree is for a machine that it does not name");
        assert!(place < tree.len(), "each string before it takes a byte");
    }
    if let Some(size) = size {
        assert_eq!(tree[4..8], u32::try_from(size).unwrap().to_be_bytes());
    }
}
