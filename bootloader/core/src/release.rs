//! release.json: what a release is (FORMAT.md §6.1). It is looked at after its signature has been verified only.

use alloc::string::String;
use alloc::vec::Vec;

use crate::descriptor::{Descriptor, File, FileKind};
use crate::device::BLOCK_BYTES;
use crate::digest::Digest;
use crate::environment::Architecture;
use crate::error::Error;
use crate::format::{MAX_FILE_SIZE, MAX_LOADED_SIZE, MAX_RELEASE_JSON};
use crate::json::Reader;

const MAX_SECURITY_VERSION: u64 = (1 << 53) - 1;
const MAX_DEVICE_TREES: usize = 26;

/// A valid release. Its fields stand, as in release.json, in the order of their names there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The processor that it is for.
    pub architecture: Architecture,
    /// Trial boots granted, 1 … 15.
    pub attempts: u8,
    /// Kernel command line, before it is completed.
    pub command_line: String,
    /// Device trees, sorted by name.
    pub device_trees: Vec<DeviceTree>,
    /// Initial RAM disk.
    pub initrd: Option<Blob>,
    /// Kernel.
    pub kernel: Blob,
    /// What it is a release of.
    pub name: String,
    /// Root file system.
    pub rootfs: Option<Rootfs>,
    /// Compared with the volume's floor.
    pub security_version: u64,
    /// Its version, for people.
    pub version: String,
}

/// A file of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Bytes.
    pub size: u64,
}

/// A device tree of a release; its file is called `dtb/` and this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceTree {
    /// Its name, for example `board.dtb`.
    pub name: String,
    /// The file.
    pub blob: Blob,
}

/// The root file system of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rootfs {
    /// The file; its size is a multiple of a block.
    pub blob: Blob,
    /// Its hash tree.
    pub verity: Verity,
}

/// The dm-verity hash tree of a root file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verity {
    /// SHA-256 of the tree's root block, which dm-verity is told.
    pub root_hash: Digest,
    /// The file.
    pub blob: Blob,
}

