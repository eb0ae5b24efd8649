/** Building what `@cocon-os/engine` defines, for programs. */
export { cacheDirectory, cacheDirectoryAt, type CacheDirectory } from './cache-directory.ts';
export { excessOf, lastKept, noteKept, type SealedSize, type SliceBytes } from './engine/sealed-size.ts';
export { SlicesError, type SlicesErrorCode } from './errors.ts';
export { evaluate, type EvaluateInput } from './graph/evaluate.ts';
export type { Graph, GraphNode } from './graph/graph.ts';
export { loadBoard, loadProfile } from './graph/load.ts';
export { hostTool, type HostTool } from './host-tool.ts';
export { buildProfile, type BuildProfileOptions, type BuiltProfile } from './image/build-profile.ts';
export { generateKernelTypes, kernelTypesAreCurrent } from './kconfig/generate-types.ts';
export { ensureMachinePins, type EnsureMachineOptions } from './pins/ensure-machine.ts';
