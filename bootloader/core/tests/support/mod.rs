//! A volume in memory, made by hand, and a machine to boot it on.
#![allow(dead_code, reason = "each test file uses a part of it")]

use cocon_core::crc::structure_crc;
use cocon_core::field::Text;
use cocon_core::format::{
    self, BLOCK_SIZE, descriptor, extent_entry, file_entry, record, slot_entry, superblock,
};
use cocon_core::gpt::TableCopy;
use cocon_core::{
    Architecture, Candidate, Device, Digest, Environment, Error, Mark, Record, Search, Superblock,
    Uuid, ring,
};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

pub const GROUP_BLOCKS: u32 = 16;
pub const RING_RECORDS: u32 = 4;
pub const SLOT_COUNT: u8 = 3;
pub const LAST_GROUP: u64 = 12;
pub const TOTAL_BLOCKS: u64 = LAST_GROUP * GROUP_BLOCKS as u64 + 5;
pub const VOLUME_UUID: [u8; 16] = *b"a volume's uuid.";
pub const PARTITION: &str = "00112233-4455-6677-8899-aabbccddeeff";

/// A disk in memory that counts, and fails where it is told to.
#[derive(Clone, Default)]
pub struct Disk {
    pub bytes: Vec<u8>,
    pub read_only: bool,
    /// Byte ranges that cannot be read.
    pub bad: Vec<core::ops::Range<u64>>,
    /// Writes that fail from now on.
    pub failing_writes: usize,
    /// Writes that are lost without a word from now on.
    pub lost_writes: usize,
    /// Flushes that fail from now on; what was written is there all the same.
    pub failing_flushes: usize,
    pub reads: usize,
    pub writes: Vec<u64>,
    pub unflushed: usize,
}

impl Device for Disk {
    fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        self.reads += 1;
        let end = offset + into.len() as u64;
        assert!(
            offset.is_multiple_of(4096) && into.len().is_multiple_of(4096),
            "reads are of whole blocks"
        );
        if self
            .bad
            .iter()
            .any(|bad| bad.start < end && offset < bad.end)
        {
            return Err(Error::Io { offset });
        }
        into.copy_from_slice(&self.bytes[offset as usize..end as usize]);
        Ok(())
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        if self.failing_writes > 0 {
            self.failing_writes -= 1;
            return Err(Error::Io { offset });
        }
        self.writes.push(offset / 4096);
        self.unflushed += 1;
        if self.lost_writes > 0 {
            self.lost_writes -= 1;
        } else {
            self.bytes[offset as usize..offset as usize + bytes.len()].copy_from_slice(bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.failing_flushes > 0 {
            self.failing_flushes -= 1;
            return Err(Error::Io { offset: 0 });
        }
        self.unflushed = 0;
        Ok(())
    }

    fn writable(&self) -> bool {
        !self.read_only
    }
}

/// An amd64 machine that trusts the key of [`signing_key`] and remembers its log.
pub struct Machine {
    pub keys: Vec<[u8; 32]>,
    pub log: Vec<String>,
    pub allocated: usize,
    /// What there is to allocate.
    pub memory_bytes: usize,
    /// The marks in memory that outlives a reset, if there is such.
    pub memory: Option<Vec<Mark>>,
    /// What the firmware's tree says the machine is, most specific first.
    pub compatible: &'static [&'static str],
    pub table: TableCopy,
}

impl Machine {
    pub fn new() -> Self {
        Self {
            keys: vec![signing_key().verifying_key().to_bytes()],
            log: vec![],
            allocated: 0,
            memory_bytes: usize::MAX,
            memory: None,
            compatible: &[],
            table: TableCopy::Primary,
        }
    }
}

impl Environment for Machine {
    type Buffer = Vec<u8>;

    fn architecture(&self) -> Architecture {
        Architecture::Amd64
    }

    fn trusted_keys(&self) -> &[[u8; 32]] {
        &self.keys
    }

    fn partition_uuid(&self) -> Uuid {
        Uuid::parse(PARTITION).unwrap()
    }

