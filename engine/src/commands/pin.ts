/** `cocon pin`. */
import { defineCommand, UsageError } from '@cocon-os/cli';

import type { SourceRecord } from '../sources/private-apt.ts';
import type { SourcePin } from '../pins/pin.ts';
import { asking } from './asking.ts';
import type { SliceContext } from './context.ts';

export const pin = defineCommand({
  name: 'pin',
  summary: "Print the source of a slice for one of Debian's source packages, with its version and hashes",
  args: ['package'],
  options: {},
  examples: [
    { title: 'What stands in the definition of a slice of zlib', command: 'cocon pin zlib' },
    { title: 'The same as JSON', command: 'cocon pin zlib --json' },
  ],
  async run({ terminal }: SliceContext, { args: [name], json }) {
    if (name === undefined) throw new UsageError('Cannot pin: no Debian package was named');
    const [{ cacheDirectory }, { withLists }, { newestPin }] = await Promise.all([
      import('../cache-directory.ts'),
      import('../sources/gather.ts'),
      import('../pins/newest-pin.ts'),
    ]);
    const found = await withLists(cacheDirectory(), asking(terminal), (apt) => newestPin(apt, name));
    if (json) terminal.out(`${JSON.stringify(found)}\n`);
    else terminal.out(definition(found.package, found.pin, found.others));
  },
});

function definition(
  name: string,
  { version, upstream, debian }: SourcePin,
  others: SourceRecord['files'],
): string {
  return [
    'source: debianSource({',
    `  package: '${name}',`,
    `  version: '${version}',`,
    ...fileLines('upstream', upstream),
    ...fileLines('debian', debian),
    "  patched: true, // Debian's patch series is applied; false with a reason",
    ...others.map((each) => `  // Not unpacked: ${each.name}`),
    '}),',
    '',
  ].join('\n');
}

function fileLines(label: string, { name, sha256 }: SourcePin['upstream']): readonly string[] {
  return [`  ${label}: {`, `    name: '${name}',`, `    sha256: '${sha256}',`, '  },'];
}
