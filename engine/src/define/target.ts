/** What a build's output runs on: one of four architectures of a device, or the machine that builds. */

/**
 * The architectures of devices, as the toolchain's people name them. What is printed as `target` or `platform` is one of these; what is
 * printed as `architecture`, {@link TargetNames.oci}.
 */
export const TARGETS = ['x86_64', 'aarch64', 'riscv64', 'armv7'] as const;

export type Target = (typeof TARGETS)[number];

/** Where a node of the plan runs: on a device, or on the machine that builds (`host`). */
export type Platform = Target | 'host';

/** What each world calls a target. */
export interface TargetNames {
  /** GNU triplet of Debian's cross compiler, the prefix of its programs. */
  readonly triplet: string;
  /** `GOARCH`, as the OCI image spec wants it. */
  readonly oci: string;
  /** `ARCH=` of the kernel's build. */
  readonly linux: string;
  /** Debian's name of the architecture. */
  readonly debian: string;
}

export const TARGET_NAMES: Readonly<Record<Target, TargetNames>> = {
  x86_64: { triplet: 'x86_64-linux-gnu', oci: 'amd64', linux: 'x86', debian: 'amd64' },
  aarch64: { triplet: 'aarch64-linux-gnu', oci: 'arm64', linux: 'arm64', debian: 'arm64' },
  riscv64: { triplet: 'riscv64-linux-gnu', oci: 'riscv64', linux: 'riscv', debian: 'riscv64' },
  armv7: { triplet: 'arm-linux-gnueabihf', oci: 'arm', linux: 'arm', debian: 'armhf' },
};
