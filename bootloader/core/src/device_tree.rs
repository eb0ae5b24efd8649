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

/// Whether a release's tree of this name is for the machine that `tree` describes.
#[must_use]
pub fn is_for(name: &str, tree: &[u8]) -> bool {
    let wanted = name.strip_suffix(".dtb").unwrap_or(name);
    root_compatible(tree).is_some_and(|strings| {
        strings
            .split(|byte| *byte == 0)
            .any(|string| string == wanted.as_bytes())
    })
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
    fn is_for_compares_the_name_with_each_compatible_string_of_the_root() {
        let tree = tree(&[(0, b"A board\0"), (6, b"vendor,board\0vendor,chip\0")]);
        for name in ["vendor,board", "vendor,board.dtb", "vendor,chip"] {
            assert!(is_for(name, &tree), "{name}");
        }
        for name in [
            "vendor",
            "vendor,boar",
            "A board",
            "vendor,board\0vendor,chip",
            ".dtb.dtb",
        ] {
            assert!(!is_for(name, &tree), "{name}");
        }
        assert_eq!(total_size(&tree), Some(tree.len()));
    }

    #[test]
    fn is_for_refuses_a_tree_without_compatible_or_cut_short() {
        assert!(!is_for("vendor,board", &tree(&[(0, b"vendor,board\0")])));
        let whole = tree(&[(6, b"vendor,board\0")]);
        for length in 0..whole.len() {
            // Cut within the strings, `compatible` may still be whole.
            if !whole[..length].ends_with(b"compatible\0") {
                assert!(!is_for("vendor,board", &whole[..length]), "{length}");
            }
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            let _ = is_for("vendor,board", &damaged);
        }
    }
}
