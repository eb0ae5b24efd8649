/**
 * The pins in force: those of the repository (`slices/pins.json`, `engine/toolchain/lock.json`), and over them what the lock of
 * this machine's cache has moved. They are read once for a process, by the engine, so that definitions stay pure: what they
 * are given here is in the evaluated tree, and with it in every key.
 */
import { cacheDirectory } from '../cache-directory.ts';
import { readMachineLock } from './machine-lock.ts';
import { overlaid, type MovedPins } from './overlay.ts';
import type { Pins } from './pin.ts';
import repositorySources from '@cocon-os/slices/pins.json' with { type: 'json' };
import repositoryToolchain from '../../toolchain/lock.json' with { type: 'json' };

/** A source package that the repository pins. */
export type PinnedPackage = keyof typeof repositorySources.sources;

/** As the repository has them. */
export const repositoryPins: Pins = {
  sources: repositorySources.sources,
  toolchain: repositoryToolchain,
};

const inForce = overlaid(repositoryPins, readMachineLock(cacheDirectory()));

/** Those that are built with. */
export const pins: Pins = inForce.pins;

/** What this machine's lock has moved. */
export const movedPins: MovedPins = inForce.moved;

/** The lock of the toolchain that is built with. */
export const toolchainLock = pins.toolchain;
