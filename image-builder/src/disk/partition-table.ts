/** Writes a GUID partition table into a disk image, by sfdisk. */
import { runTool } from '../run-tool.ts';
import type { DiskLayout, PlannedPartition } from './layout.ts';
import type { UuidSource } from './uuid.ts';

/** Bytes in which sfdisk counts on a file. */
const SECTOR = 512;

/** Writes table and backup. Nothing in it depends on time or chance. */
export async function writePartitionTable(
  disk: string,
  layout: DiskLayout,
  uuids: UuidSource,
): Promise<void> {
  const lines = [
    'label: gpt',
    `label-id: ${uuids.text('disk')}`,
    ...layout.partitions.map(
      (partition) =>
        `start=${partition.offset / SECTOR}, size=${partition.sizeBytes / SECTOR}, type=${partition.type}, ` +
        `uuid=${partitionUuid(partition, uuids)}, name="${partition.name}"`,
    ),
  ];
  await runTool({
    program: 'sfdisk',
    packageName: 'fdisk',
    purpose: 'write the partition table',
    writes: disk,
    args: ['--quiet', '--no-reread', '--no-tell-kernel', '--wipe', 'never', disk],
    input: [Buffer.from(`${lines.join('\n')}\n`)],
  });
}

/** The GPT partition UUID, lower case. */
export function partitionUuid(partition: PlannedPartition, uuids: UuidSource): string {
  return uuids.text(`partition ${partition.role}`);
}
