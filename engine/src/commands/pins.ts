/** `cocon pins`. */
import { relative, resolve } from 'node:path';

import { defineCommand, EXIT_FAILED, formatCount, UsageError, type Terminal } from '@cocon-os/cli';

import type { Move } from '../pins/overlay.ts';
import { ADDITIONS_FILE } from '../pins/pin.ts';
import type { SurveyedPin } from '../pins/survey.ts';
import type { PrivateApt } from '../sources/private-apt.ts';
import { asking } from './asking.ts';
import type { SliceContext } from './context.ts';
import type { Added } from './pins-additions.ts';

const ACTIONS = ['check', 'update', 'export', 'add'] as const;

const PLACEHOLDERS: Readonly<Record<string, string>> = { export: ' <directory>', add: ' <package>...' };

export const pins = defineCommand({
  name: 'pins',
  summary:
    "Show whether Debian's archive still has what is pinned (check), move pins to newer point releases (update), copy their files (export), or pin packages that slices of your project build with (add)",
  args: ['check|update|export|add', 'name-or-directory...'],
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
    {
      title: 'Pin a package that a slice of your project builds with, in toolchain.lock.json',
      command: 'cocon pins add libboost-dev',
    },
    { title: "Move your project's packages alone", command: 'cocon pins update additions' },
  ],
  async run({ terminal, cwd }: SliceContext, { args: [action, ...names], options, json }) {
    const option = (['machine', 'dry-run'] as const).find((name) => options[name]);
    if (action !== 'update' && option !== undefined) {
      throw new UsageError(
        `Cannot run "pins ${action ?? ''}" with --${option}`,
        'The option is one of cocon pins update.',
      );
    }
    if (action === 'check' && names.length === 0) return await check(terminal, cwd, json);
    if (action === 'update') {
      const { places, moves } = await update(terminal, cwd, names, options);
      terminal.out(json ? `${JSON.stringify({ moves })}\n` : await describeMoves(moves, places, options));
      return undefined;
    }
    if (action === 'add') {
      const { addPackages } = await import('./pins-additions.ts');
      const done = await addPackages(terminal, cwd, names);
      terminal.out(json ? `${JSON.stringify(done)}\n` : await describeAdded(done));
      return undefined;
    }
    const [directory, ...more] = names;
    if (action === 'export' && directory !== undefined && more.length === 0) {
      const done = await exportTo(terminal, cwd, resolve(cwd, directory));
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
      `It is one of: ${ACTIONS.map((each) => `cocon pins ${each}${PLACEHOLDERS[each] ?? ''}`).join(', ')}.`,
    );
  },
});

async function surveyed(terminal: Terminal, cwd: string): Promise<readonly SurveyedPin[]> {
  const [
    { cacheDirectory },
    { withLists },
    { surveyAdditions, surveyPins },
    { pins: inForce, repositoryPins },
    { readAdditions },
  ] = await Promise.all([
    import('../cache-directory.ts'),
    import('../sources/gather.ts'),
    import('../pins/survey.ts'),
    import('../pins/pins.ts'),
    import('../pins/additions.ts'),
  ]);
  const cache = cacheDirectory();
  const { packages = [] } = (await readAdditions(cwd)) ?? {};
  return await withLists(cache, asking(terminal), async (apt) => [
    ...(await surveyPins(apt, inForce, repositoryPins, cache)),
    ...(await surveyAdditions(apt, packages, cache)),
  ]);
}

async function check(terminal: Terminal, cwd: string, json: boolean): Promise<number | undefined> {
  const all = await surveyed(terminal, cwd);
  const gone = all.filter(({ offered }) => !offered);
  terminal.out(json ? `${JSON.stringify({ pins: all })}\n` : describeCheck(all));
  if (gone.length === 0) return undefined;
  terminal.err(
    'hint: cocon pins update moves the pins of the repository and of this project, cocon pins update --machine those of this machine alone\n',
  );
  return EXIT_FAILED;
}