    fn partition_table(&self) -> TableCopy {
        self.table
    }

    fn now(&self) -> u64 {
        1_700_000_000
    }

    fn allocate(&mut self, bytes: usize) -> Option<Vec<u8>> {
        let fits = bytes <= self.memory_bytes - self.allocated;
        fits.then(|| {
            self.allocated += bytes;
            vec![0; bytes]
        })
    }

    fn leave_mark(&mut self, mark: &Mark) {
        if let Some(memory) = &mut self.memory {
            *memory = vec![*mark];
        }
    }

    fn finds_mark(&mut self, mark: &Mark) -> Option<bool> {
        self.memory.as_ref().map(|memory| memory.contains(mark))
    }

    fn device_tree_rank(&self, name: &str) -> Option<usize> {
        self.compatible.iter().position(|each| *each == name)
    }

    fn log(&mut self, line: core::fmt::Arguments<'_>) {
        self.log.push(line.to_string());
    }
}

pub fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The entry of release.sig that `key` makes.
pub fn signature(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let mut entry = Digest::of(key.verifying_key().as_bytes()).0.to_vec();
    entry.extend(key.sign(message).to_bytes());
    entry
}

/// What a slot is filled with.
pub struct Slot {
    pub release: Value,
    pub key: SigningKey,
    pub files: Vec<(u16, &'static str, Vec<u8>)>,
    pub state: u8,
    pub flags: u8,
    pub priority: u8,
    pub attempts: (u8, u8),
}

impl Slot {
    /// A confirmed release with kernel, initrd and root file system.
    pub fn confirmed(priority: u8) -> Self {
        let files = vec![
            (3, "kernel", pattern(9000, priority)),
            (4, "initrd", pattern(100, priority)),
            (6, "rootfs", pattern(3 * BLOCK_SIZE, priority)),
            (7, "verity", pattern(BLOCK_SIZE, priority)),
        ];
        let release = release(&files, &format!("{priority}.0"));
        Self {
            release,
            key: signing_key(),
            files,
            state: 2,
            flags: 1,
            priority,
            attempts: (0, 3),
        }
    }

