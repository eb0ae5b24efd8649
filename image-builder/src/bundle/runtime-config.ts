/** What the runtime is told about a container: what its image says, in a cage that is the same for all. */
import type { Execution } from './image-execution.ts';
import type { Mount, Namespace, Resources, RuntimeConfig } from './runtime-spec.ts';
import { seccompFor } from './seccomp-profile.ts';
import type { ResolvedUser } from './user.ts';

/** `none`: a network of its own with nothing but a loopback. `host`: the device's. */
export type ContainerNetwork = 'none' | 'host';

/** What becomes `config.json`. */
export interface ContainerPlan {
  /** Host name, control group and identity on the device. */
  readonly name: string;
  /** OCI's word for the processor. */
  readonly architecture: string;
  readonly execution: Execution;
  readonly user: ResolvedUser;
  readonly resources: Resources;
  readonly network: ContainerNetwork;
}

const SPEC_VERSION = '1.1.0';

/** Where programs are looked for when the image does not say: what other engines take. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What root in a container may do: give files and processes of the container away, and listen on low ports. */
const CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETGID',
  'CAP_SETUID',
] as const;

/** When memory runs out, containers go before what runs the device. */
const OOM_SCORE = 500;

const HARMLESS = ['nosuid', 'noexec', 'nodev'] as const;
/** Where programs unpack others: PyInstaller and JNA in /tmp, s6-overlay in /run. */
const EXECUTABLE = ['nosuid', 'nodev'] as const;

/** The root is read-only, so each of these lies on a directory of the bundle. */
const MOUNTS: readonly Mount[] = [
  { destination: '/proc', type: 'proc', source: 'proc', options: HARMLESS },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'noexec', 'mode=755', 'size=64k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  { destination: '/dev/shm', type: 'tmpfs', source: 'tmpfs', options: [...HARMLESS, 'mode=1777'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...HARMLESS, 'ro'] },
  { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...HARMLESS, 'ro'] },
  { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: [...EXECUTABLE, 'mode=1777'] },
  { destination: '/run', type: 'tmpfs', source: 'tmpfs', options: [...EXECUTABLE, 'mode=755'] },
];

/** The directory with the device's name servers, on the device and in containers that share its network. */
export const NAME_SERVERS = '/run/resolv';

/** For whoever shares the device's network: the directory, in which a lease replaces resolv.conf. */
const DEVICE_NAME_SERVERS: Mount = {
  destination: NAME_SERVERS,
  type: 'bind',
  source: NAME_SERVERS,
  options: ['bind', 'ro', ...HARMLESS],
};

/** In a network of its own everybody may ping, as with Docker; of the device's network the device says so itself. */
const OWN_NETWORK = { 'net.ipv4.ping_group_range': '0 2147483647' };

/** Directories that the root file system has to have. */
export const MOUNT_POINTS: readonly string[] = ['proc', 'dev', 'sys', 'tmp', 'run'];

/** What of /proc and /sys tells about the device or reaches into it. */
const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const READ_ONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** The whole of `config.json`. Equal plans give equal bytes. */
export function runtimeConfig(plan: ContainerPlan): RuntimeConfig {
  const { name, execution, user } = plan;
  // Only root has any: a plain user's program would not keep them over execve(2).
  const capabilities = user.user.uid === 0 ? CAPABILITIES : [];
  return {
    ociVersion: SPEC_VERSION,
    hostname: name,
    root: { path: 'rootfs', readonly: true },
    process: {
      terminal: false,
      user: user.user,
      args: execution.args,
      env: environment(execution, user.home),
      cwd: execution.workingDirectory,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: true,
      oomScoreAdj: OOM_SCORE,
    },
    mounts: plan.network === 'host' ? [...MOUNTS, DEVICE_NAME_SERVERS] : MOUNTS,
    linux: {
      cgroupsPath: `/containers/${name}`,
      namespaces: namespaces(plan.network),
      resources: plan.resources,
      ...(plan.network === 'none' ? { sysctl: OWN_NETWORK } : {}),
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READ_ONLY_PATHS,
      seccomp: seccompFor(plan.architecture),
    },
  };
}

/**
 * The image's variables behind those that every program counts on; of equal names the last is the one that counts. A name
 * without "=" leaves one of the latter out, as Docker does.
 */
function environment({ env, withoutDefault }: Execution, home: string): readonly string[] {
  const values = new Map([
    ['PATH', DEFAULT_PATH],
    ['HOME', home],
  ]);
  for (const name of withoutDefault) values.delete(name);
  for (const each of env) {
    const at = each.indexOf('=');
    values.set(each.slice(0, at), each.slice(at + 1));
  }
  return [...values].map(([name, value]) => `${name}=${value}`);
}

function namespaces(network: ContainerNetwork): readonly Namespace[] {
  const types = ['pid', 'mount', 'ipc', 'uts', 'cgroup'] as const;
  return [...types, ...(network === 'none' ? (['network'] as const) : [])].map((type) => ({ type }));
}
