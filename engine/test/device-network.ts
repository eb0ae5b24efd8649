/**
 * A device in a network: its scripts and its busybox in a network namespace of their own, each card a veth whose other end lies in a
 * namespace where DHCP servers (Debian's udhcpd) run. Needs no root.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { onTestFinished } from 'vitest';

import { deviceShell, type DeviceOptions, type DeviceShell } from './device-shell.ts';

const MAY_TAKE_MS = 30_000;

/** A DHCP server of one card's network. */
export interface DhcpServer {
  /** The first of its ten addresses, as `192.0.2.10`. It is itself the first address of that network. */
  readonly first: string;
  /** Options in the words of udhcpd.conf, `router 192.0.2.1`. */
  readonly options?: readonly string[];
}

/** A device, and the networks that its cards are in. */
export class DeviceNetwork {
  readonly #device: DeviceShell;
  /** Whose namespaces are the networks'. */
  readonly #lab: ChildProcess;
  readonly #devicePid: number;
  readonly #servers = new Map<string, ChildProcess>();
  readonly #scratch = mkdtempSync(join(tmpdir(), 'cocon-network-'));

  private constructor(device: DeviceShell, lab: ChildProcess, devicePid: number) {
    this.#device = device;
    this.#lab = lab;
    this.#devicePid = devicePid;
  }

  /** Starts a device without cards. It goes with the test. */
  static async start(options: DeviceOptions): Promise<DeviceNetwork> {
    const device = await deviceShell(options);
    const alone = ['--user', '--map-root-user', '--net', '--mount'];
    const lab = spawn('unshare', [...alone, 'sh', '-c', 'echo ready; exec sleep infinity'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void lab.kill('SIGKILL'));
    await once(lab.stdout, 'data');
    const bwrap = ['unshare', '--net', 'bwrap', '--cap-add', 'ALL', '--info-fd', '3', ...device.sandbox];
    const child = spawn('nsenter', [...inside(lab.pid), ...bwrap, '/bin/sleep', '1000000'], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const info = createInterface(child.stdio[3] as Readable);
    let text = '';
    for await (const line of info) {
      text += line;
      if (line.includes('}')) break;
    }
    const { 'child-pid': devicePid } = JSON.parse(text) as { 'child-pid': number };
    const network = new DeviceNetwork(device, lab, devicePid);
    onTestFinished(() => rmSync(network.#scratch, { recursive: true, force: true }));
    await until(() => network.run('ip link set lo up').status === 0);
    return network;
  }

  /**
   * Puts in a card, and the first address of its network at the other end. What sysfs shows of hardware, which a veth has not, is
   * written by hand.
   */
  addCard(name: string): void {
    const other = `net-${name}`;
    this.#inLab('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', other);
    this.#inLab('ip', 'link', 'set', name, 'netns', String(this.#devicePid));
    this.#inLab('ip', 'link', 'set', other, 'up');
    const { output } = this.run(`ip link set ${name} up; ip link show ${name}`);
    const sysfs = this.#device.path(`sys/class/net/${name}`);
    mkdirSync(`${sysfs}/device`, { recursive: true });
    writeFileSync(`${sysfs}/ifindex`, `${/^(\d+):/m.exec(output)?.[1] ?? ''}\n`);
    writeFileSync(`${sysfs}/carrier`, '1\n');
  }

  /** Pulls a card out. */
  removeCard(name: string): void {
    this.#inLab('ip', 'link', 'del', `net-${name}`);
    rmSync(this.#device.path(`sys/class/net/${name}`), { recursive: true });
  }

  /** Starts a server in a card's network, in place of the one that there was. */
  async serve(card: string, { first, options = [] }: DhcpServer): Promise<void> {
    await this.silence(card);
    const network = first.replace(/\.\d+$/, '');
    this.#inLab('ip', 'addr', 'replace', `${network}.1/24`, 'dev', `net-${card}`);
    const leases = join(this.#scratch, `${card}-${network}.leases`);
    // A server that comes back remembers whom it has given what.
    writeFileSync(leases, '', { flag: 'a' });
    rmSync(`${leases}.pid`, { force: true });
    const file = join(this.#scratch, `${card}.conf`);
    const last = first.replace(/\d+$/, (byte) => String(Number(byte) + 9));
    writeFileSync(
      file,
      [
        `start ${first}\nend ${last}\ninterface net-${card}\nlease_file ${leases}\npidfile ${leases}.pid`,
        'opt subnet 255.255.255.0',
        ...options.map((option) => `opt ${option}`),
        '',
      ].join('\n'),
    );
    const server = spawn('nsenter', [...inside(this.#lab.pid), 'udhcpd', '-f', file], { stdio: 'ignore' });
    this.#servers.set(card, server);
    onTestFinished(() => void server.kill('SIGKILL'));
    await until(() => existsSync(`${leases}.pid`));
  }

  /** Ends the server of a card's network. */
  async silence(card: string): Promise<void> {
    const server = this.#servers.get(card);
    this.#servers.delete(card);
    if (server?.kill() === true) await once(server, 'exit');
  }

  /** Runs a script on the device to its end. */
  run(script: string): { readonly output: string; readonly status: number | null } {
    const { stdout, stderr, status } = spawnSync('nsenter', [...this.#onDevice(), '/bin/sh', '-c', script], {
      encoding: 'utf8',
      timeout: MAY_TAKE_MS,
    });
    return { output: stdout + stderr, status };
  }

  /** Starts a script that goes on. Returns what it has printed so far. */
  begin(script: string): () => string {
    const child = spawn('nsenter', [...this.#onDevice(), '/bin/sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    return () => output;
  }

  /** Waits until a script of the device ends with status 0. */
  async until(script: string): Promise<void> {
    await until(() => this.run(script).status === 0, script);
  }

  /** What the kernel says about addresses of the device from now on, in the words of `ip monitor`. */
  async watchAddresses(): Promise<() => string> {
    const args = [...inside(this.#lab.pid), 'nsenter', '--target', String(this.#devicePid), '--net'];
    const child = spawn('nsenter', [...args, 'ip', '-o', '-4', 'monitor', 'address'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    // It listens when it has told of a change.
    await until(() => {
      this.run('ip addr add 127.9.9.9/8 dev lo; ip addr del 127.9.9.9/8 dev lo');
      return output.includes('127.9.9.9');
    });
    return () =>
      output
        .split('\n')
        .filter((line) => line !== '' && !line.includes('127.9.9.9'))
        .join('\n');
  }

  #onDevice(): string[] {
    const namespaces = ['--mount', '--net', '--pid', '--uts', '--ipc'];
    const environment = ['/usr/bin/env', '-i', 'PATH=/usr/bin:/bin:/usr/sbin:/sbin'];
    const device = ['--target', String(this.#devicePid), ...namespaces];
    return [...inside(this.#lab.pid), 'nsenter', ...device, ...environment];
  }

  #inLab(...command: readonly string[]): void {
    execFileSync('nsenter', [...inside(this.#lab.pid), ...command], { stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

/** Arguments of nsenter for the networks' namespaces. */
function inside(pid: number | undefined): string[] {
  return ['--target', String(pid), '--user', '--net', '--preserve-credentials'];
}

async function until(holds: () => boolean, what = 'what it waits for'): Promise<void> {
  const end = Date.now() + MAY_TAKE_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
