/** How programs and libraries are compiled against our musl: shell words for recipes, the same for every target. */
import type { TargetNames } from '@cocon-os/engine';

/**
 * Small code, in sections that the linker can drop one by one. `idirafter`: the kernel's headers answer for what musl has
 * none of, and for nothing else. A slice with these has `musl` and `linux-headers` among its needs.
 */
export const SMALL =
  '-Os -g0 -pipe -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -idirafter /needs/linux-headers/include';

/** Beside {@link SMALL}, for programs that read what others have written: a smashed stack ends them. */
export const GUARDED = '-fstack-protector-strong -D_FORTIFY_SOURCE=0';

/** Links a static program without what nothing refers to. */
export const STATIC = '-static -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now';

/** Variables for a Makefile or a configure script: `CC=… AR=…`. */
export function tools({ triplet }: TargetNames): string {
  return `CC=/needs/musl/bin/musl-gcc AR=${triplet}-gcc-ar RANLIB=${triplet}-gcc-ranlib STRIP=${triplet}-strip`;
}

/**
 * The start of a call of a configure script. It is told of a cross build on every target: what it could try to run would
 * say how the machine that builds behaves.
 */
export function configure(target: TargetNames): string {
  const host = target.triplet.replace('-gnu', '-musl');
  return `./configure --build=x86_64-pc-linux-gnu --host=${host} --prefix=/usr ${tools(target)}`;
}
