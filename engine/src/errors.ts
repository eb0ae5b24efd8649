/** What this package throws. */
import { CoconError } from '@cocon-os/cli';

/**
 * The codes of {@link SlicesError}.
 *
 * - `MIRROR_NOT_FOUND`: the system's apt configuration names no Debian mirror.
 * - `APT_FAILED`: apt could not read the mirror or its signatures.
 * - `SOURCE_VERSION_GONE`: no place has the pinned version any more.
 * - `SOURCE_BAD_HASH`: a file is not the one that was pinned.
 * - `SOURCE_GONE`: an address, or a repository, no longer has what was pinned.
 * - `SOURCE_FETCH_FAILED`: a download did not come to its end.
 * - `SOURCE_CHANGED`: a local source is no longer what it was when the tree was evaluated.
 * - `PINS_INVALID`: the moved pins of a machine's cache, or the packages that a project pins,
 *   cannot be read.
 * - `PINS_STUCK`: a pin has to move, and the mirror has nothing newer of its series.
 * - `PACKAGE_UNKNOWN`: Debian has no package of that name, or no source package that a slice can
 *   be built from.
 * - `TOOLCHAIN_PACKAGE_UNKNOWN`: a build asks for a Debian package that neither the toolchain's
 *   lock nor the project's has.
 * - `TOOLCHAIN_CONFLICT`: a package that is to be added goes only with other versions of what is
 *   locked.
 * - `TOOLCHAIN_ADDITIONS_STALE`: a project's packages were resolved with another toolchain than
 *   the present one.
 * - `TOOLCHAIN_UNPACK_FAILED`: a package of the toolchain could not be unpacked.
 * - `HOST_PACKAGE_MISSING`: the build needs a Debian package that is not installed.
 * - `KERNEL_DEMAND_INVALID`, `KERNEL_DEMAND_CONFLICT`: a demand that cannot be read, or two that contradict each other.
 * - `KERNEL_DEMAND_IMPOSSIBLE`: Kconfig offers what is demanded, and the kernel's build cannot give it.
 * - `KERNEL_DEMAND_LOST`: the kernel's configuration does not hold what a slice asked for.
 * - `SLICE_INVALID`, `SLICE_NOT_FOUND`: a definition that cannot be built, or a name that none has.
 * - `SLICE_CYCLE`: slices that need each other in a circle.
 * - `NAME_UNKNOWN`: no profile, board or slice has that name.
 * - `BUILD_FAILED`: a step ended with an error; the message holds the end of its log.
 * - `DISK_FULL`: the disk of the cache, or of an output, has no room left; what was finished stays.
 * - `OUTPUT_OCCUPIED`: an image would take the place of something that is none.
 * - `OUTPUT_FAILED`: a file or directory cannot be written where it was asked for.
 * - `BUDGET_EXCEEDED`: what was built is larger than its definition allows.
 * - `STORE_BUSY`: another process uses the store while something is to be removed from it.
 * - `CACHE_UNUSABLE`: the cache's directory, or a lock in it, cannot be opened, made or locked.
 * - `STORE_DAMAGED`: the store holds something that is not what it is called.
 * - `NOTHING_FAILED`: no failed build of that slice is kept.
 * - `OUTPUT_INVALID`: a build left something that no layer can carry, or nothing at all.
 * - `KCONFIG_INVALID`, `KCONFIG_NOT_FOUND`: a Kconfig file that cannot be read, or that is missing.
 * - `KERNEL_FACT_WRONG`: the kernel's configuration is not what a slice was told about it.
 */
export type SlicesErrorCode =
  | 'MIRROR_NOT_FOUND'
  | 'APT_FAILED'
  | 'SOURCE_VERSION_GONE'
  | 'SOURCE_BAD_HASH'
  | 'SOURCE_GONE'
  | 'SOURCE_FETCH_FAILED'
  | 'SOURCE_CHANGED'
  | 'PINS_INVALID'
  | 'PINS_STUCK'
  | 'PACKAGE_UNKNOWN'
  | 'TOOLCHAIN_PACKAGE_UNKNOWN'
  | 'TOOLCHAIN_CONFLICT'
  | 'TOOLCHAIN_ADDITIONS_STALE'
  | 'TOOLCHAIN_UNPACK_FAILED'
  | 'HOST_PACKAGE_MISSING'
  | 'KERNEL_DEMAND_INVALID'
  | 'KERNEL_DEMAND_CONFLICT'
  | 'KERNEL_DEMAND_IMPOSSIBLE'
  | 'KERNEL_DEMAND_LOST'
  | 'SLICE_INVALID'
  | 'SLICE_NOT_FOUND'
  | 'SLICE_CYCLE'
  | 'NAME_UNKNOWN'
  | 'BUILD_FAILED'
  | 'DISK_FULL'
  | 'OUTPUT_OCCUPIED'
  | 'OUTPUT_FAILED'
  | 'BUDGET_EXCEEDED'
  | 'STORE_BUSY'
  | 'CACHE_UNUSABLE'
  | 'STORE_DAMAGED'
  | 'NOTHING_FAILED'
  | 'OUTPUT_INVALID'
  | 'KCONFIG_INVALID'
  | 'KCONFIG_NOT_FOUND'
  | 'KERNEL_FACT_WRONG';

/** An error of a slice, its sources or its build. */
export class SlicesError extends CoconError<SlicesErrorCode> {}
