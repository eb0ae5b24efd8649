import { writeFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { findCredentials } from '../src/oci/registry/credentials.ts';
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
