/** The commands over the tree of slices. Each is loaded when it runs: all of them take longer to load than the tree to evaluate. */
import type { LazyCommand } from '@cocon-os/cli';

import type { Sealer } from '../image/sealer.ts';
import type { SliceContext } from './context.ts';

export type { Sealer } from '../image/sealer.ts';

/** All of them; the sealer measures what `build` builds. */
export function sliceCommands(sealer: Sealer): readonly LazyCommand<SliceContext>[] {
  return [
    {
      name: 'build',
      summary: 'Build a profile for a board into an OCI image; what has not changed is taken from the store',
      load: async () => (await import('./build.ts')).buildCommand(sealer),
    },
    {
      name: 'synth',
      summary: 'Print the evaluated tree of a profile and board as JSON: all that builds are made of',
      load: async () => (await import('./synth.ts')).synth,
    },
    {
      name: 'why',
      summary:
        'Say why a slice has to be built, or was: which input changed, from what to what, and who is hit',
      load: async () => (await import('./why.ts')).why,
    },
    {
      name: 'graph',
      summary: 'Show what a profile is built out of, with sizes, and what is in the store',
      load: async () => (await import('./graph.ts')).graph,
    },
    {
      name: 'kernel',
      summary:
        "Say why symbols of the kernel are on or off (why), or print the kernel's configuration (config)",
      load: async () => (await import('./kernel.ts')).kernel,
    },
    {
      name: 'shell',
      summary:
        "Open a shell in the exact sandbox of a slice's build: where it failed, or at a step of a fresh one",
      load: async () => (await import('./shell.ts')).shell,
    },
    {
      name: 'verify',
      summary:
        'Compare stored layers with their digests or, with --rebuild, with a second build of the same inputs',
      load: async () => (await import('./verify.ts')).verify,
    },
    {
      name: 'pins',
      summary:
        "Show whether Debian's archive still has what is pinned (check), move pins to newer point releases (update), copy their files (export), or pin packages that slices of your project build with (add)",
      load: async () => (await import('./pins.ts')).pins,
    },
    {
      name: 'pin',
      summary: "Print the source of a slice for one of Debian's source packages, with its version and hashes",
      load: async () => (await import('./pin.ts')).pin,
    },
    {
      name: 'store',
      summary: 'Look the store through (fsck), or remove what no profile reaches (gc)',
      load: async () => (await import('./store.ts')).store,
    },
  ];
}