function describeCheck(all: readonly SurveyedPin[]): string {
  const shown = all.filter(
    ({ offered, movedFrom, newer }) => !offered || movedFrom !== undefined || newer !== undefined,
  );
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  const rows = shown.map(({ kind, name, version, movedFrom, offered, cached, newer, ofProject }) => {
    const words = [
      ...(ofProject === true ? [`of ${ADDITIONS_FILE}`] : []),
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

/** What has moved, and the files that hold it. */
interface Updated {
  readonly moves: readonly Move[];
  readonly places: readonly string[];
}

interface UpdateOptions {
  readonly machine: boolean;
  readonly 'dry-run': boolean;
}

async function update(
  terminal: Terminal,
  cwd: string,
  names: readonly string[],
  options: UpdateOptions,
): Promise<Updated> {
  const [
    { cacheDirectory },
    { withLists },
    { movesBetween, overlaid },
    { ensurePins, machineLockOf },
    { machineLockPath, readMachineLock, writeMachineLock },
    { PIN_FILES, writeRepositoryPins },
    { pins: inForce, repositoryPins },
    { surveyPins },
    { readAdditions, writeAdditions },
    { movedAdditions },
  ] = await Promise.all([
    import('../cache-directory.ts'),
    import('../sources/gather.ts'),
    import('../pins/overlay.ts'),
    import('../pins/ensure.ts'),
    import('../pins/machine-lock.ts'),
    import('../pins/repository-files.ts'),
    import('../pins/pins.ts'),
    import('../pins/survey.ts'),
    import('../pins/additions.ts'),
    import('./pins-additions.ts'),
  ]);
  const additions = options.machine ? undefined : await readAdditions(cwd);
  const from = options.machine ? inForce : repositoryPins;
  await assertNames(names, [
    ...Object.keys(from.sources),
    TOOLCHAIN,
    ...(additions === undefined ? [] : [ADDITIONS]),
  ]);
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
  const every = options.machine ? await lost() : [...Object.keys(from.sources), TOOLCHAIN, ADDITIONS];
  const wanted = names.length === 0 ? every : names;
  const sources = wanted.filter((name) => name !== TOOLCHAIN && name !== ADDITIONS);
  // Source packages have to be there, whatever the lists name. So many packages are looked for by the lists alone.
  const use = { sources: new Map(sources.map((name) => [name, false])), packages: new Set<string>() };
  const moving = { sources, toolchain: wanted.includes(TOOLCHAIN) };
  const onLine = asking(terminal);
  const onlyAdditions = sources.length === 0 && !moving.toolchain;
  const now = onlyAdditions
    ? from
    : await ensurePins({ pins: from, needed: use, whole: use, moving, onlyMoved: true, cache, onLine });
  const moves = movesBetween(from, now);
  // Additions are resolved upon the toolchain, so they follow it.
  const follow = moving.toolchain || wanted.includes(ADDITIONS);
  const { toolchain } = overlaid(now, readMachineLock(cache)).pins;
  const added =
    additions === undefined || !follow ? undefined : await movedAdditions(terminal, toolchain, additions);
  const own = options.machine ? [machineLockPath(cache)] : Object.values(PIN_FILES);
  const updated: Updated = {
    moves: [...moves, ...(added?.moves ?? [])],
    places: [...(moves.length === 0 ? [] : own), ...(added === undefined ? [] : [ADDITIONS_FILE])],
  };
  if (options['dry-run']) return updated;
  if (moves.length > 0 && options.machine) await writeMachineLock(cache, machineLockOf(repositoryPins, now));
  if (moves.length > 0 && !options.machine) await writeRepositoryPins(now);
  if (added !== undefined) await writeAdditions(cwd, added.additions);
  return updated;
}

/** What stands for all packages of the toolchain. */
const TOOLCHAIN = 'toolchain';

/** What stands for all packages that the project adds. */
const ADDITIONS = 'additions';

async function assertNames(names: readonly string[], known: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const { didYouMean } = await import('../near-names.ts');
  throw new UsageError(
    `Cannot move the pin "${unknown}": there is none of that name`,
    `${didYouMean(unknown, known)}There are ${known.join(', ')}.`,
  );
}

async function describeAdded({ known, moves, additions }: Added): Promise<string> {
  const { moveLines } = await import('../pins/overlay.ts');
  const lines = [
    ...moveLines(moves),
    ...known.map((name) => `${name} is in the toolchain already; nothing has to be added for it`),
  ];
  const names = additions.wanted.map((name) => `'${name}'`).join(', ');
  if (known.length === 0 || moves.length > 0) {
    lines.push(
      `${formatCount(additions.packages.length, 'package')} in ${ADDITIONS_FILE}; slices ask for them by packages: [${names}]`,
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}

async function describeMoves(
  moves: readonly Move[],
  places: readonly string[],
  options: UpdateOptions,
): Promise<string> {
  const { moveLines } = await import('../pins/overlay.ts');
  if (moves.length === 0) return 'Nothing has to move.\n';
  const place = places.join(' and ');
  const end = options['dry-run'] ? `would move, in ${place}` : `moved, in ${place}`;
  return `${moveLines(moves)
    .map((line) => `${line}\n`)
    .join('')}${formatCount(moves.length, 'pin')} ${end}\n`;
}

async function exportTo(terminal: Terminal, cwd: string, directory: string) {
  const [
    { cacheDirectory },
    { exportPins },
    { pins: inForce },
    { wantedOf, wholeUse },
    { wantedPackage },
    { readAdditions },
  ] = await Promise.all([
    import('../cache-directory.ts'),
    import('../pins/export.ts'),
    import('../pins/pins.ts'),
    import('../pins/use.ts'),
    import('../sources/wanted.ts'),
    import('../pins/additions.ts'),
  ]);
  const { packages = [] } = (await readAdditions(cwd)) ?? {};
  const wanted = [...wantedOf(wholeUse(inForce), inForce), ...packages.map(wantedPackage)];
  return await exportPins(wanted, directory, cacheDirectory(), asking(terminal));
}
