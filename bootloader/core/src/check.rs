//! All that is checked of a slot before it may start, in the order of FORMAT.md §6.3.

use alloc::string::String;
use alloc::vec;

use crate::cmdline::CommandLine;
use crate::descriptor::{Descriptor, File, FileKind};
use crate::device::Device;
use crate::digest::Digest;
use crate::environment::Environment;
use crate::error::Error;
use crate::file::{self, LoadedFile};
use crate::format::MAX_RELEASE_JSON;
use crate::release::Release;
use crate::signature;
use crate::slot::{SlotEntry, Trial};
use crate::superblock::Superblock;

/// A slot that passed all checks, with everything in memory that is needed to start it.
#[derive(Clone, Debug)]
pub struct Candidate<B> {
    /// The slot's number.
    pub slot: u8,
    /// What is in it.
    pub release: Release,
    /// SHA-256 of its release.json.
    pub release_digest: Digest,
    /// The kernel: a PE/COFF image with an EFI stub. These bytes were verified, so these have to be started.
    pub kernel: LoadedFile<B>,
    /// The initial RAM disk, verified.
    pub initrd: Option<LoadedFile<B>>,
    /// The device tree that the machine wanted, verified.
    pub device_tree: Option<LoadedFile<B>>,
    /// The whole kernel command line, ASCII.
    pub command_line: String,
    /// The attempt, in a trial.
    pub trial: Option<Trial>,
    /// Whether the slot had failed before, and boots because nothing else is left.
    pub last_resort: bool,
}

/// Why a slot was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The check that failed.
    pub error: Error,
    /// The file that was being read.
    file: String,
}

impl Refusal {
    /// What a boot record notes besides the reason (FORMAT.md §7).
    #[must_use]
    pub fn detail(&self) -> &str {
        match &self.error {
            Error::Io { .. } | Error::OutOfMemory { .. } => &self.file,
            Error::FileBadHash { file } => file,
            error => error.code(),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            error,
            file: "descriptor".into(),
        }
    }
}

/// Checks slot `number` and loads what starts it.
///
/// # Errors
/// The first check that fails.
pub fn check<D: Device, E: Environment>(
    device: &mut D,
    environment: &mut E,
    superblock: &Superblock,
    floor: u64,
    number: u8,
    entry: &SlotEntry,
) -> Result<Candidate<E::Buffer>, Refusal> {
    let descriptor = Descriptor::read(device, superblock, number, entry)?;
    let release = read_release(device, environment, &descriptor, entry.release_digest)?;
    if release.architecture != environment.architecture() {
        return Err(Error::ReleaseWrongArchitecture.into());
    }
    if release.security_version < floor {
        return Err(Error::ReleaseBelowFloor {
            expected: floor,
            actual: release.security_version,
        }
        .into());
    }
    release.match_files(&descriptor)?;
    let trial = entry.trial();
    let command_line = CommandLine {
        slot: number,
        release_digest: entry.release_digest,
        release: &release,
        descriptor: &descriptor,
        superblock,
        partition_uuid: environment.partition_uuid(),
        partition_table: environment.partition_table(),
        trial,
    }
    .compose(environment.architecture())?;
    let trees = &release.device_trees;
    let wanted_tree = trees
        .iter()
        .filter_map(|tree| Some((environment.device_tree_rank(&tree.name)?, tree)))
        .min_by_key(|(rank, _)| *rank)
        .and_then(|(_, tree)| descriptor.files.iter().find(|file| tree.is(file)));
    if wanted_tree.is_none() && !trees.is_empty() {
        environment.log(format_args!(
            "slot {number}: none of its device trees is named after this machine"
        ));
    }

    let mut load = |file: &File| load_verified(device, environment, file);
    let kernel = descriptor
        .file(FileKind::Kernel)
        .ok_or(Error::ReleaseInvalid { fault: "no kernel" })?;
    Ok(Candidate {
        kernel: load(kernel)?,
        initrd: descriptor
            .file(FileKind::Initrd)
            .map(&mut load)
            .transpose()?,
        device_tree: wanted_tree.map(&mut load).transpose()?,
        slot: number,
        release,
        release_digest: entry.release_digest,
        command_line,
        trial,
        last_resort: false,
    })
}

/// Steps 1 to 3: release.json with its signatures. Both are small, so the heap holds them.
fn read_release<D: Device, E: Environment>(
    device: &mut D,
    environment: &E,
    descriptor: &Descriptor,
    expected: Digest,
) -> Result<Release, Refusal> {
    let missing = Error::ReleaseInvalid {
        fault: "no release.json or release.sig",
    };
    let signature = descriptor
        .file(FileKind::ReleaseSig)
        .ok_or_else(|| missing.clone())?;
    let json = descriptor.file(FileKind::ReleaseJson).ok_or(missing)?;
    if !signature::size_is_valid(signature.size) {
        return Err(Error::ReleaseBadSignature.into());
    }
    if json.size > MAX_RELEASE_JSON {
        return Err(Error::ReleaseInvalid {
            fault: "larger than 65536 bytes",
        }
        .into());
    }
    let mut read = |file: &File| {
        file::load(device, file, |bytes| Some(vec![0; bytes])).map_err(|error| Refusal {
            error,
            file: file.name.clone(),
        })
    };
    let json_bytes = read(json)?;
    let signature = read(signature)?;
    if Digest::of(json_bytes.bytes()) != expected {
        return Err(Error::FileBadHash {
            file: json.name.clone(),
        }
        .into());
    }
    signature::verify(
        json_bytes.bytes(),
        signature.bytes(),
        environment.trusted_keys(),
    )?;
    Ok(Release::parse(json_bytes.bytes())?)
}

/// Step 8 for one file. Its size and SHA-256 are the signed ones by now, and the size is at most 512 MiB.
fn load_verified<D: Device, E: Environment>(
    device: &mut D,
    environment: &mut E,
    file: &File,
) -> Result<LoadedFile<E::Buffer>, Refusal> {
    let loaded =
        file::load(device, file, |bytes| environment.allocate(bytes)).map_err(|error| Refusal {
            error,
            file: file.name.clone(),
        })?;
    if Digest::of(loaded.bytes()) == file.sha256 {
        Ok(loaded)
    } else {
        Err(Error::FileBadHash {
            file: file.name.clone(),
        }
        .into())
    }
}
