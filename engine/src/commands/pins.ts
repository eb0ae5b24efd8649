/** `cocon pins`. */
import { relative, resolve } from 'node:path';

import { defineCommand, EXIT_FAILED, formatCount, UsageError, type Terminal } from '@cocon-os/cli';

import type { Move } from '../pins/overlay.ts';
import type { SurveyedPin } from '../pins/survey.ts';
import type { PrivateApt } from '../sources/private-apt.ts';
import { asking } from './asking.ts';
import type { SliceContext } from './context.ts';

const ACTIONS = ['check', 'update', 'export'] as const;

export const pins = defineCommand({
  name: 'pins',
  summary:
    "Show whether Debian's archive still has what is pinned (check), move pins to newer point releases (update), or copy their files (export)",
  args: ['check|update|export', 'name-or-directory...'],
  options: {
    machine: {
      type: 'boolean',
      help: "update: move what is gone in this machine's cache alone, and leave the repository as it is",
    },
    'dry-run': { type: 'boolean', help: 'update: say what would move, and move nothing' },
  },
  examples: [
    { title: 'See what the mirror has lost, and what is newer', command: 'cocon pins check' },
    { title: 'Move all pins of this repository to the newest point release', command: 'cocon pins update' },
    { title: 'Move two of them', command: 'cocon pins update linux toolchain' },
    { title: 'Go on building on this machine with what there is', command: 'cocon pins update --machine' },
    {
      title: 'Keep all pinned files, and build from them without a mirror',
      command: 'cocon pins export /mnt/pins && COCON_SOURCES=/mnt/pins cocon build',
    },
  ],
  async run({ terminal, cwd }: SliceContext, { args: [action, ...names], options, json }) {
    const option = (['machine', 'dry-run'] as const).find((name) => options[name]);
    if (action !== 'update' && option !== undefined) {
      throw new UsageError(
        `Cannot run "pins ${action ?? ''}" with --${option}`,
        'The option is one of cocon pins update.',
      );
    }
    if (action === 'check' && names.length === 0) return await check(terminal, json);
    if (action === 'update') {
      const moves = await update(terminal, names, options);
      terminal.out(json ? `${JSON.stringify({ moves })}\n` : await describeMoves(moves, options));
      return undefined;
    }
    const [directory, ...more] = names;
    if (action === 'export' && directory !== undefined && more.length === 0) {
      const done = await exportTo(terminal, resolve(cwd, directory));
      const place = relative(cwd, done.directory) || '.';
      terminal.out(
        json
          ? `${JSON.stringify(done)}\n`
          : `${formatCount(done.files, 'file')} in ${place}; a build takes them with COCON_SOURCES=${done.directory}\n`,
      );
      return undefined;
    }
    throw new UsageError(
      `Cannot run "pins ${[action ?? '', ...names].join(' ').trim()}"`,
      `It is one of: ${ACTIONS.map((each) => `cocon pins ${each}${each === 'export' ? ' <directory>' : ''}`).join(', ')}.`,
    );
  },
});

async function surveyed(terminal: Terminal): Promise<readonly SurveyedPin[]> {
  const [{ cacheDirectory }, { withLists }, { surveyPins }, { pins: inForce, repositoryPins }] =
    await Promise.all([
      import('../cache-directory.ts'),
      import('../sources/gather.ts'),
      import('../pins/survey.ts'),
      import('../pins/pins.ts'),
    ]);
  const cache = cacheDirectory();
  return await withLists(cache, asking(terminal), (apt) => surveyPins(apt, inForce, repositoryPins, cache));
}

async function check(terminal: Terminal, json: boolean): Promise<number | undefined> {
  const all = await surveyed(terminal);
  const gone = all.filter(({ offered }) => !offered);
  terminal.out(json ? `${JSON.stringify({ pins: all })}\n` : describeCheck(all));
  if (gone.length === 0) return undefined;
  terminal.err(
    'hint: cocon pins update moves the pins of the repository, cocon pins update --machine those of this machine alone\n',
  );
  return EXIT_FAILED;
}

function describeCheck(all: readonly SurveyedPin[]): string {
  const shown = all.filter(
    ({ offered, movedFrom, newer }) => !offered || movedFrom !== undefined || newer !== undefined,
  );
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  const rows = shown.map(({ kind, name, version, movedFrom, offered, cached, newer }) => {
    const words = [
      ...(offered ? [] : [`gone from the mirror${cached ? ', in the cache' : ''}`]),
      ...(movedFrom === undefined ? [] : [`moved by this machine from ${movedFrom}`]),
      ...(newer === undefined ? [] : [`newer: ${newer}`]),
    ];
    return `${kind.padEnd(7)}  ${name.padEnd(width)}  ${version}  ${words.join('; ')}\n`;
  });
  const count = (test: (pin: SurveyedPin) => boolean): number => all.filter(test).length;
  const parts = [
    formatCount(all.length, 'pin'),
    `${count(({ offered }) => !offered)} gone from the mirror`,
    `${count(({ movedFrom }) => movedFrom !== undefined)} moved by this machine`,
    `${count(({ newer }) => newer !== undefined)} with a newer point release`,
  ];
  return `${rows.join('')}${parts.join(', ')}\n`;
}

