/**
 * What a container is told about itself: from the words of its image to the numbers and rules of the runtime. One file of more
 * than 500 lines, because each rule is a row of one table.
 */
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';

import { bundleTree, prepareRoot, type RootPlan } from '../src/bundle/bundle-tree.ts';
import { parseExecution } from '../src/bundle/image-execution.ts';
import { resourcesOf } from '../src/bundle/limits.ts';
import { MOUNT_POINTS, runtimeConfig, type ContainerPlan } from '../src/bundle/runtime-config.ts';
import { seccompFor } from '../src/bundle/seccomp-profile.ts';
import { readTreeFile } from '../src/bundle/tree-file.ts';
import { resolveUser } from '../src/bundle/user.ts';
import { emptyDirectory, type Directory, type Inode } from '../src/tree/inode.ts';
import { resolveDirectory } from '../src/tree/resolve.ts';
import { Spool } from '../src/tree/spool.ts';

function executionOf(config: unknown) {
  return parseExecution(Buffer.from(JSON.stringify({ config })), 'the test');
}

describe('parseExecution()', () => {
  it('puts Entrypoint in front of Cmd', () => {
    const execution = executionOf({ Entrypoint: ['/app'], Cmd: ['--all'], WorkingDir: '/srv', User: 'www' });
    expect(execution).toMatchObject({ args: ['/app', '--all'], workingDirectory: '/srv', user: 'www' });
  });

  it('starts Cmd alone for an Entrypoint that was taken away', () => {
    expect(executionOf({ Entrypoint: [''], Cmd: ['/app', ''] }).args).toEqual(['/app', '']);
    expect(executionOf({ Entrypoint: [''] }).args).toEqual([]);
  });

  it.for([undefined, null, {}, { Entrypoint: null, Cmd: null, Env: null, User: null, WorkingDir: '' }])(
    'takes %o for an image that says nothing',
    (config) => {
      expect(executionOf(config)).toEqual({
        args: [],
        env: [],
        withoutDefault: [],
        workingDirectory: '/',
        user: '',
        passedOver: [],
      });
    },
  );

  it('tells what a bundle does not have', () => {
    const config = {
      Volumes: { '/z': {}, '/a': {} },
      StopSignal: 'SIGQUIT',
      Healthcheck: { Test: ['NONE'] },
    };
    expect(executionOf(config).passedOver).toEqual([
      'the volume /a',
      'the volume /z',
      'the stop signal SIGQUIT',
      'the health check',
    ]);
  });

  it.for([
    ['a command that is text', { Cmd: '/bin/sh' }],
    ['an argument that is a number', { Cmd: [1] }],
    ['an argument with a zero byte', { Cmd: ['a\0b'] }],
    ['an argument longer than Linux takes', { Cmd: ['x'.repeat(128 * 1024)] }],
    ['thousands of arguments', { Cmd: Array.from({ length: 5000 }, () => 'x') }],
    ['a variable without a name', { Env: ['=x'] }],
    ['a working directory that climbs', { WorkingDir: '/srv/../..' }],
    ['a user of two lines', { User: 'root\nwww' }],
    ['a user of three parts', { User: 'a:b:c' }],
    ['a list for an object', []],
  ] as const)('refuses %s', ([, config]) => {
    expect(() => executionOf(config)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });

  it.for([
    ['srv/app', '/srv/app'],
    ['./srv', '/./srv'],
    ['//srv', '/srv'],
  ])('counts the working directory "%s" from the root', ([WorkingDir, expected]) => {
    expect(executionOf({ WorkingDir }).workingDirectory).toBe(expected);
  });

  it('takes a variable without "=" for one that has no default, as Docker does', () => {
    const { env, withoutDefault } = executionOf({ Env: ['A=1', 'HOME', 'A', ''] });
    expect({ env, withoutDefault }).toEqual({ env: ['A=1'], withoutDefault: ['HOME', 'A', ''] });
  });

  property.prop([fc.jsonValue()])('gives an execution or MANIFEST_INVALID for any JSON', (config) => {
    let code = '';
    try {
      expect(executionOf(config).workingDirectory).toMatch(/^\//);
    } catch (thrown) {
      code = (thrown as { code: string }).code;
    }
    expect(['', 'MANIFEST_INVALID']).toContain(code);
  });
});

const TABLES = {
  passwd: `# people
root:x:0:0:root:/root:/bin/sh
www:x:33:34:www:/var/www:/bin/false
1000:x:77:78::nowhere:
broken
huge:x:4294967295:0::/:
`,
  group: 'root:x:0:\nwww:x:34:\naudio:x:29:other,www\nvideo:x:44:www\ntwice:x:29:www\n',
};

describe('resolveUser()', () => {
  it.for([
    ['', { user: { uid: 0, gid: 0 }, home: '/root' }],
    ['www', { user: { uid: 33, gid: 34, additionalGids: [29, 44] }, home: '/var/www' }],
    ['33', { user: { uid: 33, gid: 34, additionalGids: [29, 44] }, home: '/var/www' }],
    ['www:video', { user: { uid: 33, gid: 44 }, home: '/var/www' }],
    ['www:5', { user: { uid: 33, gid: 5 }, home: '/var/www' }],
    ['1000', { user: { uid: 77, gid: 78 }, home: '/' }],
    ['5000', { user: { uid: 5000, gid: 0 }, home: '/' }],
    ['5000:6000', { user: { uid: 5000, gid: 6000 }, home: '/' }],
    ['www:', { user: { uid: 33, gid: 34, additionalGids: [29, 44] }, home: '/var/www' }],
    [':www', { user: { uid: 0, gid: 34 }, home: '/root' }],
    [':1235', { user: { uid: 0, gid: 1235 }, home: '/root' }],
    [':', { user: { uid: 0, gid: 0 }, home: '/root' }],
  ] as const)('takes "%s" for %o', ([text, expected]) => {
    expect(resolveUser(text, TABLES)).toEqual(expected);
  });

  it.for(['nobody', 'huge', '4294967295', '99999999999', '-1', 'www:nobody', ':nobody', '0x1'])(
    'refuses "%s"',
    (text) => {
      expect(() => resolveUser(text, TABLES)).toThrow(expect.objectContaining({ code: 'USER_UNKNOWN' }));
    },
  );

  it('needs no tables for numbers', () => {
    const none = { passwd: undefined, group: undefined };
    expect(resolveUser('7:8', none)).toEqual({ user: { uid: 7, gid: 8 }, home: '/' });
    expect(() => resolveUser('root', none)).toThrow(expect.objectContaining({ code: 'USER_UNKNOWN' }));
  });

  property.prop([fc.string(), fc.string(), fc.string()])(
    'gives ids of Linux or USER_UNKNOWN for any text and tables',
    (text, passwd, group) => {
      try {
        const { user, home } = resolveUser(text, { passwd, group });
        for (const id of [user.uid, user.gid, ...(user.additionalGids ?? [])]) {
          expect(id).toBeGreaterThanOrEqual(0);
          expect(id).toBeLessThan(2 ** 32 - 1);
        }
        expect(home).toMatch(/^\//);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'USER_UNKNOWN' });
      }
    },
  );
});

describe('resourcesOf()', () => {
  it('turns words into the numbers of control groups', () => {
    expect(resourcesOf({ memory: '64MiB', cpus: 0.5, pids: 64 })).toEqual({
      memory: { limit: 67_108_864, swap: 67_108_864 },
      cpu: { quota: 50_000, period: 100_000 },
      pids: { limit: 64 },
      devices: [{ allow: false, access: 'rwm' }],
    });
  });

  it('bounds processes though nobody asked', () => {
    expect(resourcesOf({})).toMatchObject({ pids: { limit: 512 } });
  });

  it.for([
    { pids: 0 },
    { pids: 1.5 },
    { pids: Number.NaN },
    { pids: 5_000_000 },
    { cpus: 0 },
    { cpus: -1 },
    { cpus: Number.NaN },
    { cpus: 2000 },
    { memory: '1MiB' },
    { memory: 'much' },
    { memory: '-1' },
  ])('refuses %o', (limits) => {
    expect(() => resourcesOf(limits)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

const PLAN: ContainerPlan = {
  name: 'app',
  architecture: 'amd64',
  execution: executionOf({ Cmd: ['/app'], Env: ['A=1', 'A=2', 'PATH=/bin', 'B=x=y'] }),
  user: { user: { uid: 0, gid: 0 }, home: '/root' },
  resources: resourcesOf({}),
  network: 'none',
};

describe('runtimeConfig()', () => {
  it('cages the container', () => {
    const { root, process, linux, hostname } = runtimeConfig(PLAN);
    expect({ ...linux, seccomp: 0, hostname, root, process }).toMatchInlineSnapshot(`
      {
        "cgroupsPath": "/containers/app",
        "hostname": "app",
        "maskedPaths": [
          "/proc/acpi",
          "/proc/asound",
          "/proc/interrupts",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/sys/devices/virtual/powercap",
          "/sys/firmware",
        ],
        "namespaces": [
          {
            "type": "pid",
          },
          {
            "type": "mount",
          },
          {
            "type": "ipc",
          },
          {
            "type": "uts",
          },
          {
            "type": "cgroup",
          },
          {
            "type": "network",
          },
        ],
        "process": {
          "args": [
            "/app",
          ],
          "capabilities": {
            "bounding": [
              "CAP_CHOWN",
              "CAP_DAC_OVERRIDE",
              "CAP_FOWNER",
              "CAP_FSETID",
              "CAP_KILL",
              "CAP_NET_BIND_SERVICE",
              "CAP_SETGID",
              "CAP_SETUID",
            ],
            "effective": [
              "CAP_CHOWN",
              "CAP_DAC_OVERRIDE",
              "CAP_FOWNER",
              "CAP_FSETID",
              "CAP_KILL",
              "CAP_NET_BIND_SERVICE",
              "CAP_SETGID",
              "CAP_SETUID",
            ],
            "permitted": [
              "CAP_CHOWN",
              "CAP_DAC_OVERRIDE",
              "CAP_FOWNER",
              "CAP_FSETID",
              "CAP_KILL",
              "CAP_NET_BIND_SERVICE",
              "CAP_SETGID",
              "CAP_SETUID",
            ],
          },
          "cwd": "/",
          "env": [
            "PATH=/bin",
            "HOME=/root",
            "A=2",
            "B=x=y",
          ],
          "noNewPrivileges": true,
          "oomScoreAdj": 500,
          "terminal": false,
          "user": {
            "gid": 0,
            "uid": 0,
          },
        },
        "readonlyPaths": [
          "/proc/bus",
          "/proc/fs",
          "/proc/irq",
          "/proc/sys",
          "/proc/sysrq-trigger",
        ],
        "resources": {
          "devices": [
            {
              "access": "rwm",
              "allow": false,
            },
          ],
          "pids": {
            "limit": 512,
          },
        },
        "root": {
          "path": "rootfs",
          "readonly": true,
        },
        "seccomp": 0,
        "sysctl": {
          "net.ipv4.ping_group_range": "0 2147483647",
        },
      }
    `);
  });

  it('leaves out the default of a variable that the image names without a value', () => {
    const execution = executionOf({ Cmd: ['/app'], Env: ['PATH', 'HOME', 'HOME=/home', 'OTHER'] });
    expect(runtimeConfig({ ...PLAN, execution }).process.env).toEqual(['HOME=/home']);
  });

  it('gives a plain user no capability', () => {
    const { process } = runtimeConfig({ ...PLAN, user: { user: { uid: 5, gid: 5 }, home: '/' } });
    expect(process.capabilities).toEqual({ bounding: [], effective: [], permitted: [] });
  });

  it('shares the network when it is asked to, and nothing else', () => {
    const types = (network: ContainerPlan['network']) =>
      runtimeConfig({ ...PLAN, network }).linux.namespaces.map(({ type }) => type);
    expect(types('none').filter((type) => !types('host').includes(type))).toEqual(['network']);
    const mounts = runtimeConfig({ ...PLAN, network: 'host' }).mounts.map(({ source }) => source);
    expect(mounts.at(-1)).toBe('/run/resolv');
  });

  it('covers every directory that a mount needs', () => {
    const { mounts } = runtimeConfig(PLAN);
    const tops = new Set(mounts.map(({ destination }) => destination.split('/')[1]));
    expect(tops).toEqual(new Set(MOUNT_POINTS));
  });
});

describe('seccompFor()', () => {
  const { syscalls, defaultAction } = seccompFor('amd64');
  const unconditional = syscalls.filter(({ args }) => args === undefined);

  it('decides each call once, unless by its arguments', () => {
    const names = unconditional.flatMap(({ names: each }) => each);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    const conditional = new Set(
      syscalls.filter(({ args }) => args !== undefined).flatMap((each) => each.names),
    );
    expect(names.filter((name) => conditional.has(name))).toEqual([]);
  });

  it.for([
    'mount',
    'unshare',
    'setns',
    'keyctl',
    'bpf',
    'ptrace',
    'pivot_root',
    'init_module',
    'kexec_load',
    'clone3',
  ])('refuses %s', (name) => {
    const rule = unconditional.find(({ names }) => names.includes(name));
    expect(rule?.action).toBe('SCMP_ACT_ERRNO');
  });

  it('allows nothing that it does not name', () => {
    expect(defaultAction).toBe('SCMP_ACT_ERRNO');
  });

  it.for(['amd64', 'arm64', 'riscv64', 'arm'])('knows the calls of %s', (architecture) => {
    expect(seccompFor(architecture).architectures).toHaveLength(1);
  });
});

function directory(children: Readonly<Record<string, Inode>> = {}): Directory {
  const links = Object.entries(children).map(([name, inode]) => [name, { inode, layer: 1 }] as const);
  return { ...emptyDirectory(), children: new Map(links) };
}

/** Prepares a root for a container called `app`. Returns what is left out, and the text of a file in its /etc. */
function prepare(root: Directory, { workingDirectory = '/', network = 'none' }: Partial<RootPlan> = {}) {
  using stack = new DisposableStack();
  const spool = stack.adopt(new Spool(), (each) => each.close());
  const left = prepareRoot(root, { name: 'app', workingDirectory, network }, spool);
  const read = (name: string): string | undefined => readTreeFile(root, spool, `/etc/${name}`);
  return { left, hosts: read('hosts'), hostname: read('hostname'), nameServers: read('resolv.conf') };
}

const NODE: Inode = { ...emptyDirectory(), type: 'block-device', major: 254, minor: 0 };

it('readTreeFile() follows links as the kernel does: above the root is the root', () => {
  using stack = new DisposableStack();
  const spool = stack.adopt(new Spool(), (each) => each.close());
  spool.append(Buffer.from('text'));
  const link = (target: string): Inode => ({ ...emptyDirectory(), type: 'symlink', target });
  const root = directory({
    etc: directory({ passwd: link('../../../data/passwd') }),
    data: link('../../usr/data'),
    usr: directory({
      data: directory({ passwd: { ...emptyDirectory(), type: 'file', offset: 0, size: 4 } }),
    }),
  });
  expect(readTreeFile(root, spool, '/etc/passwd')).toBe('text');
});

describe('prepareRoot()', () => {
  it('makes what a read-only root has to have, and leaves device nodes out', () => {
    const root = directory({
      dev: directory({ vda: NODE }),
      srv: directory({ deep: directory({ disk: NODE }) }),
    });
    expect(prepare(root, { workingDirectory: '/srv/app' }).left).toEqual(['2 device nodes']);
    const names = [...root.children.keys()].toSorted();
    expect(names).toEqual(['dev', 'etc', 'proc', 'run', 'srv', 'sys', 'tmp']);
    const srv = root.children.get('srv')?.inode;
    expect(srv?.type === 'directory' ? [...srv.children.keys()] : []).toEqual(['deep', 'app']);
  });

  it('follows a link to a directory of the image', () => {
    const run: Inode = { ...emptyDirectory(), type: 'symlink', target: 'var/run' };
    const root = directory({ run, var: directory({ run: directory() }) });
    prepare(root);
    expect(root.children.get('run')?.inode).toBe(run);
  });

  const link = (target: string): Inode => ({ ...emptyDirectory(), type: 'symlink', target });
  const FILE: Inode = { ...emptyDirectory(), type: 'file', offset: 0, size: 0 };

  it.for([
    ['nothing', () => directory()],
    ['an empty /etc', () => directory({ etc: directory() })],
    [
      'files of the machine that built it',
      () => directory({ etc: directory({ hosts: FILE, hostname: FILE }) }),
    ],
    ['links', () => directory({ etc: directory({ hosts: link('/x'), 'resolv.conf': link('../run/y') }) })],
    [
      'directories',
      () => directory({ etc: directory({ hosts: directory({ x: FILE }), hostname: directory() }) }),
    ],
    ['/etc elsewhere', () => directory({ etc: link('usr/etc'), usr: directory({ etc: directory() }) })],
  ] as const)('gives it names of its own where the image has %s', ([, root]) => {
    const expected = {
      left: [],
      hosts: '127.0.0.1\tlocalhost app\n::1\tlocalhost ip6-localhost ip6-loopback\n',
      hostname: 'app\n',
    };
    expect(prepare(root())).toEqual({ ...expected, nameServers: '' });
    const shared = root();
    expect(prepare(shared, { network: 'host' })).toEqual({ ...expected, nameServers: undefined });
    const etc = resolveDirectory(shared, ['etc'], 'etc')?.directory;
    expect(etc?.children.get('resolv.conf')?.inode).toMatchObject({ target: '/run/resolv/resolv.conf' });
  });

  it('reports lines of /etc/hosts that the image has had', () => {
    const hosts: Inode = { ...FILE, size: 20 };
    expect(prepare(directory({ etc: directory({ hosts }) })).left).toEqual(['the lines of /etc/hosts']);
  });

  it.for([
    ['a file', FILE],
    ['a link that climbs above the root', link('../x')],
  ] as const)('refuses %s in the place of /etc', ([, etc]) => {
    expect(() => prepare(directory({ etc }))).toThrow(
      expect.objectContaining({ code: 'MOUNT_POINT_INVALID' }),
    );
  });

  it('makes the directory that a mount would be on behind a link', () => {
    const run: Inode = { ...emptyDirectory(), type: 'symlink', target: 'tmp/run' };
    const root = directory({ run });
    prepare(root);
    expect(root.children.get('run')?.inode).toBe(run);
    const tmp = root.children.get('tmp')?.inode;
    expect(tmp?.type === 'directory' ? [...tmp.children.keys()] : []).toEqual(['run']);
  });

  it.for([
    ['a file', { ...emptyDirectory(), type: 'file', offset: 0, size: 0 }],
    ['a link to itself', { ...emptyDirectory(), type: 'symlink', target: 'proc' }],
    ['a link that climbs above the root', { ...emptyDirectory(), type: 'symlink', target: '../x' }],
  ] as const)('refuses %s in the place of a mount', ([, proc]) => {
    expect(() => prepare(directory({ proc }))).toThrow(
      expect.objectContaining({ code: 'MOUNT_POINT_INVALID' }),
    );
  });
});

describe('bundleTree()', () => {
  it('puts the instructions beside the root', () => {
    const spool = new Spool();
    spool.append(Buffer.from('before'));
    const tree = bundleTree(directory(), Buffer.from('{}'), spool);
    const config = tree.children.get('config.json')?.inode;
    expect(config).toMatchObject({ type: 'file', offset: 6, size: 2, uid: 0, gid: 0 });
    expect(tree.children.get('rootfs')?.inode.type).toBe('directory');
    spool.close();
  });
});
