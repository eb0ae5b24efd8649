/** What `cocon.config.ts` may say. Every key has a meaning here; any other key is refused. */
import { z } from 'zod';

import { DEFAULT_LIMITS } from '../oci/decompress.ts';

/** Sizes are bytes, or text like "64MiB". */
const SIZE_TEXT = /^\d+\s*(?:[KMGT](?:iB)?|B)?$/i;
const UNIT_POWERS = 'KMGT';

const SIZE_WANTED = 'expected a size like "64MiB" or a number of bytes';
const bytes = z
  .union(
    [
      z.number(SIZE_WANTED).int(SIZE_WANTED).nonnegative(SIZE_WANTED),
      z.string().regex(SIZE_TEXT, SIZE_WANTED),
    ],
    SIZE_WANTED,
  )
  .transform((value) => {
    if (typeof value === 'number') return value;
    const unit = /[KMGT]/i.exec(value)?.[0]?.toUpperCase() ?? '';
    return Number.parseInt(value, 10) * 1024 ** (UNIT_POWERS.indexOf(unit) + 1);
  });

const uuid = z
  .string()
  .regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'expected a UUID')
  .toLowerCase();
const path = z.string().min(1, 'expected a path');
const printable = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[\u0020-\u0021\u0023-\u005B\u005D-\u007E]*$/, 'expected printable ASCII without " and \\');

/** A kernel command line (SDFS FORMAT.md §6.1). */
export const kernelCommandLine = printable(1024);

const powerOfTwo = (min: number, max: number) =>
  z
    .number()
    .int()
    .min(min)
    .max(max)
    .refine((value) => Number.isInteger(Math.log2(value)), 'expected a power of two');

const compression = z.strictObject({
  /** What the kernel was built with (CONFIG_EROFS_FS_ZIP_*). */
  algorithm: z.enum(['none', 'lz4', 'lz4hc', 'zstd', 'lzma', 'deflate']).default('lz4hc'),
  level: z.number().int().min(0).max(109).optional(),
  clusterBytes: powerOfTwo(4096, 2 ** 20).default(65_536),
});

const seal = z.strictObject({
  /** Layout directory, archive or registry reference. */
  input: z.string().min(1).optional(),
  output: path.optional(),
  /** Path of the kernel in the image, or "auto": the only one in /boot. */
  kernel: path.default('auto'),
  initrd: z.union([path, z.literal(false)]).default('auto'),
  deviceTrees: z.array(path).max(16).default([]),
  /** false: no root file system; kernel and initrd are all there is. */
  rootfs: z.boolean().default(true),
  /** That of the image's label, if not given. */
  commandLine: kernelCommandLine.optional(),
  securityVersion: z.number().int().nonnegative().default(0),
  attempts: z.number().int().min(1).max(15).default(3),
  /** Files of private keys, each of which signs. */
  keys: z.array(path).max(8).default([]),
  compression: compression.prefault({}),
  limits: z
    .strictObject({
      totalBytes: bytes.default(DEFAULT_LIMITS.totalBytes),
      ratio: z.number().positive().default(DEFAULT_LIMITS.ratio),
      entries: z.number().int().positive().default(DEFAULT_LIMITS.entries),
    })
    .prefault({}),
  /** Plain HTTP with registries that are not on this machine. */
  insecureRegistry: z.boolean().default(false),
});

const image = z.strictObject({
  output: path.optional(),
  /** Sealed releases; the first is confirmed, the others are on trial. */
  releases: z.array(path).max(15).optional(),
  /** Boot loader (.efi). */
  loader: path.optional(),
  /** Files of public keys that the loader is to trust. */
  trustedKeys: z.array(path).max(15).default([]),
  espBytes: bytes.default(16 * 2 ** 20),
  volume: z
    .strictObject({
      slots: z.number().int().min(2).max(16).default(3),
      /** Left out: room for twice the largest release in each slot. */
      sizeBytes: bytes.optional(),
      groupBlocks: powerOfTwo(16, 16_384).default(1024),
      label: z.string().max(32).default('cocon'),
    })
    .prefault({}),
  /** The partition for data that outlives updates. */
  data: z.union([z.literal(false), z.strictObject({ sizeBytes: bytes.default(64 * 2 ** 20) })]).prefault({}),
  /** Left out: derived from what the image holds. */
  uuid: uuid.optional(),
});

const run = z.strictObject({
  memoryMiB: z.number().int().min(64).max(65_536).default(512),
  cpus: z.number().int().min(1).max(64).default(1),
  network: z.boolean().default(true),
});

const tools = z.strictObject({ mkfsErofs: path.optional() });

/** The whole configuration. */
export const configSchema = z.strictObject({
  name: printable(64).min(1).default('cocon'),
  version: printable(64).min(1).default('0'),
  /** OCI's word for the processor. */
  architecture: z.enum(['amd64', 'arm64', 'riscv64', 'arm']).default('amd64'),
  seal: seal.prefault({}),
  image: image.prefault({}),
  run: run.prefault({}),
  tools: tools.prefault({}),
});

/** What a person writes. */
export type ConfigInput = z.input<typeof configSchema>;
/** The same with every default filled in. */
export type Config = z.output<typeof configSchema>;
