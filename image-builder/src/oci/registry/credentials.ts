/**
 * User names and passwords of registries, from the files that `docker login` and `skopeo login`
 * write.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { messageOf } from '@cocon-os/cli';
import { z } from 'zod';

import { BuilderError } from '../../errors.ts';
import { parse } from '../descriptor.ts';

/** What a registry asks for. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const authFile = z.object({
  auths: z.record(z.string(), z.object({ auth: z.string().optional() })).optional(),
});

/** The places that are looked at, in this order (containers-auth.json(5)). */
export function credentialFiles(environment: NodeJS.ProcessEnv): readonly string[] {
  return [
    environment['REGISTRY_AUTH_FILE'],
    environment['XDG_RUNTIME_DIR'] === undefined
      ? undefined
      : join(environment['XDG_RUNTIME_DIR'], 'containers/auth.json'),
    join(environment['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'containers/auth.json'),
    join(environment['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'config.json'),
  ]
    .filter((path) => path !== undefined)
    .filter((path) => path !== '');
}

/**
 * The credentials for `host/repository`; the longest path that fits counts. `undefined` where none
 * are kept. Throws `AUTH_FILE_INVALID`.
 */
export async function findCredentials(
  files: readonly string[],
  host: string,
  repository: string,
): Promise<Credentials | undefined> {
  for (const file of files) {
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined) continue;
    const { auths = {} } = readAuths(bytes, file);
    for (const key of keysFor(host, repository)) {
      const encoded = auths[key]?.auth;
      if (encoded === undefined || encoded === '') continue;
      const [username = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
      return { username, password: password.join(':') };
    }
  }
  return undefined;
}

function readAuths(bytes: Uint8Array, file: string): z.infer<typeof authFile> {
  try {
    return parse(authFile, bytes, `"${file}"`, 'an auth file of docker login');
  } catch (cause) {
    throw new BuilderError('AUTH_FILE_INVALID', messageOf(cause), {
      hint: 'Log in again with docker login or skopeo login, or name another file in REGISTRY_AUTH_FILE.',
      cause,
    });
  }
}

function keysFor(host: string, repository: string): readonly string[] {
  const parts = repository.split('/');
  const paths = parts.map((_, position) => `${host}/${parts.slice(0, parts.length - position).join('/')}`);
  const hub = host === 'docker.io' ? [`https://index.${host}/v1/`] : [];
  return [...paths, host, ...hub, `https://${host}`, `https://${host}/v2/`, `http://${host}`];
}
