/** What {@link inspectArtifacts} and {@link inspectDisk} found, as text for people. */
import { formatBytes } from '@cocon-os/cli';

import type { InspectedArtifact, InspectedRelease } from './artifact.ts';
import type { InspectedDisk, InspectedSlot } from './disk.ts';

const LABEL_WIDTH = 14;

/** An image or a sealed release. */
export function describeArtifact(artifact: InspectedArtifact): string {
  const { kind, digest, platform, blobs, release } = artifact;
  const lines = [
    row(kind === 'release' ? 'release' : 'image', `${digest}${platform === null ? '' : ` for ${platform}`}`),
  ];
  if (release !== null) lines.push(...releaseLines(release));
  for (const { title, mediaType, size, digest: blob } of blobs) {
    lines.push(row('blob', `${formatBytes(size).padEnd(11)}${blob}  ${title ?? mediaType}`));
  }
  return `${lines.join('\n')}\n`;
}

function releaseLines({ release, digest, signedBy, signature }: InspectedRelease): readonly string[] {
  return [
    row('name', `${release.name} ${release.version} for ${release.architecture}`),
    row('identity', digest),
    row('security', `version ${release.securityVersion}, ${release.attempts} trial boots`),
    row('command line', release.commandLine === '' ? '(none of its own)' : release.commandLine),
    ...(release.rootfs === undefined ? [] : [row('root hash', release.rootfs.verity.rootHash)]),
    ...(signedBy.length === 0 ? [row('signature', 'none')] : signedBy.map((key) => row('signed by', key))),
    row('signature', signature),
  ];
}

/** A disk image or a volume. */
export function describeDisk(disk: InspectedDisk): string {
  const { kind, sizeBytes, format, partitionTable, partitions, findings, trustedKeys, volumes } = disk;
  const lines = [
    row(kind, formatBytes(sizeBytes)),
    ...(format === null ? [] : [row('format', format)]),
    ...(partitionTable === null || partitionTable === 'primary'
      ? []
      : [row('table', TABLES[partitionTable])]),
    ...partitions.map((each) =>
      row(
        `partition ${each.number}`,
        `${each.name.padEnd(14)}${formatBytes(each.sizeBytes).padEnd(11)}at ${formatBytes(each.offset).padEnd(11)}${each.uuid}`,
      ),
    ),
  ];
  if (kind === 'disk') {
    lines.push(
      row(
        'loader',
        trustedKeys === null ? 'none of Cocon OS' : `trusts ${trustedKeys.join(', ') || 'no key'}`,
      ),
    );
  }
  for (const { uuid, slotCount, slots } of volumes) {
    lines.push(
      row('volume', `${uuid}, ${slots.length} of ${slotCount} slots in use`),
      ...slots.map(slotLine),
    );
  }
  lines.push(
    ...findings.flatMap(({ code, message, hint }) => ['', `Warning: ${message} [${code}]`, `hint: ${hint}`]),
  );
  return `${lines.join('\n')}\n`;
}

const TABLES = {
  backup: 'the backup; the primary one cannot be used',
  displaced: 'a backup where the image ended; the primary one is lost',
} as const;

function slotLine(slot: InspectedSlot): string {
  const state =
    slot.state === 'trial' ? `trial, ${slot.attemptsLeft} of ${slot.attemptsTotal} left` : slot.state;
  const what =
    slot.release === null ? `unreadable (${slot.fault})` : `${slot.release.name} ${slot.release.version}`;
  return row(`slot ${slot.index}`, `${state.padEnd(22)}${what}, signature ${slot.signature}, ${slot.digest}`);
}

function row(label: string, value: string): string {
  return `${label.padEnd(LABEL_WIDTH)}${value}`;
}
