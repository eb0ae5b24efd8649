/** The pin of a source package that nobody has pinned yet. */
import { SlicesError } from '../errors.ts';
import { didYouMean } from '../near-names.ts';
import { DEBIAN_SUITE } from '../sources/debian-source.ts';
import type { PrivateApt, SourceRecord } from '../sources/private-apt.ts';
import { isNewer, pinOf } from './move.ts';
import type { SourcePin } from './pin.ts';

/** A source package in its newest version. */
export interface NewestPin {
  readonly package: string;
  readonly pin: SourcePin;
  /** Archives of upstream's that a slice does not unpack. */
  readonly others: SourceRecord['files'];
}

/** The newest that the suite has. Throws `PACKAGE_UNKNOWN` with near names. */
export async function newestPin(apt: PrivateApt, name: string): Promise<NewestPin> {
  let newest: SourceRecord | undefined;
  for (const record of await apt.sources(name)) {
    if (record.package !== name) continue;
    if (newest === undefined || (await isNewer(record.version, newest.version))) newest = record;
  }
  if (newest === undefined) throw await unknown(apt, name);
  const pin = pinOf(newest);
  if (pin === undefined) {
    throw new SlicesError(
      'PACKAGE_UNKNOWN',
      `Cannot pin ${name} ${newest.version}: it has no upstream archive beside Debian's, but ${newest.files.map((each) => each.name).join(', ') || 'nothing'}`,
      {
        hint: 'It is a package of Debian itself, or of an older source format. Use urlSource() or gitSource() with its upstream.',
        facts: { package: name },
      },
    );
  }
  const chosen = [pin.upstream.name, pin.debian.name];
  const others = newest.files.filter((each) => !chosen.includes(each.name) && !each.name.endsWith('.asc'));
  return { package: name, pin, others };
}

async function unknown(apt: PrivateApt, name: string): Promise<SlicesError> {
  const names = await apt.sourceNames();
  const source = names.get(name);
  const hint =
    source === undefined
      ? `${didYouMean(name, names.keys())}The name is that of a source package, as the site of Debian's packages has it.`
      : `It is built from the source package ${source}: cocon pin ${source}`;
  return new SlicesError(
    'PACKAGE_UNKNOWN',
    `Cannot pin "${name}": ${DEBIAN_SUITE} has no source package of that name`,
    { hint, facts: { package: name } },
  );
}
