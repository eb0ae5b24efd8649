/** The slices that can be built by name, in the order in which they go into an image. */
import { baseFiles } from './base-files/slice.ts';
import { busybox } from './busybox/slice.ts';
import { coconUpdateDemands } from './cocon-update/slice.ts';
import { crashingInit, greeting } from './demo/slice.ts';
import { erofsUtils } from './erofs-utils/slice.ts';
import { linuxHeaders } from './linux-headers/slice.ts';
import { linux } from './linux/slice.ts';
import { musl } from './musl/slice.ts';
import type { Slice } from './src/define-slice.ts';

/** All but `cocon-update` and `release`, which take arguments. */
export async function catalogue(): Promise<readonly Slice[]> {
  const base = await baseFiles();
  // The kernel asks only for the updater's demands, not for its program, and so comes out as it does in an image.
  const kernel = linux([busybox, base, { name: 'cocon-update', kernel: coconUpdateDemands }]);
  return [kernel, linuxHeaders, musl, busybox, base, greeting, crashingInit, erofsUtils];
}
