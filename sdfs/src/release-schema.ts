/** The shape of release.json (FORMAT.md §6.1). */
import * as z from 'zod/mini';

import { BLOCK_SIZE, LIMITS } from './format.ts';

/** Processors, as the OCI image specification names them. */
export const ARCHITECTURES = ['amd64', 'arm64', 'riscv64', 'arm'] as const;

/** Largest kernel, initrd or device tree in bytes: it is read into memory whole. */
export const MAX_LOADED_SIZE = 2 ** 29;

const digest = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const text = (least: number, most: number) =>
  z.string().check(z.minLength(least), z.maxLength(most), z.regex(/^[ !#-[\]-~]*$/));
const integer = (least: number, most: number) => z.int().check(z.minimum(least), z.maximum(most));

const loaded = { size: integer(1, MAX_LOADED_SIZE), sha256: digest };

const deviceTrees = z.array(z.strictObject({ name: text(1, 68), ...loaded })).check(
  z.minLength(1),
  z.maxLength(26),
  z.refine(
    (trees) => trees.every((tree, index) => index === 0 || (trees[index - 1]?.name ?? '') < tree.name),
    {
      error: 'Expected names in strictly ascending order',
    },
  ),
);

const rootfs = z.strictObject({
  size: integer(2 * BLOCK_SIZE, LIMITS.MAX_FILE_SIZE).check(z.multipleOf(BLOCK_SIZE)),
  sha256: digest,
  verity: z.strictObject({ size: integer(1, LIMITS.MAX_FILE_SIZE), sha256: digest, rootHash: digest }),
});

/** A release, all sizes in bytes, all hashes SHA-256 in lower-case hexadecimal. */
export const releaseSchema = z
  .strictObject({
    format: z.literal('cocon.release/1'),
    name: text(1, 64),
    version: text(1, 64),
    architecture: z.enum(ARCHITECTURES),
    securityVersion: integer(0, Number.MAX_SAFE_INTEGER),
    attempts: integer(1, 15),
    commandLine: text(0, 1024),
    kernel: z.strictObject(loaded),
    initrd: z.optional(z.strictObject(loaded)),
    deviceTrees: z.optional(deviceTrees),
    rootfs: z.optional(rootfs),
  })
  .check(
    z.refine((release) => release.initrd !== undefined || release.rootfs !== undefined, {
      error: 'Expected initrd or rootfs or both',
    }),
  );

/** What a release is. */
export type Release = z.infer<typeof releaseSchema>;
/** The processor that a release is for. */
export type Architecture = Release['architecture'];
