//! A boot as far as the moment when firmware would start the kernel.

use core::fmt;

use cocon_core::gpt::TableCopy;
use cocon_core::{Architecture, Candidate, Digest, Environment, Error, Mark, Search, Uuid};
use napi::Env;
use napi::bindgen_prelude::{Object, Uint8Array};
use napi_derive::napi;

use crate::device::JsDevice;
use crate::error::{Failure, MAX_SAFE_INTEGER, invalid_argument, map_error, slot_number, whole};
use crate::read::public_keys;

/// The machine that a volume is booted on.
#[napi(object)]
pub struct BootOptions {
    /// Raw Ed25519 public keys of 32 bytes each.
    pub trusted_keys: Vec<Uint8Array>,
    /// `amd64`, `arm64`, `riscv64` or `arm`.
    pub architecture: String,
    /// UUID of the volume's GPT partition.
    pub partition_uuid: String,
    /// The partition table that was read. Default: `primary`.
    #[napi(ts_type = "'primary' | 'backup'")]
    pub partition_table: Option<String>,
    /// Unix seconds for the boot record. Default 0: not known.
    pub time: Option<f64>,
    /// Name of the device tree that the machine wants. Default: none.
    pub device_tree: Option<String>,
    /// What the memory of the machine says of the attempt before: `reset` when its mark is there, `power-lost` when it is
    /// not. Default: the machine cannot tell.
    #[napi(ts_type = "'reset' | 'power-lost'")]
    pub last_boot: Option<String>,
    /// Slots whose kernel the firmware refuses to start. Default: none.
    pub refused_slots: Option<Vec<f64>>,
}

/// What would be started.
#[napi(object, object_from_js = false)]
pub struct Started {
    /// The slot's number.
    pub slot: u32,
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// SHA-256 of its release.json.
    pub release_digest: String,
    /// SHA-256 of the kernel in memory.
    pub kernel_digest: String,
    /// SHA-256 of the initrd in memory, if there is one.
    pub initrd_digest: Option<String>,
    /// SHA-256 of the device tree in memory, if the machine wants one.
    pub device_tree_digest: Option<String>,
    /// The whole kernel command line.
    pub command_line: String,
    /// In a trial: which attempt this is, from 1.
    pub attempt: Option<u32>,
    /// In a trial: attempts granted.
    pub attempts_total: Option<u32>,
    /// Whether the slot had failed before and nothing else was left.
    pub last_resort: bool,
}

/// How a boot ended: `started` or `failure` is there.
#[napi(object, object_from_js = false)]
pub struct BootOutcome {
    /// The loader's lines, one for each decision.
    pub log: Vec<String>,
    /// What would be started.
    pub started: Option<Started>,
    /// Why nothing would be; the firmware goes on with its next entry.
    pub failure: Option<Failure>,
}

/// Boots a volume as the loader does, up to the start of the kernel; writes what the loader would write.
#[napi(ts_args_type = "device: BlockDevice, options: BootOptions")]
pub fn boot(env: Env, device: Object<'_>, options: BootOptions) -> napi::Result<BootOutcome> {
    let mut device = JsDevice::new(env, &device)?;
    let mut machine = Machine::new(options)?;
    let result = search(&mut device, &mut machine);
    Ok(BootOutcome {
        log: machine.log,
        failure: result.as_ref().err().map(map_error),
        started: result.ok().map(|candidate| started(&candidate)),
    })
}

fn search(device: &mut JsDevice, machine: &mut Machine) -> Result<Candidate<Vec<u8>>, Error> {
    let refused_slots = machine.refused_slots.clone();
    let mut search = Search::open(device, machine)?;
    loop {
        let candidate = search.next_candidate()?;
        if !refused_slots.contains(&candidate.slot) {
            return Ok(candidate);
        }
        search.start_failed(&candidate, "refused");
    }
}