    /// The same, in trial with `left` of 3 attempts.
    pub fn trial(priority: u8, left: u8) -> Self {
        Self {
            state: 1,
            flags: 0,
            attempts: (left, 3),
            ..Self::confirmed(priority)
        }
    }
}

/// Bytes that differ from file to file.
pub fn pattern(size: usize, seed: u8) -> Vec<u8> {
    (0..size)
        .map(|index| (index as u8).wrapping_mul(31).wrapping_add(seed))
        .collect()
}

/// A release.json for these files.
pub fn release(files: &[(u16, &str, Vec<u8>)], version: &str) -> Value {
    let mut release = json!({
        "format": "cocon.release/1", "name": "test", "version": version, "architecture": "amd64",
        "securityVersion": 1, "attempts": 3, "commandLine": "console=ttyS0",
    });
    let blob = |bytes: &[u8]| json!({"size": bytes.len(), "sha256": Digest::of(bytes).to_string()});
    for (_, name, bytes) in files {
        match *name {
            "verity" => {
                let mut verity = blob(bytes);
                verity["rootHash"] = Digest::of(b"root").to_string().into();
                release["rootfs"]["verity"] = verity;
            }
            name => match name.strip_prefix("dtb/") {
                Some(tree) => {
                    let mut tree_blob = blob(bytes);
                    tree_blob["name"] = tree.into();
                    let trees = release
                        .as_object_mut()
                        .unwrap()
                        .entry("deviceTrees")
                        .or_insert(json!([]));
                    trees.as_array_mut().unwrap().push(tree_blob);
                }
                None => release[name] = blob(bytes),
            },
        }
    }
    release
}

/// A formatted disk without slots, sequence 40.
pub fn empty_disk() -> Disk {
    let mut disk = Disk {
        bytes: vec![0; TOTAL_BLOCKS as usize * BLOCK_SIZE],
        ..Disk::default()
    };
    for (copy, block) in [(0, 0), (1, TOTAL_BLOCKS - 1)] {
        let bytes = block_mut(&mut disk, block);
        superblock::MAGIC.set(bytes, format::SUPERBLOCK_MAGIC);
        superblock::VERSION.set(bytes, 1);
        superblock::VOLUME_UUID.set(bytes, VOLUME_UUID);
        superblock::COPY.set(bytes, copy);
        superblock::TOTAL_BLOCKS.set(bytes, TOTAL_BLOCKS);
        superblock::GROUP_BLOCKS.set(bytes, GROUP_BLOCKS);
        superblock::SLOT_COUNT.set(bytes, SLOT_COUNT.into());
        superblock::RING0_BLOCK.set(bytes, GROUP_BLOCKS.into());
        superblock::RING1_BLOCK.set(bytes, u64::from(GROUP_BLOCKS) * 2);
        superblock::RING_RECORDS.set(bytes, RING_RECORDS);
        superblock::BLOCK_SIZE.set(bytes, 4096);
        superblock::DATA_START.set(bytes, u64::from(GROUP_BLOCKS) * 3);
        superblock::DATA_END.set(bytes, LAST_GROUP * u64::from(GROUP_BLOCKS));
        seal_superblock(bytes);
    }
    let superblock = Superblock::read(&mut disk).unwrap();
    let mut bytes = vec![0; BLOCK_SIZE];
    record::MAGIC.set(&mut bytes, format::RECORD_MAGIC);
    record::VOLUME_UUID.set(&mut bytes, VOLUME_UUID);
    put_record(&mut disk, &superblock, bytes, 40);
    disk
}

/// A disk whose slots hold these.
pub fn disk_of(slots: &[Slot]) -> Disk {
    let mut disk = empty_disk();
    for (number, slot) in slots.iter().enumerate() {
        fill(&mut disk, number as u8, slot);
    }
    disk
}

/// Puts a release into a slot's own three groups and names it in a new record.
pub fn fill(disk: &mut Disk, number: u8, slot: &Slot) {
    let json = slot.release.to_string().into_bytes();
    let signature = signature(&slot.key, &json);
    let mut files = vec![
        (1, "release.json", json.clone()),
        (2, "release.sig", signature),
    ];
    files.extend(slot.files.iter().cloned());
    let start = u64::from(GROUP_BLOCKS) * (3 + 3 * u64::from(number));
    let mut bytes = vec![0; BLOCK_SIZE];
    descriptor::MAGIC.set(&mut bytes, format::DESCRIPTOR_MAGIC);
    descriptor::VOLUME_UUID.set(&mut bytes, VOLUME_UUID);
    descriptor::GENERATION.set(&mut bytes, u64::from(number) + 1);
    descriptor::SLOT.set(&mut bytes, number.into());
    descriptor::FILE_COUNT.set(&mut bytes, files.len() as u32);
    descriptor::EXTENT_COUNT.set(&mut bytes, files.len() as u32);
    descriptor::RELEASE_DIGEST.set(&mut bytes, Digest::of(&json).0);
    let mut block = start + 1;
    for (index, (kind, name, content)) in files.iter().enumerate() {
        let entry = &mut bytes[128 + index * 128..];
        file_entry::KIND.set(entry, *kind);
        file_entry::NAME_LENGTH.set(entry, name.len() as u16);
        file_entry::FIRST_EXTENT.set(entry, index as u32);
        file_entry::EXTENT_COUNT.set(entry, 1);
        file_entry::SIZE.set(entry, content.len() as u64);
        file_entry::SHA256.set(entry, Digest::of(content).0);
        file_entry::NAME.set(entry, *Text::<72>::cut(name).as_bytes());
        let extent = &mut bytes[128 + files.len() * 128 + index * 16..];
        let blocks = content.len().div_ceil(BLOCK_SIZE);
        extent_entry::START.set(extent, block);
        extent_entry::BLOCKS.set(extent, blocks as u32);
        let at = block as usize * BLOCK_SIZE;
        disk.bytes[at..at + content.len()].copy_from_slice(content);
        block += blocks as u64;
    }
    assert!(
        block <= start + 3 * u64::from(GROUP_BLOCKS),
        "the slot has room"
    );
    let crc = seal(&mut bytes, descriptor::CRC);
    block_mut(disk, start).copy_from_slice(&bytes);
    edit_slot(disk, number, |entry| {
        slot_entry::STATE.set(entry, slot.state);
        slot_entry::FLAGS.set(entry, slot.flags);
        slot_entry::PRIORITY.set(entry, slot.priority);
        slot_entry::ATTEMPTS_LEFT.set(entry, slot.attempts.0);
        slot_entry::ATTEMPTS_TOTAL.set(entry, slot.attempts.1);
        slot_entry::GENERATION.set(entry, u64::from(number) + 1);
        slot_entry::DESCRIPTOR_BLOCK.set(entry, start);
        slot_entry::DESCRIPTOR_BLOCKS.set(entry, 1);
        slot_entry::DESCRIPTOR_CRC.set(entry, crc);
        slot_entry::RELEASE_DIGEST.set(entry, Digest::of(&json).0);
    });
}

/// Changes the descriptor of a slot, with its CRC, also in a new record.
pub fn edit_descriptor(disk: &mut Disk, number: u8, edit: impl FnOnce(&mut [u8])) {
    let block = current(disk).slots()[usize::from(number)].descriptor_block;
    let bytes = block_mut(disk, block);
    edit(bytes);
    let crc = seal(bytes, descriptor::CRC);
    edit_slot(disk, number, |entry| {
        slot_entry::DESCRIPTOR_CRC.set(entry, crc)
    });
}

/// Changes a slot's entry, in a new record.
pub fn edit_slot(disk: &mut Disk, number: u8, edit: impl FnOnce(&mut [u8])) {
    edit_record(disk, |bytes| {
        edit(&mut bytes[128 + usize::from(number) * 128..][..128])
    });
}

/// Changes the current record, as a new one.
pub fn edit_record(disk: &mut Disk, edit: impl FnOnce(&mut [u8])) {
    let superblock = Superblock::read(disk).unwrap();
    let record = current(disk);
    let mut bytes = record.as_bytes().to_vec();
    edit(&mut bytes);
    put_record(disk, &superblock, bytes, record.sequence() + 1);
}

/// Writes a record where its sequence belongs.
pub fn put_record(disk: &mut Disk, superblock: &Superblock, mut bytes: Vec<u8>, sequence: u64) {
    record::SEQUENCE.set(&mut bytes, sequence);
    seal(&mut bytes, record::CRC);
    block_mut(disk, ring::position(sequence, superblock)).copy_from_slice(&bytes);
}

/// What a boot comes to, on a machine that knows nothing.
pub fn boot(disk: &mut Disk) -> Result<Candidate<Vec<u8>>, Error> {
    boot_on(disk, &mut Machine::new())
}

/// What a boot comes to; `disk.writes` are those of this boot.
pub fn boot_on(disk: &mut Disk, machine: &mut Machine) -> Result<Candidate<Vec<u8>>, Error> {
    disk.writes.clear();
    Search::open(disk, machine)?.next_candidate()
}

/// The record that counts.
pub fn current(disk: &mut Disk) -> Record {
    let superblock = Superblock::read(disk).unwrap();
    ring::current(disk, &superblock).unwrap()
}

pub fn block_mut(disk: &mut Disk, block: u64) -> &mut [u8] {
    &mut disk.bytes[block as usize * BLOCK_SIZE..][..BLOCK_SIZE]
}

/// Sets the CRC of a superblock's 512 bytes.
pub fn seal_superblock(block: &mut [u8]) {
    seal(&mut block[..512], superblock::CRC);
}

/// Sets a structure's CRC and returns it.
pub fn seal(structure: &mut [u8], field: cocon_core::field::U32) -> u32 {
    let crc = structure_crc(structure, field);
    field.set(structure, crc);
    crc
}
