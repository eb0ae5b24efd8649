/**
 * Programs of the host. This is the one place that starts them (QEMU's terminal apart), and none of them sees the person's
 * environment: it is given words of ours, and of the person's only what {@link KEPT} lists. DESIGN.md, "Programs that are
 * started", has the table.
 */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { delimiter, isAbsolute } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** The environment of a program: all of its variables. */
export type ProgramEnvironment = Readonly<Record<string, string | undefined>>;

/** What a program may need to know of the person who runs it. */
export type Need = 'network' | 'ssh' | 'apt' | 'cargo' | 'cache';

/**
 * Variables of the person that a need lets through; `*` at the end stands for any. None of them decides what bytes come
 * out: what is fetched is compared with a pinned hash, and the cache is addressed by hashes.
 */
export const KEPT: Readonly<Record<Need, readonly string[]>> = {
  // Proxies and certificates of the way to servers, in both spellings.
  network: [
    ...['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [
      name,
      name.toUpperCase(),
    ]),
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
    'CURL_CA_BUNDLE',
  ],
  // How git reaches a server, and who the person is there. HOME has ~/.ssh and ~/.netrc.
  ssh: [
    'HOME',
    'USER',
    'SSH_AUTH_SOCK',
    'SSH_ASKPASS',
    'SSH_ASKPASS_REQUIRE',
    'DISPLAY',
    'GIT_ASKPASS',
    'GIT_SSH',
    'GIT_SSH_COMMAND',
    'GIT_SSH_VARIANT',
    'GIT_SSL_*',
  ],
  // A configuration that stands in for /etc/apt/apt.conf, with proxies and credentials.
  apt: ['APT_CONFIG'],
  // Registries, their tokens, and cargo's own cache of downloads. HOME has ~/.cargo.
  cargo: ['HOME', 'CARGO_HOME', 'CARGO_HTTP_*', 'CARGO_NET_*', 'CARGO_REGISTRIES_*', 'CARGO_REGISTRY_*'],
  // Where the cache is, and which mirror fills it.
  cache: ['HOME', 'XDG_CACHE_HOME', 'COCON_CACHE', 'COCON_DEBIAN_MIRROR'],
};

/** What stands in PATH when the person has none, and where Debian keeps programs that a plain user's PATH leaves out. */
const USUAL_PATH = '/usr/local/bin:/usr/bin:/bin';
const SYSTEM_PATH = '/usr/local/sbin:/usr/sbin:/sbin';

/** No directory is there, and not even root can make one: rustup writes its settings into any other. */
const NO_HOME = '/proc/nonexistent';

/**
 * The environment of a program: `PATH`, `LC_ALL=C.UTF-8`, `TZ=UTC`, a `HOME` that is not there, `TMPDIR` if the person has
 * set it, what `needs` let through, and `words` above all.
 */
export function programEnvironment(
  words: ProgramEnvironment = {},
  needs: readonly Need[] = [],
): ProgramEnvironment & { readonly PATH: string } {
  const { PATH: path, TMPDIR: temporary } = process.env;
  return {
    PATH: searchPath(path),
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    HOME: NO_HOME,
    ...(temporary === undefined || temporary === '' ? {} : { TMPDIR: temporary }),
    ...kept(needs),
    ...words,
  };
}

/** Without entries that depend on the current directory. */
function searchPath(path: string | undefined): string {
  const folders = (path ?? '').split(delimiter).filter(isAbsolute);
  return [folders.length === 0 ? USUAL_PATH : folders.join(delimiter), SYSTEM_PATH].join(delimiter);
}

function kept(needs: readonly Need[]): ProgramEnvironment {
  const names = needs.flatMap((need) => KEPT[need]);
  const isKept = (name: string): boolean =>
    names.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each));
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && isKept(name) ? [[name, value]] : [],
    ),
  );
}

/** Where a stream of a program leads: a pipe, nowhere, to this process's own, or to a descriptor or stream. */
export type Channel = 'pipe' | 'ignore' | 'inherit' | number | NodeJS.WriteStream;

type Piped<Kind extends Channel, Stream> = Kind extends 'pipe' ? Stream : null;

/** How a program is started. */
export interface StartOptions<In extends Channel, Out extends Channel, Err extends Channel> {
  readonly environment: ProgramEnvironment;
  /** Standard input, output and error, then further descriptors from 3 on. */
  readonly stdio: readonly [In, Out, Err, ...(readonly number[])];
  readonly cwd?: string | undefined;
  /** Whether it leads a process group of its own. */
  readonly detached?: boolean;
}

/** Starts a program. The child's `error` event says that it could not be; some faults (ENOTDIR) are thrown instead. */
export function startProgram<const In extends Channel, const Out extends Channel, const Err extends Channel>(
  program: string,
  args: readonly string[],
  { environment, stdio, cwd, detached = false }: StartOptions<In, Out, Err>,
): ChildProcessByStdio<Piped<In, Writable>, Piped<Out, Readable>, Piped<Err, Readable>> {
  const child = spawn(program, args, { env: environment, stdio: [...stdio], cwd, detached });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- spawn() has a pipe for each 'pipe' of `stdio`, else null
  return child as ChildProcessByStdio<Piped<In, Writable>, Piped<Out, Readable>, Piped<Err, Readable>>;
}

/** How a program ended that was waited for. */
export interface Ended {
  /** Exit status; `null` when a signal ended it, or it could not be started. */
  readonly status: number | null;
  readonly stderr: string;
  /** Why it could not be started. */
  readonly error?: Error;
}

/** Runs a program to its end while nothing else happens: for what takes milliseconds. `descriptors` are its 3, 4 and so on. */
export function runProgramNow(
  program: string,
  args: readonly string[],
  environment: ProgramEnvironment,
  descriptors: readonly number[] = [],
): Ended {
  return spawnSync(program, args, {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe', ...descriptors],
    encoding: 'utf8',
  });
}
