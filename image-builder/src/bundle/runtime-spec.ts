/**
 * `config.json` of a container, as far as bundles use it: OCI runtime-spec 1.1, config.md and config-linux.md. Names and
 * meanings are the specification's; the section of each part is named.
 */

/** config.md, "Mounts". */
export interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** config.md, "POSIX-platform User". */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids?: readonly number[];
}

/** config.md, "Linux Process": the sets of capabilities(7). */
export interface Capabilities {
  readonly bounding: readonly string[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
}

/** config.md, "Process". */
export interface Process {
  readonly terminal: boolean;
  readonly user: User;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: Capabilities;
  readonly noNewPrivileges: boolean;
  readonly oomScoreAdj: number;
}

/** config-linux.md, "Namespaces". */
export interface Namespace {
  readonly type: 'cgroup' | 'ipc' | 'mount' | 'network' | 'pid' | 'uts';
}

/** config-linux.md, "Control groups". */
export interface Resources {
  /** Bytes; `swap` is memory and swap together. */
  readonly memory?: { readonly limit: number; readonly swap: number };
  /** Microseconds of processor time in each period of microseconds. */
  readonly cpu?: { readonly quota: number; readonly period: number };
  readonly pids: { readonly limit: number };
  /** Later rules count more than earlier ones; the devices of config-linux.md, "Default Devices", are always allowed. */
  readonly devices: readonly { readonly allow: boolean; readonly access: string }[];
}

/** config-linux.md, "Seccomp": a comparison of one argument of a system call. */
export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_MASKED_EQ';
}

/** config-linux.md, "Seccomp": what happens to some system calls; the arguments must all compare. */
export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

/** config-linux.md, "Seccomp". */
export interface Seccomp {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

/** The whole file. */
export interface RuntimeConfig {
  readonly ociVersion: string;
  readonly hostname: string;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly process: Process;
  readonly mounts: readonly Mount[];
  readonly linux: {
    readonly cgroupsPath: string;
    readonly namespaces: readonly Namespace[];
    readonly resources: Resources;
    /** config-linux.md, "Sysctl": of the container's own namespaces. */
    readonly sysctl?: Readonly<Record<string, string>>;
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
    readonly seccomp: Seccomp;
  };
}
