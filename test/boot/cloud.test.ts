/** The cloud profile on a virtual machine: who may log in, and what is run, as a disk or a metadata service says. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';

import {
  copyImage,
  defineMachine,
  HOST_ADDRESS,
  makeScratch,
  startMachine,
  type Disk,
  type RunningMachine,
} from '@cocon-os/qemu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { sealProfile } from '../support/profile-os.ts';
import { createReleaseKey, logPath, makeDisk } from '../support/releases.ts';
import { Guest } from './guest.ts';

const SSH_PORT = 22;
/** What the data source says has been done, and the SSH server listens. */
const READY = 'until [ -e /run/cocon/cloud-done ] && netstat -ltn | grep -q ":22 "; do sleep 1; done';

const scratch = makeScratch('cloud');
afterAll(() => scratch[Symbol.dispose]());

const key = createReleaseKey();
const userKey = scratch.file('id');
const knownHosts = scratch.file('known-hosts');

beforeAll(() => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', userKey]);
});

function publicKey(): string {
  return readFileSync(`${userKey}.pub`, 'utf8').trim();
}

/** A port of this machine that nobody listens on just now. */
async function freePort(): Promise<number> {
  const server = createNetServer();
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
  return port;
}

async function start(name: string, disks: readonly Disk[], hostPort: number): Promise<RunningMachine> {
  const network = { forwards: [{ hostPort, guestPort: SSH_PORT }] };
  const machine = defineMachine({ name, memoryMiB: 256, disks, network });
  return await startMachine(machine, { log: logPath(name) });
}

/** Runs a command over SSH. The host's key is learned at first and has to stay. */
async function ssh(port: number, command: string): Promise<string> {
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=accept-new',
    `UserKnownHostsFile=${knownHosts}`,
    'ConnectTimeout=60',
  ].flatMap((each) => ['-o', each]);
  const args = ['-F', 'none', '-i', userKey, '-p', String(port), ...options, 'root@127.0.0.1', command];
  return (await promisify(execFile)('ssh', args)).stdout.trim();
}

/** A disk as cloud-init's NoCloud wants it: a FAT labelled cidata with two files. */
function makeCidata(path: string, metaData: string, userData: string): void {
  writeFileSync(path, '');
  truncateSync(path, 4 * 2 ** 20);
  execFileSync('mformat', ['-i', path, '-v', 'CIDATA', '::']);
  for (const [name, text] of [
    ['meta-data', metaData],
    ['user-data', userData],
  ] as const) {
    writeFileSync(`${path}.${name}`, text);
    execFileSync('mcopy', ['-i', path, `${path}.${name}`, `::${name}`]);
  }
}

describe('NoCloud', () => {
  test('a key from user-data logs in, is kept without the disk, and the host stays the same', async () => {
    const { sealed } = await sealProfile(scratch.path, key, { profile: 'cloud', version: '1' });
    const disk = scratch.file('disk.img');
    await makeDisk([sealed.output], disk, key);
    const cidata = scratch.file('cidata.img');
    const userData = `#cloud-config\nhostname: edge-7\nssh_authorized_keys:\n  - ${publicKey()}\nruncmd:\n  - reboot\n`;
    makeCidata(cidata, 'instance-id: test-1\n', userData);
    const port = await freePort();
    {
      await using machine = await start(
        'cloud-nocloud',
        [{ path: disk }, { path: cidata, readOnly: true }],
        port,
      );
      const guest = new Guest(machine);
      await guest.booted();
      await guest.online();
      await guest.run(READY);
      await expect(ssh(port, 'hostname; cat /proc/1/comm')).resolves.toBe('edge-7\ninit');
      await guest.shutDown();
    }
    {
      await using machine = await start('cloud-nocloud-again', [{ path: disk }], port);
      const guest = new Guest(machine);
      await guest.booted();
      await guest.online();
      await guest.run(READY);
      await expect(ssh(port, 'hostname')).resolves.toBe('cocon');
      await guest.shutDown();
    }
    const log = readFileSync(logPath('cloud-nocloud'), 'utf8');
    expect(log).toContain('cocon: cloud: passed over in user-data: runcmd');
  });

  test('nobody logs in without a key that was named', async () => {
    const disk = scratch.file('disk.img');
    const port = await freePort();
    await using machine = await start('cloud-none', [{ path: disk, snapshot: true }], port);
    const guest = new Guest(machine);
    await guest.booted();
    await guest.online();
    await guest.run('rm /data/ssh/authorized_keys');
    await guest.run(READY);
    await expect(ssh(port, 'true')).rejects.toThrow(/Permission denied/);
  });
});

/**
 * A stand-in for EC2's metadata service: the same paths, the token and its header as AWS documents them, but at an address
 * of this machine, since QEMU's network has no link-local one.
 */
async function serveMetadata(answers: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer((request, response) => {
    const token = request.headers['x-aws-ec2-metadata-token'];
    if (request.method === 'PUT' && request.url === '/latest/api/token') {
      response.writeHead(request.headers['x-aws-ec2-metadata-token-ttl-seconds'] === undefined ? 400 : 200);
      response.end('dG9rZW4=');
      return;
    }
    const answer = answers[request.url ?? ''];
    response.writeHead(token === 'dG9rZW4=' ? (answer === undefined ? 404 : 200) : 401).end(answer);
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  return server;
}

describe('EC2-style metadata', () => {
  test('gives the key, the host name and a script that is run once', async () => {
    const server = await serveMetadata({
      '/latest/meta-data/instance-id': 'i-0123456789abcdef0',
      '/latest/meta-data/local-hostname': 'ip-10-0-2-15.internal',
      '/latest/meta-data/public-keys/': '0=test',
      '/latest/meta-data/public-keys/0/openssh-key': publicKey(),
      '/latest/user-data': '#!/bin/sh\necho run >>/data/runs\n',
    });
    const { port: metadataPort } = server.address() as AddressInfo;
    const { sealed } = await sealProfile(scratch.path, key, {
      profile: 'cloud',
      version: '2',
      extraCommandLine: `cocon.metadata=http://${HOST_ADDRESS}:${metadataPort}`,
    });
    const fresh = scratch.file('ec2.img');
    const disk = scratch.file('ec2-kept.img');
    await makeDisk([sealed.output], fresh, key);
    await copyImage(fresh, disk);
    const port = await freePort();
    await using machine = await start('cloud-ec2', [{ path: disk }], port);
    const guest = new Guest(machine);
    await guest.booted();
    await guest.run(READY);
    await expect(ssh(port, 'hostname')).resolves.toBe('ip-10-0-2-15');
    guest.reboot();
    await guest.booted();
    await guest.run(READY);
    await expect(guest.run('cat /data/runs')).resolves.toMatchObject({ output: 'run' });
    server.closeAllConnections();
    server.close();
  });
});
