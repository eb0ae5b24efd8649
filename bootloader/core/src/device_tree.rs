//! Which of a release's device trees a machine wants: the one that is named after it.
//!
//! The firmware's own tree says what the machine is, in the `compatible` of its root, most specific first. A release
//! names its trees after the same strings: `dtb/raspberrypi,4-model-b.dtb`, with or without the ending. Only the root's
//! properties are read (Devicetree Specification 0.4, chapter 5); the rest of the tree is the kernel's business.

const MAGIC: u32 = 0xd00d_feed;
const BEGIN_NODE: u32 = 1;
const PROPERTY: u32 = 3;
const NOP: u32 = 4;

/// Bytes of a tree's header.
pub const HEADER_SIZE: usize = 40;

/// The size in bytes of the whole tree that begins with this header, if it is one.
#[must_use]
pub fn total_size(header: &[u8]) -> Option<usize> {
    (word(header, 0)? == MAGIC)
        .then_some(word(header, 4)?)
        .and_then(|size| usize::try_from(size).ok())
}

/// Which of the strings that say what the machine is, by its firmware's `tree`, a release's tree of this name is named
/// after: 0 is the most specific one. `None` when it is for another machine.
#[must_use]
pub fn rank(name: &str, tree: &[u8]) -> Option<usize> {
    let wanted = name.strip_suffix(".dtb").unwrap_or(name);
    // An empty name would be found behind the last string's end.
    if wanted.is_empty() {
        return None;
    }
    root_compatible(tree)?
        .split(|byte| *byte == 0)
        .position(|string| string == wanted.as_bytes())
}

/// The value of the root's `compatible`: strings that end in a zero byte.
fn root_compatible(tree: &[u8]) -> Option<&[u8]> {
    total_size(tree)?;
    let mut structure = section(tree, 8)?;
    let strings = section(tree, 12)?;
    while word(structure, 0)? == NOP {
        structure = structure.get(4..)?;
    }
    // The root's name is empty: one word of zero bytes.
    if word(structure, 0)? != BEGIN_NODE || word(structure, 4)? != 0 {
        return None;
    }
    structure = structure.get(8..)?;
    loop {
        match word(structure, 0)? {
            NOP => structure = structure.get(4..)?,
            PROPERTY => {
                let length = usize::try_from(word(structure, 4)?).ok()?;
                let name = strings.get(usize::try_from(word(structure, 8)?).ok()?..)?;
                let value = structure.get(12..)?;
                if name.starts_with(b"compatible\0") {
                    return value.get(..length);
                }
                structure = value.get(length.checked_next_multiple_of(4)?..)?;
            }
            _ => return None,
        }
    }
}

/// The bytes from an offset on that the header gives at `at`.
fn section(tree: &[u8], at: usize) -> Option<&[u8]> {
    tree.get(usize::try_from(word(tree, at)?).ok()?..)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|word| u32::from_be_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// A tree whose root has these properties, the names by their offset in `model\0compatible\0`.
    fn tree(properties: &[(u32, &[u8])]) -> Vec<u8> {
        let mut structure = words(&[NOP, BEGIN_NODE, 0]);
        for (name, value) in properties {
            structure.extend(words(&[NOP, PROPERTY, value.len() as u32, *name]));
            structure.extend_from_slice(value);
            structure.resize(structure.len().next_multiple_of(4), 0);
        }
        structure.extend(words(&[2, 9]));
        let strings_at = HEADER_SIZE + structure.len();
        let strings = b"model\0compatible\0";
        let mut tree = words(&[
            MAGIC,
            (strings_at + strings.len()) as u32,
            HEADER_SIZE as u32,
            strings_at as u32,
        ]);
        tree.resize(HEADER_SIZE, 0);
        tree.extend(structure);
        tree.extend_from_slice(strings);
        tree
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn rank_is_the_place_among_the_compatible_strings_of_the_root() {
        let tree = tree(&[(0, b"A board\0"), (6, b"vendor,board\0vendor,chip\0")]);
        for (name, place) in [
            ("vendor,board", 0),
            ("vendor,board.dtb", 0),
            ("vendor,chip", 1),
        ] {
            assert_eq!(rank(name, &tree), Some(place), "{name}");
        }
        for name in [
            "vendor",
            "vendor,boar",
            "A board",
            "vendor,board\0vendor,chip",
            ".dtb.dtb",
            ".dtb",
        ] {
            assert_eq!(rank(name, &tree), None, "{name}");
        }
        assert_eq!(total_size(&tree), Some(tree.len()));
    }

    #[test]
    fn rank_is_none_in_a_tree_without_compatible_or_cut_short() {
        assert_eq!(rank("vendor,board", &tree(&[(0, b"vendor,board\0")])), None);
        let whole = tree(&[(6, b"vendor,board\0")]);
        for length in 0..whole.len() {
            // Cut within the strings, `compatible` may still be whole.
            if !whole[..length].ends_with(b"compatible\0") {
                assert_eq!(rank("vendor,board", &whole[..length]), None, "{length}");
            }
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            let _ = rank("vendor,board", &damaged);
        }
    }
}
