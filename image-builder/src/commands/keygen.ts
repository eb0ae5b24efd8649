/** `cocon keygen`. */
import { resolve } from 'node:path';

import { defineCommand } from '@cocon-os/cli';

import { generateKeyFiles } from '../keys.ts';
import type { BuilderContext } from './context.ts';

export const keygen = defineCommand({
  name: 'keygen',
  summary: 'Make an Ed25519 key pair: one part signs releases, the other goes into the boot loader',
  args: ['name'],
  options: {},
  examples: [{ title: 'Make release.key and release.pub', command: 'cocon keygen release' }],
  async run({ terminal, cwd }: BuilderContext, { args, json }) {
    const files = await generateKeyFiles(resolve(cwd, args[0] ?? ''));
    if (json) {
      terminal.out(
        `${JSON.stringify({ private: files.privatePath, public: files.publicPath, keyId: files.id })}\n`,
      );
      return;
    }
    terminal.out(`private  ${files.privatePath}\npublic   ${files.publicPath}\nkey id   ${files.id}\n`);
    terminal.err(
      'Keep the private key off the devices, and a copy of it in a safe place: devices trust no other.\n',
    );
  },
});