impl Release {
    /// Parses release.json strictly: only the canonical form (RFC 8785) of a release is one.
    ///
    /// # Errors
    /// [`Error::ReleaseInvalid`].
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        let invalid = |fault| Error::ReleaseInvalid { fault };
        if json.len() as u64 > MAX_RELEASE_JSON {
            return Err(invalid("larger than 65536 bytes"));
        }
        if !json
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\')
        {
            return Err(invalid("other than printable ASCII"));
        }
        let release =
            Self::read(&mut Reader::new(json)).ok_or(invalid("not a canonical cocon.release/1"))?;
        release.check().map_err(invalid)?;
        Ok(release)
    }

    fn read(json: &mut Reader<'_>) -> Option<Self> {
        json.literal(r#"{"architecture":"#)?;
        let architecture = Architecture::from_name(json.string()?)?;
        json.literal(r#","attempts":"#)?;
        let attempts = json.number()?.try_into().ok()?;
        json.literal(r#","commandLine":"#)?;
        let command_line = json.string()?.into();
        let device_trees = json.optional(r#","deviceTrees":["#, |json| {
            json.elements(DeviceTree::read)
        })?;
        json.literal(r#","format":"cocon.release/1""#)?;
        let initrd = json.optional(r#","initrd":"#, Blob::read)?;
        json.literal(r#","kernel":"#)?;
        let kernel = Blob::read(json)?;
        json.literal(r#","name":"#)?;
        let name = json.string()?.into();
        let rootfs = json.optional(r#","rootfs":"#, Rootfs::read)?;
        json.literal(r#","securityVersion":"#)?;
        let security_version = json.number()?;
        json.literal(r#","version":"#)?;
        let version = json.string()?.into();
        json.literal("}")?;
        json.end()?;
        Some(Self {
            architecture,
            attempts,
            command_line,
            device_trees: device_trees.unwrap_or_default(),
            initrd,
            kernel,
            name,
            rootfs,
            security_version,
            version,
        })
    }

    fn check(&self) -> Result<(), &'static str> {
        let trees = &self.device_trees;
        let loaded_size = |size: u64| (1..=MAX_LOADED_SIZE).contains(&size);
        let checks = [
            ((1..=64).contains(&self.name.len()), "name"),
            ((1..=64).contains(&self.version.len()), "version"),
            (
                self.security_version <= MAX_SECURITY_VERSION,
                "securityVersion",
            ),
            ((1..=15).contains(&self.attempts), "attempts"),
            (self.command_line.len() <= 1024, "commandLine"),
            (loaded_size(self.kernel.size), "kernel"),
            (
                self.initrd.is_none_or(|initrd| loaded_size(initrd.size)),
                "initrd",
            ),
            (trees.len() <= MAX_DEVICE_TREES, "number of deviceTrees"),
            (
                trees
                    .iter()
                    .all(|tree| loaded_size(tree.blob.size) && (1..=68).contains(&tree.name.len()))
                    && trees.is_sorted_by(|one, next| one.name < next.name),
                "deviceTrees",
            ),
            (self.rootfs.is_none_or(|rootfs| rootfs.is_valid()), "rootfs"),
            (
                self.initrd.is_some() || self.rootfs.is_some(),
                "neither initrd nor rootfs",
            ),
        ];
        checks
            .into_iter()
            .find(|(holds, _)| !holds)
            .map_or(Ok(()), |(_, fault)| Err(fault))
    }

    /// Whether the files of the descriptor are the ones of the release, and no others (FORMAT.md §6.3, step 6).
    ///
    /// # Errors
    /// [`Error::ReleaseInvalid`].
    pub fn match_files(&self, descriptor: &Descriptor) -> Result<(), Error> {
        let matches = |file: &File| match file.kind {
            FileKind::ReleaseJson | FileKind::ReleaseSig => true,
            FileKind::Kernel => self.kernel.is(file),
            FileKind::Initrd => self.initrd.is_some_and(|initrd| initrd.is(file)),
            FileKind::Rootfs => self.rootfs.is_some_and(|rootfs| rootfs.blob.is(file)),
            FileKind::Verity => self
                .rootfs
                .is_some_and(|rootfs| rootfs.verity.blob.is(file)),
            FileKind::DeviceTree => self.device_trees.iter().any(|tree| tree.is(file)),
        };
        // Names are unique in a descriptor and in a release, so equal numbers and no stranger mean: the same files.
        let named = [
            self.initrd.is_some(),
            self.rootfs.is_some(),
            self.rootfs.is_some(),
        ];
        let expected = named
            .into_iter()
            .map(usize::from)
            .sum::<usize>()
            .saturating_add(self.device_trees.len())
            .saturating_add(3);
        if descriptor.files.len() == expected && descriptor.files.iter().all(matches) {
            Ok(())
        } else {
            Err(Error::ReleaseInvalid {
                fault: "the slot holds other files",
            })
        }
    }
}

impl Blob {
    fn read(json: &mut Reader<'_>) -> Option<Self> {
        json.literal("{")?;
        Self::read_fields(json)
    }

    /// The fields with which a description of a file ends.
    fn read_fields(json: &mut Reader<'_>) -> Option<Self> {
        let blob = Self::read_inside(json)?;
        json.literal("}")?;
        Some(blob)
    }

    /// The fields that every description of a file has.
    fn read_inside(json: &mut Reader<'_>) -> Option<Self> {
        json.literal(r#""sha256":"#)?;
        let sha256 = json.digest()?;
        json.literal(r#","size":"#)?;
        let size = json.number()?;
        Some(Self { sha256, size })
    }

    fn is(self, file: &File) -> bool {
        file.size == self.size && file.sha256 == self.sha256
    }
}

impl DeviceTree {
    fn read(json: &mut Reader<'_>) -> Option<Self> {
        json.literal(r#"{"name":"#)?;
        let name = json.string()?.into();
        json.literal(",")?;
        let blob = Blob::read_fields(json)?;
        Some(Self { name, blob })
    }

    /// Whether `file` is this device tree.
    #[must_use]
    pub fn is(&self, file: &File) -> bool {
        file.name.strip_prefix("dtb/") == Some(&self.name) && self.blob.is(file)
    }
}

impl Rootfs {
    fn read(json: &mut Reader<'_>) -> Option<Self> {
        json.literal("{")?;
        let blob = Blob::read_inside(json)?;
        json.literal(r#","verity":"#)?;
        let verity = Verity::read(json)?;
        json.literal("}")?;
        Some(Self { blob, verity })
    }

    fn is_valid(&self) -> bool {
        // One block has no hash tree, and a file cannot be empty.
        self.blob.size > BLOCK_BYTES
            && self.blob.size <= MAX_FILE_SIZE
            && self.blob.size.is_multiple_of(BLOCK_BYTES)
            && (1..=MAX_FILE_SIZE).contains(&self.verity.blob.size)
    }
}

impl Verity {
    fn read(json: &mut Reader<'_>) -> Option<Self> {
        json.literal(r#"{"rootHash":"#)?;
        let root_hash = json.digest()?;
        json.literal(",")?;
        let blob = Blob::read_fields(json)?;
        Some(Self { root_hash, blob })
    }
}
