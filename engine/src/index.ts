/** What definitions of slices, profiles and boards are written with. Programs that build use `@cocon-os/engine/build`. */
export { defineBoard, type Board, type BoardDefinition } from './define/board.ts';
export { choice, flag, text } from './define/options.ts';
export { lockedVersion, pinnedSource, pinnedVersion } from './define/pins.ts';
export { defineProfile, type Profile, type ProfileDefinition } from './define/profile.ts';
export type { BuildStep, LayerEntry, OutputName, Recipe } from './define/recipe.ts';
export {
  configure,
  defineSlice,
  sliceInvalid,
  type CannotBuild,
  type Slice,
  type SliceDefinition,
} from './define/slice.ts';
export {
  cratesSource,
  debianSource,
  gitSource,
  localSource,
  urlSource,
  type PinnedDebianSource,
  type Source,
} from './define/source.ts';
export type { Target, TargetNames } from './define/target.ts';
export { literally, PATTERN_FLAGS, type VmCommand, type VmTest } from './define/vm-test.ts';
export type { Demand, KernelSymbols } from './kconfig/symbols.ts';
export type { ToolchainPackage } from '../toolchain/packages.ts';
export { lockedCrates } from './sources/cargo-lock.ts';
