import { writeFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { findCredentials } from '../src/oci/registry/credentials.ts';
import { parseReference } from '../src/oci/registry/reference.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();

it.each(['{', '[]', '{"auths":{"registry.example":{"auth":1}}}'])(
  'findCredentials() says which auth file it cannot read (%s)',
  async (text) => {
    const path = scratch('config.json');
    writeFileSync(path, text);
    await expect(findCredentials([path], 'registry.example', 'os')).rejects.toMatchObject({
      code: 'AUTH_FILE_INVALID',
      message: expect.stringContaining(`Cannot read "${path}": `) as unknown,
      hint: 'Log in again with docker login or skopeo login, or name another file in REGISTRY_AUTH_FILE.',
    });
  },
);

it.each([
  ['docker.io/alpine:3', 'library/alpine'],
  ['docker.io/library/alpine', 'library/alpine'],
  ['docker.io/maker/os@sha256:' + '0'.repeat(64), 'maker/os'],
])('%s is asked from Docker Hub, with the credentials that docker login keeps', async (text, repository) => {
  const reference = parseReference(text);
  expect(reference).toMatchObject({ host: 'docker.io', server: 'registry-1.docker.io', repository });
  const path = scratch('config.json');
  const auth = Buffer.from('user:word').toString('base64');
  writeFileSync(path, JSON.stringify({ auths: { [`https://index.${reference.host}/v1/`]: { auth } } }));
  expect(await findCredentials([path], reference.host, repository)).toEqual({
    username: 'user',
    password: 'word',
  });
});

it.each([
  ['registry.example/OS@latest', 'registry.example/OS@latest'],
  ['registry.example/OS@sha256:0', 'registry.example/OS@sha256:0'],
  ['registry.example:99999/os', 'registry.example:99999/os'],
  ['256.0.0.1/os', '256.0.0.1/os'],
  ['user:a/b@registry.example/os', '***@registry.example/os'],
  ['user:a@b/c@registry.example/os@sha256:0', '***@registry.example/os@sha256:0'],
])('parseReference() shows "%s" as %s', (text, shown) => {
  expect(() => parseReference(text)).toThrow(`Cannot read "${shown}" as an image reference`);
});