interface UpdateOptions {
  readonly machine: boolean;
  readonly 'dry-run': boolean;
}

async function update(
  terminal: Terminal,
  names: readonly string[],
  options: UpdateOptions,
): Promise<readonly Move[]> {
  const [
    { cacheDirectory },
    { withLists },
    { movesBetween },
    { ensurePins, machineLockOf },
    { writeMachineLock },
    { writeRepositoryPins },
    { pins: inForce, repositoryPins },
    { surveyPins },
  ] = await Promise.all([
    import('../cache-directory.ts'),
    import('../sources/gather.ts'),
    import('../pins/overlay.ts'),
    import('../pins/ensure.ts'),
    import('../pins/machine-lock.ts'),
    import('../pins/repository-files.ts'),
    import('../pins/pins.ts'),
    import('../pins/survey.ts'),
  ]);
  const from = options.machine ? inForce : repositoryPins;
  await assertNames(names, Object.keys(from.sources));
  const cache = cacheDirectory();
  const lost = async (): Promise<readonly string[]> => {
    const look = (apt: PrivateApt): Promise<readonly SurveyedPin[]> =>
      surveyPins(apt, from, repositoryPins, cache);
    const all = await withLists(cache, asking(terminal), look);
    return all.flatMap(({ kind, name, offered }) => {
      if (offered) return [];
      return kind === 'source' ? [name] : [TOOLCHAIN];
    });
  };
  const every = options.machine ? await lost() : [...Object.keys(from.sources), TOOLCHAIN];
  const wanted = names.length === 0 ? every : names;
  const sources = wanted.filter((name) => name !== TOOLCHAIN);
  // Source packages have to be there, whatever the lists name. So many packages are looked for by the lists alone.
  const use = { sources: new Map(sources.map((name) => [name, false])), packages: new Set<string>() };
  const moving = { sources, toolchain: wanted.includes(TOOLCHAIN) };
  const now = await ensurePins({
    pins: from,
    needed: use,
    whole: use,
    moving,
    onlyMoved: true,
    cache,
    onLine: asking(terminal),
  });
  const moves = movesBetween(from, now);
  if (moves.length === 0 || options['dry-run']) return moves;
  if (options.machine) await writeMachineLock(cache, machineLockOf(repositoryPins, now));
  else await writeRepositoryPins(now);
  return moves;
}

/** What stands for all packages of the toolchain. */
const TOOLCHAIN = 'toolchain';

async function assertNames(names: readonly string[], sources: readonly string[]): Promise<void> {
  const known = [...sources, TOOLCHAIN];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const { didYouMean } = await import('../near-names.ts');
  throw new UsageError(
    `Cannot move the pin "${unknown}": there is none of that name`,
    `${didYouMean(unknown, known)}There are ${known.join(', ')}.`,
  );
}

async function describeMoves(moves: readonly Move[], options: UpdateOptions): Promise<string> {
  const [{ moveLines }, { machineLockPath }, { cacheDirectory }, { PIN_FILES }] = await Promise.all([
    import('../pins/overlay.ts'),
    import('../pins/machine-lock.ts'),
    import('../cache-directory.ts'),
    import('../pins/repository-files.ts'),
  ]);
  if (moves.length === 0) return 'Nothing has to move.\n';
  const place = options.machine ? machineLockPath(cacheDirectory()) : Object.values(PIN_FILES).join(' and ');
  const end = options['dry-run'] ? `would move, in ${place}` : `moved, in ${place}`;
  return `${moveLines(moves)
    .map((line) => `${line}\n`)
    .join('')}${formatCount(moves.length, 'pin')} ${end}\n`;
}

async function exportTo(terminal: Terminal, directory: string) {
  const [{ cacheDirectory }, { exportPins }, { pins: inForce }, { wantedOf, wholeUse }] = await Promise.all([
    import('../cache-directory.ts'),
    import('../pins/export.ts'),
    import('../pins/pins.ts'),
    import('../pins/use.ts'),
  ]);
  const wanted = wantedOf(wholeUse(inForce), inForce);
  return await exportPins(wanted, directory, cacheDirectory(), asking(terminal));
}
