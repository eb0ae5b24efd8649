/**
 * The shape of `cocon-update status --json`. `schema/status.schema.json` is generated from it (`npm run schema`); the
 * program itself uses the type alone and never loads zod.
 */
import { z } from 'zod';

const count = z.int().min(0);
/** A u64 of the format as a JSON number: exact below 2^53, which none reaches by counting. */
const wide = z.number().min(0).multipleOf(1);
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const release = z
  .strictObject({
    name: z.string(),
    version: z.string(),
    architecture: z.string(),
    securityVersion: count,
  })
  .describe('What release.json says; not verified by status, see cocon-update verify');

const slot = z.strictObject({
  slot: count.describe('Number of the slot'),
  state: z.enum(['empty', 'trial', 'confirmed', 'failed']),
  running: z.boolean(),
  next: z.boolean().describe('Whether the next boot tries it first'),
  digest: digest.nullable().describe('SHA-256 of release.json; null when the slot is empty'),
  release: release.nullable().describe('null when the slot is empty or its release.json cannot be read'),
  problem: z
    .strictObject({ code: z.string(), message: z.string() })
    .nullable()
    .describe('Why release.json cannot be read'),
  generation: wide.describe('Number of the stage that filled it'),
  priority: count.describe('Higher is tried first'),
  attempts: z
    .strictObject({
      left: count,
      total: count,
      interruptions: count.describe('Losses of power that are not charged yet'),
      shutdowns: count.describe('Attempts that ended in an orderly shutdown; the first 16 are not charged'),
    })
    .describe('Trial boots'),
  wasConfirmed: z.boolean(),
  progress: z
    .string()
    .describe('How far the last attempt got: none, loader, kernel, init, health or healthy'),
  reason: z.string().describe('Why it was given up or what went wrong last; none when nothing did'),
  detail: z.string().describe('What the reason refers to'),
  output: z.string().describe('The last line of the health check that failed; empty when there is none'),
  explanation: z.string().describe('The same as a sentence'),
});

const failure = z.strictObject({
  digest,
  generation: wide,
  refused: z
    .boolean()
    .describe('Whether it is refused unless forced; one that was only ever shut down is not'),
  progress: z.string(),
  reason: z.string(),
  detail: z.string(),
  output: z.string().describe('The last line of the health check that failed; empty when there is none'),
  explanation: z.string().describe('Why it failed, as a sentence'),
});

const warning = z.strictObject({
  code: z
    .enum([
      'PARTITION_TABLE_LOST',
      'BACKUP_TABLE_MISPLACED',
      'BACKUP_TABLE_LOST',
      'DISK_TRUNCATED',
      'SECTOR_SIZE_MISFIT',
      'UUID_TWICE',
      'RELEASE_MISFIT',
      'ATTEMPT_MISFIT',
    ])
    .describe(
      'PARTITION_TABLE_LOST: the primary one; its backup is used. BACKUP_TABLE_MISPLACED, BACKUP_TABLE_LOST: with the primary one the disk would be lost. DISK_TRUNCATED: the disk is shorter than its partition table says. SECTOR_SIZE_MISFIT: firmware reads no such table from this disk. UUID_TWICE: another partition has the same UUID. RELEASE_MISFIT, ATTEMPT_MISFIT: the boot record is not the one that the running kernel was started by',
    ),
  message: z.string(),
  hint: z.string().describe('What to do about it'),
});

/** `cocon-update status --json`. */
export const statusSchema = z.strictObject({
  schema: z.literal('cocon.status/1'),
  volume: z.strictObject({
    path: z.string(),
    uuid: z.string(),
    label: z.string(),
    sizeBytes: count,
    writable: z.boolean().describe('false when a newer format allows reading only'),
    sequence: z.string().describe('Number of the current boot record, decimal'),
    floor: wide.describe('Lowest security version that may boot'),
  }),
  running: count
    .nullable()
    .describe('The slot that runs; null when this machine was not started from the volume'),
  next: count.nullable().describe('The slot that the next boot tries first; null when none is left'),
  slots: z.array(slot),
  failures: z.array(failure).describe('Releases that were given up'),
  warnings: z
    .array(warning)
    .describe(
      'What is wrong with the partition table of the disk, and why this volume may not be the one that the loader started from',
    ),
});

/** `cocon-update status --json`. */
export type StatusReport = z.infer<typeof statusSchema>;
/** One slot of it. */
export type SlotReport = z.infer<typeof slot>;
/** One of its warnings. */
export type StatusWarning = z.infer<typeof warning>;
