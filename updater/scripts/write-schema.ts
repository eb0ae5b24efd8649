/** Writes `schema/status.schema.json` from `src/status-schema.ts`; with `--check` only compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { z } from 'zod';

import { statusSchema } from '../src/status-schema.ts';

const TARGET = new URL('../schema/status.schema.json', import.meta.url);

const schema = {
  $id: 'urn:cocon:schema:status:1',
  title: 'cocon-update status --json',
  ...z.toJSONSchema(statusSchema),
};
if (!process.argv.includes('--check')) {
  writeFileSync(TARGET, `${JSON.stringify(schema, undefined, 2)}\n`);
} else if (!isDeepStrictEqual(JSON.parse(readFileSync(TARGET, 'utf8')), schema)) {
  process.stderr.write(
    'schema/status.schema.json is not what src/status-schema.ts says; run: npm run schema -w updater\n',
  );
  process.exitCode = 1;
}
