/** Debian's docker-registry on this machine, and skopeo to fill it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { sh } from './sh.ts';

/** A running registry. */
export interface Registry {
  /** Address and port. */
  readonly host: string;
  /** Where its files lie. */
  readonly storage: string;
  readonly stop: () => void;
}

/** Starts a registry in a new `directory` with the given `auth:` section of its configuration. */
export async function startRegistry(directory: string, auth: string): Promise<Registry> {
  mkdirSync(directory);
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const storage = join(directory, 'storage');
  const config = join(directory, 'config.yml');
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${storage}}}\nhttp: {addr: "${host}"}\n${auth}`,
  );
  const server = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const stop = (): void => void server.kill();
  let diagnostics = '';
  server.stderr.on('data', (text: Buffer) => (diagnostics += text.toString()));
  for (let tries = 0; ; tries += 1) {
    const up = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (up !== undefined) return { host, storage, stop };
    if (tries === 200 || server.exitCode !== null) {
      stop();
      throw new Error(`docker-registry does not answer: ${diagnostics}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Copies an image layout to `reference`. */
export async function pushLayout(
  layout: string,
  reference: string,
  ...options: readonly string[]
): Promise<void> {
  await sh(
    'skopeo copy --quiet --dest-tls-verify=false "${@:3}" "oci:$1" "docker://$2"',
    layout,
    reference,
    ...options,
  );
}
