/** Sealing and disk images for other programs; `cocon` is built from the same parts. */
export { defineConfig } from './config/define-config.ts';
export { checkConfig, loadConfig } from './config/load-config.ts';
export type { LoadedConfig } from './config/load-config.ts';
export type { Config, ConfigInput } from './config/schema.ts';
export { writeDisk } from './disk/write-disk.ts';
export type { DiskOptions, DiskResult } from './disk/write-disk.ts';
export { BuilderError } from './errors.ts';
export type { BuilderErrorCode } from './errors.ts';
export { findMkfsErofs } from './find-tools.ts';
export { generateKeyFiles, keyId, rawPublicKey, readPrivateKey, readPublicKey } from './keys.ts';
export type { KeyFiles } from './keys.ts';
export type { ImageSource } from './oci/image-source.ts';
export { openInput } from './oci/input.ts';
export { program } from './program.ts';
export { seal } from './seal/seal.ts';
export type { SealOptions, SealResult } from './seal/seal.ts';
export { writeVerityTree } from './seal/verity.ts';
export { readTrustedKeys, withTrustedKeys } from './trust-section.ts';