fn started(candidate: &Candidate<Vec<u8>>) -> Started {
    let digest = |file: &cocon_core::LoadedFile<Vec<u8>>| Digest::of(file.bytes()).to_string();
    Started {
        slot: candidate.slot.into(),
        name: candidate.release.name.clone(),
        version: candidate.release.version.clone(),
        release_digest: candidate.release_digest.to_string(),
        kernel_digest: digest(&candidate.kernel),
        initrd_digest: candidate.initrd.as_ref().map(digest),
        device_tree_digest: candidate.device_tree.as_ref().map(digest),
        command_line: candidate.command_line.clone(),
        attempt: candidate.trial.map(|trial| trial.attempt.into()),
        attempts_total: candidate.trial.map(|trial| trial.total.into()),
        last_resort: candidate.last_resort,
    }
}

struct Machine {
    trusted_keys: Vec<[u8; 32]>,
    architecture: Architecture,
    partition_uuid: Uuid,
    partition_table: TableCopy,
    time: u64,
    device_tree: Option<String>,
    /// Whether marks are found, where that can be told.
    memory_kept: Option<bool>,
    refused_slots: Vec<u8>,
    log: Vec<String>,
}

impl Machine {
    fn new(options: BootOptions) -> napi::Result<Self> {
        let BootOptions {
            trusted_keys,
            architecture,
            partition_uuid,
            partition_table,
            time,
            device_tree,
            last_boot,
            refused_slots,
        } = options;
        Ok(Self {
            trusted_keys: public_keys(&trusted_keys)?,
            architecture: Architecture::from_name(&architecture).ok_or_else(|| {
                invalid_argument(format!(
                    "architecture is \"{architecture}\", expected amd64, arm64, riscv64 or arm"
                ))
            })?,
            partition_uuid: Uuid::parse(&partition_uuid).ok_or_else(|| {
                invalid_argument(format!(
                    "partitionUuid is \"{partition_uuid}\", expected a UUID"
                ))
            })?,
            partition_table: partition_table
                .as_deref()
                .map_or(Ok(TableCopy::Primary), table_copy)?,
            time: whole("time", time.unwrap_or_default(), MAX_SAFE_INTEGER)?,
            device_tree,
            memory_kept: last_boot.as_deref().map(memory_kept).transpose()?,
            refused_slots: refused_slots
                .unwrap_or_default()
                .into_iter()
                .map(|slot| slot_number("a refused slot", slot))
                .collect::<napi::Result<_>>()?,
            log: Vec::new(),
        })
    }
}

fn table_copy(table: &str) -> napi::Result<TableCopy> {
    TableCopy::from_name(table).ok_or_else(|| {
        invalid_argument(format!(
            "partitionTable is \"{table}\", expected primary or backup"
        ))
    })
}

fn memory_kept(last_boot: &str) -> napi::Result<bool> {
    match last_boot {
        "reset" => Ok(true),
        "power-lost" => Ok(false),
        _ => Err(invalid_argument(format!(
            "lastBoot is \"{last_boot}\", expected reset or power-lost"
        ))),
    }
}

impl Environment for Machine {
    type Buffer = Vec<u8>;

    fn architecture(&self) -> Architecture {
        self.architecture
    }

    fn trusted_keys(&self) -> &[[u8; 32]] {
        &self.trusted_keys
    }

    fn partition_uuid(&self) -> Uuid {
        self.partition_uuid
    }

    fn partition_table(&self) -> TableCopy {
        self.partition_table
    }

    fn now(&self) -> u64 {
        self.time
    }

    fn allocate(&mut self, bytes: usize) -> Option<Vec<u8>> {
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(bytes).ok()?;
        buffer.resize(bytes, 0);
        Some(buffer)
    }

    fn finds_mark(&mut self, _mark: &Mark) -> Option<bool> {
        self.memory_kept
    }

    fn device_tree_rank(&self, name: &str) -> Option<usize> {
        (self.device_tree.as_deref() == Some(name)).then_some(0)
    }

    fn log(&mut self, line: fmt::Arguments<'_>) {
        self.log.push(line.to_string());
    }
}
