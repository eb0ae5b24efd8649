export { cacheDirectory, cacheDirectoryAt, type CacheDirectory } from './cache-directory.ts';
export { defineBoard, type Board, type BoardDefinition } from './define/board.ts';
export { choice, flag, text } from './define/options.ts';
export { defineProfile, type Profile, type ProfileDefinition } from './define/profile.ts';
export type { BuildStep, LayerEntry, OutputName, Recipe } from './define/recipe.ts';
export { configure, defineSlice, type Slice, type SliceDefinition } from './define/slice.ts';
export {
  cratesSource,
  debianSource,
  gitSource,
  localSource,
  urlSource,
  type Source,
} from './define/source.ts';
export { PATTERN_FLAGS, type VmCommand, type VmTest } from './define/vm-test.ts';
export { excessOf, lastKept, noteKept, type SealedSize, type SliceBytes } from './engine/sealed-size.ts';
export { SlicesError, type SlicesErrorCode } from './errors.ts';
export { evaluate, type EvaluateInput } from './graph/evaluate.ts';
export type { Graph, GraphNode } from './graph/graph.ts';
export { loadBoard, loadProfile } from './graph/load.ts';
export { hostTool, type HostTool } from './host-tool.ts';
export { buildProfile, type BuildProfileOptions, type BuiltProfile } from './image/build-profile.ts';
export { buildRelease, type ReleaseOptions, type ReleaseVariant } from './image/build-release.ts';
export { release, type TrustedKey } from '../release/slice.ts';
