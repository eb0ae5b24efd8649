/**
 * An apt of our own beside the system's: the mirror, proxies and credentials of the system, but the suite of
 * {@link DEBIAN_SUITE}, as if nothing were installed, and all state in the cache. Nothing of the system is changed, and no
 * privileges are needed.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf, redact } from '@cocon-os/cli';
import { programEnvironment } from '@cocon-os/cli/host-program';

import { SlicesError } from '../errors.ts';
import { runProcess, type ProcessOptions, type ProcessResult } from '../run-process.ts';
import { DEBIAN_SUITE, type SourceFile } from './debian-source.ts';
import { mirrorKeyring } from './system-mirror.ts';

/** A private apt, configured and ready. */
export interface PrivateApt {
  /** Reads the mirror's lists anew and checks their signatures. Throws `APT_FAILED`. */
  update(): Promise<void>;
  /** The versions of a source package that the mirror has, as of the last update. */
  versions(sourcePackage: string): Promise<readonly string[]>;
  /** The same with their files, as the signed lists have them. */
  sources(sourcePackage: string): Promise<readonly SourceRecord[]>;
  /** The source packages of the mirror, by all names that they go by: their own, and those of their binary packages. */
  sourceNames(): Promise<ReadonlyMap<string, string>>;
  /**
   * Downloads the named files of a source package, and no others, into a directory; apt checks them against the signed
   * lists. Throws `APT_FAILED`.
   */
  download(sourcePackage: string, version: string, names: readonly string[], into: string): Promise<void>;
  /**
   * The binary packages that installing `names` on an empty system comes to, recommendations left out, each as the fields
   * of its control file. Throws `APT_FAILED`.
   */
  closure(names: readonly string[]): Promise<readonly ControlFields[]>;
  /**
   * What installing `names` comes to on a system that has `installed`, recommendations left out:
   * packages that are added, those of the system that would be replaced or removed for it, and
   * apt's own words where it finds no way at all.
   */
  onTopOf(installed: readonly ControlFields[], names: readonly string[]): Promise<OnTop>;
  /**
   * The control files of packages in those very versions; what the mirror does not have is left
   * out.
   */
  controls(
    packages: readonly { readonly name: string; readonly version: string }[],
  ): Promise<readonly ControlFields[]>;
  /** The names of all binary packages of the mirror, as of the last update. */
  packageNames(): Promise<ReadonlySet<string>>;
  /** The versions of binary packages that the mirror has, as of the last update, by name; none of a package that it does not know. */
  packageVersions(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Downloads binary packages, each named `package=version`, into a directory, checked like sources. Throws `APT_FAILED`. */
  downloadPackages(packages: readonly string[], into: string): Promise<void>;
  /** Downloads the file at an address to `path`, unchecked; `action` is what for. Throws `APT_FAILED`, see {@link isNotFound}. */
  fetch(address: string, path: string, action: string): Promise<void>;
}

/** A source package in one version. */
export interface SourceRecord {
  readonly package: string;
  readonly version: string;
  /** All but its `.dsc`. */
  readonly files: readonly SourceFile[];
}

/** What {@link PrivateApt.onTopOf} finds. */
export interface OnTop {
  readonly added: readonly ControlFields[];
  /** Without `to`: removed. */
  readonly changed: readonly { readonly name: string; readonly from: string; readonly to?: string }[];
  readonly failure?: string;
}

/** Whether apt says that the server has answered 404. */
export function isNotFound(failure: unknown): boolean {
  return /\s404 {2}Not Found/.test(messageOf(failure));
}

/** Fields of a binary package's control file (deb-control(5)), by their names. */
export type ControlFields = Readonly<Record<string, string>>;

/** Where apt keeps the programs that are not for people. */
const APT_PROGRAMS = '/usr/lib/apt';

/** What is a list for programs is no word about the progress. */
const QUIET: ProcessOptions = { onLine() {} };

/** What binary packages are for: the machine that builds. */
export const ARCHITECTURE = 'amd64';

/** Sets up the private apt in `directory` for a mirror; without one, it only fetches from addresses. */
export async function privateApt(
  directory: string,
  mirror: string | undefined,
  onLine: (line: string) => void = () => {},
): Promise<PrivateApt> {
  const state = join(directory, 'state');
  const cache = join(directory, 'cache');
  await mkdir(join(state, 'lists/partial'), { recursive: true });
  await mkdir(join(cache, 'archives/partial'), { recursive: true });
  const sources = join(directory, 'debian.sources');
  await writeFile(
    sources,
    mirror === undefined
      ? ''
      : `Types: deb deb-src\nURIs: ${mirror}\nSuites: ${DEBIAN_SUITE} ${DEBIAN_SUITE}-updates\nComponents: main\nSigned-By: ${mirrorKeyring()}\n`,
  );
  await writeFile(join(directory, 'nothing-installed'), '');
  const configuration = join(directory, 'apt.conf');
  await writeFile(configuration, configurationText(directory, sources, state, cache));

  const apt = (
    program: string,
    args: readonly string[],
    options: ProcessOptions = {},
  ): Promise<ProcessResult> => {
    const usual = programEnvironment({}, ['network', 'apt']);
    return runProcess(program, ['--config-file', configuration, ...args], {
      ...options,
      environment: { ...usual, PATH: `${usual.PATH}:${APT_PROGRAMS}` },
    });
  };
  const demand = async (
    program: string,
    action: string,
    args: readonly string[],
    options: ProcessOptions = {},
  ): Promise<ProcessResult> => {
    const result = await apt(program, args, {
      onLine: (line) => onLine(redact(line)),
      ...options,
    });
    const { status, tail } = result;
    if (status === 0) return result;
    throw new SlicesError(
      'APT_FAILED',
      redact(`Cannot ${action}: ${program} ended with ${status}\n${tail.slice(-8).join('\n')}`),
      {
        hint: `Check the network and the mirror ${redact(mirror ?? 'of the system')}; COCON_DEBIAN_MIRROR names another one.`,
      },
    );
  };

  return {
    async update() {
      await demand('apt-get', `read the lists of ${DEBIAN_SUITE}`, ['update', '--error-on=any']);
    },
    async versions(sourcePackage) {
      const { stdout } = await apt('apt-cache', ['showsrc', '--only-source', sourcePackage]);
      return [...stdout.matchAll(/^Version: (.+)$/gm)].map(([, version = '']) => version);
    },
    async sources(sourcePackage) {
      return sourceRecords((await apt('apt-cache', ['showsrc', '--only-source', sourcePackage])).stdout);
    },
    async sourceNames() {
      const { stdout } = await demand(
        'apt-get',
        'list the source packages',
        ['indextargets', '--format', '$(FILENAME)', 'Created-By: Sources'],
        QUIET,
      );
      const names = new Map<string, string>();
      for (const list of stdout.split('\n').filter((path) => path !== '')) {
        const read = await apt('apt-helper', ['cat-file', list]);
        if (read.status === 0) addNames(names, read.stdout);
      }
      return names;
    },
    async fetch(address, path, action) {
      await demand('apt-helper', action, ['download-file', address, path]);
    },
    async download(sourcePackage, version, names, into) {
      await mkdir(into, { recursive: true });
      const what = `${sourcePackage}=${version}`;
      const args = ['source', '--download-only', '--only-source', '--print-uris', what];
      const listed = (await demand('apt-get', `find the files of ${what}`, args, QUIET)).stdout;
      const files = [...listed.matchAll(/^'(\S+)' (\S+) \d+ (\S+)$/gm)].filter(([, , name = '']) =>
        names.includes(name),
      );
      const wanted = files.flatMap(([, uri = '', name = '', hash = '']) => [uri, join(into, name), hash]);
      await demand('apt-helper', `download ${names.join(' and ')}`, ['download-file', ...wanted]);
    },
    async closure(names) {
      const { stdout } = await demand(
        'apt-get',
        `resolve ${names.join(', ')}`,
        ['install', '--simulate', ...names],
        QUIET,
      );
      const chosen = [...stdout.matchAll(/^Inst (\S+) \((\S+) /gm)].map(
        ([, name, version]) => `${name}=${version}`,
      );
      return controlFiles((await apt('apt-cache', ['show', ...chosen])).stdout);
    },
    async onTopOf(installed, names) {
      const status = join(directory, 'installed');
      await writeFile(status, installed.map(statusParagraph).join('\n'));
      const args = ['--option', `Dir::State::status=${status}`, 'install', '--simulate', ...names];
      const { status: code, stdout, tail } = await apt('apt-get', args);
      const lines = [...stdout.matchAll(/^(Inst|Remv) (\S+) (?:\[(\S+)\] ?)?(?:\((\S+) )?/gm)];
      const added = lines.flatMap(([, , name, from, to]) =>
        from === undefined && to !== undefined ? [`${name}=${to}`] : [],
      );
      const changed = lines.flatMap(([, , name = '', from, to]) =>
        from === undefined ? [] : [{ name, from, ...(to === undefined ? {} : { to }) }],
      );
      return {
        added: added.length === 0 ? [] : controlFiles((await apt('apt-cache', ['show', ...added])).stdout),
        changed,
        ...(code === 0 ? {} : { failure: tail.slice(-8).join('\n') }),
      };
    },
    async controls(packages) {
      const wanted = packages.map(({ name, version }) => `${name}=${version}`);
      return controlFiles((await apt('apt-cache', ['show', ...wanted], QUIET)).stdout);
    },
    async packageNames() {
      const { stdout } = await demand('apt-cache', 'list the packages', ['pkgnames'], QUIET);
      return new Set(stdout.split('\n').filter((name) => name !== ''));
    },
    async packageVersions(names) {
      const { stdout } = await demand('apt-cache', 'list versions of packages', ['madison', ...names], QUIET);
      const found = [...stdout.matchAll(/^ *(\S+) \| +(\S+) \| /gm)];
      const versionsOf = (wanted: string): readonly string[] => [
        ...new Set(found.flatMap(([, name, version = '']) => (name === wanted ? [version] : []))),
      ];
      return new Map(names.map((name) => [name, versionsOf(name)]));
    },
    async downloadPackages(packages, into) {
      await mkdir(into, { recursive: true });
      await demand('apt-get', `download ${packages.length} packages`, ['download', ...packages], {
        cwd: into,
      });
    },
  };
}

/** Source packages as apt-cache shows them, with a blank line between two. */
function sourceRecords(text: string): SourceRecord[] {
  return text.split(/\n{2,}/).flatMap((paragraph) => {
    const name = /^Package: (\S+)$/m.exec(paragraph)?.[1];
    const version = /^Version: (\S+)$/m.exec(paragraph)?.[1];
    const sums = /^Checksums-Sha256:\s*\n((?: .+(?:\n|$))+)/m.exec(paragraph)?.[1] ?? '';
    if (name === undefined || version === undefined) return [];
    const files = [...sums.matchAll(/^ ([0-9a-f]{64}) \d+ (\S+)$/gm)]
      .map(([, sha256 = '', file = '']) => ({ name: file, sha256 }))
      .filter((file) => !file.name.endsWith('.dsc'));
    return [{ package: name, version, files }];
  });
}

function addNames(names: Map<string, string>, list: string): void {
  let source = '';
  // Names of binary packages may run on over continued lines.
  for (const [, field = '', value = ''] of list.matchAll(/^(Package|Binary): (.*(?:\n .*)*)/gm)) {
    if (field === 'Package') {
      source = value;
      names.set(source, source);
      continue;
    }
    for (const binary of value.split(/[\s,]+/)) if (!names.has(binary)) names.set(binary, source);
  }
}

/** Control files as apt-cache shows them, with a blank line between two; continued lines are left out. */
function controlFiles(text: string): ControlFields[] {
  return text
    .split(/\n{2,}/)
    .filter((paragraph) => paragraph.startsWith('Package:'))
    .map((paragraph) =>
      Object.fromEntries(
        [...paragraph.matchAll(/^([A-Za-z0-9-]+): (.*)$/gm)].map(([, name = '', value = '']) => [
          name,
          value,
        ]),
      ),
    );
}

/** The fields that decide what goes with an installed package. */
const RELATIONS = [
  'Package',
  'Version',
  'Architecture',
  'Multi-Arch',
  'Pre-Depends',
  'Depends',
  'Provides',
  'Conflicts',
  'Breaks',
  'Replaces',
];

/** A package as dpkg notes that it is installed. */
function statusParagraph(control: ControlFields): string {
  const lines = RELATIONS.flatMap((field) => {
    const value = control[field];
    return value === undefined ? [] : [`${field}: ${value}\n`];
  });
  return `${lines.join('')}Status: install ok installed\nMaintainer: none\nDescription: none\n`;
}

function configurationText(directory: string, sources: string, state: string, cache: string): string {
  return [
    `Dir::Etc::sourcelist "${sources}";`,
    'Dir::Etc::sourceparts "/dev/null";',
    `Dir::State "${state}";`,
    `Dir::State::status "${join(directory, 'nothing-installed')}";`,
    `APT::Architecture "${ARCHITECTURE}";`,
    `APT::Architectures { "${ARCHITECTURE}"; };`,
    'APT::Install-Recommends "false";',
    `Dir::Cache "${cache}";`,
    // The cache may lie where apt's own user cannot write.
    'APT::Sandbox::User "";',
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    '#clear Acquire::IndexTargets;',
    'Acquire::IndexTargets::deb::Packages { MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages"; ShortDescription "Packages"; };',
    'Acquire::IndexTargets::deb-src::Sources { MetaKey "$(COMPONENT)/source/Sources"; ShortDescription "Sources"; };',
    '',
  ].join('\n');
}
