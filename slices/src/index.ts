export { createBuilder, type Builder, type BuilderOptions, type BuiltSlice } from './build/builder.ts';
export { silentReporter, terminalReporter, type BuildReporter } from './build/build-reporter.ts';
export { cacheDirectory, cacheDirectoryAt, type CacheDirectory } from './cache-directory.ts';
export {
  defineSlice,
  type Build,
  type BuildStep,
  type KernelDemand,
  type LayerEntry,
  type OutputName,
  type Slice,
} from './define-slice.ts';
export { SlicesError, type SlicesErrorCode } from './errors.ts';
export { hostTool, type HostTool } from './host-tool.ts';
export type { VmCommand, VmTest } from './define/vm-test.ts';
export type { Graph } from './graph/graph.ts';
export { buildProfile, type BuildProfileOptions, type BuiltProfile } from './image/build-profile.ts';
export { release } from '../release/definition.ts';
export { buildImage, type ImageOptions, type ImageResult } from './image/build-image.ts';
export {
  buildRelease,
  RELEASE_COMMAND_LINE,
  releaseSlices,
  type ReleaseOptions,
  type ReleaseVariant,
} from './image/build-release.ts';
export type { TrustedKey } from '../release/slice.ts';
