/**
 * An apt of our own beside the system's: the mirror, proxies and credentials of the system, but the suite of
 * {@link DEBIAN_SUITE}, as if nothing were installed, and all state in the cache. Nothing of the system is changed, and no
 * privileges are needed.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SlicesError } from '../errors.ts';
import { runProcess, type ProcessOptions, type ProcessResult } from '../run-process.ts';
import { DEBIAN_SUITE } from './debian-source.ts';

/** Debian's own keys; its package of the same name carries those of the next release too. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** A private apt, configured and ready. */
export interface PrivateApt {
  /** Reads the mirror's lists anew and checks their signatures. Throws `APT_FAILED`. */
  update(): Promise<void>;
  /** The versions of a source package that the mirror has, as of the last update. */
  versions(sourcePackage: string): Promise<readonly string[]>;
  /** Downloads a source package into a directory; apt checks it against the signed lists. Throws `APT_FAILED`. */
  download(sourcePackage: string, version: string, into: string): Promise<void>;
  /**
   * The binary packages that installing `names` on an empty system comes to, recommendations left out, each as the fields
   * of its control file. Throws `APT_FAILED`.
   */
  closure(names: readonly string[]): Promise<readonly ControlFields[]>;
  /** Downloads binary packages, each named `package=version`, into a directory, checked like sources. Throws `APT_FAILED`. */
  downloadPackages(packages: readonly string[], into: string): Promise<void>;
}

/** Fields of a binary package's control file (deb-control(5)), by their names. */
export type ControlFields = Readonly<Record<string, string>>;

/** What binary packages are for: the machine that builds. */
const ARCHITECTURE = 'amd64';

/** Sets up the private apt in `directory` for a mirror. */
export async function privateApt(
  directory: string,
  mirror: string,
  onLine: (line: string) => void = () => {},
): Promise<PrivateApt> {
  const state = join(directory, 'state');
  const cache = join(directory, 'cache');
  await mkdir(join(state, 'lists/partial'), { recursive: true });
  await mkdir(join(cache, 'archives/partial'), { recursive: true });
  const sources = join(directory, 'debian.sources');
  await writeFile(
    sources,
    `Types: deb deb-src\nURIs: ${mirror}\nSuites: ${DEBIAN_SUITE} ${DEBIAN_SUITE}-updates\nComponents: main\nSigned-By: ${KEYRING}\n`,
  );
  await writeFile(join(directory, 'nothing-installed'), '');
  const configuration = join(directory, 'apt.conf');
  await writeFile(configuration, configurationText(directory, sources, state, cache));

  const apt = (
    program: string,
    args: readonly string[],
    options: ProcessOptions = {},
  ): Promise<ProcessResult> =>
    runProcess(program, ['--config-file', configuration, ...args], {
      ...options,
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
  const demand = async (
    action: string,
    args: readonly string[],
    options: ProcessOptions = {},
  ): Promise<void> => {
    const { status, tail } = await apt('apt-get', args, { ...options, onLine });
    if (status === 0) return;
    throw new SlicesError(
      'APT_FAILED',
      `Cannot ${action}: apt-get ended with ${status}\n${tail.slice(-8).join('\n')}`,
      {
        hint: `Check the network and the mirror ${mirror}; COCON_DEBIAN_MIRROR names another one.`,
      },
    );
  };

  return {
    update: () => demand(`read the lists of ${DEBIAN_SUITE}`, ['update', '--error-on=any']),
    async versions(sourcePackage) {
      const { stdout } = await apt('apt-cache', ['showsrc', '--only-source', sourcePackage]);
      return [...stdout.matchAll(/^Version: (.+)$/gm)].map(([, version = '']) => version);
    },
    async download(sourcePackage, version, into) {
      await mkdir(into, { recursive: true });
      const args = ['source', '--download-only', '--only-source', `${sourcePackage}=${version}`];
      await demand(`download ${sourcePackage} ${version}`, args, { cwd: into });
    },
    async closure(names) {
      const { status, stdout, tail } = await apt('apt-get', ['install', '--simulate', ...names]);
      if (status !== 0) {
        throw new SlicesError(
          'APT_FAILED',
          `Cannot resolve ${names.join(', ')}\n${tail.slice(-8).join('\n')}`,
          {
            hint: `Look the names up in ${DEBIAN_SUITE}.`,
          },
        );
      }
      const chosen = [...stdout.matchAll(/^Inst (\S+) \((\S+) /gm)].map(
        ([, name, version]) => `${name}=${version}`,
      );
      return controlFiles((await apt('apt-cache', ['show', ...chosen])).stdout);
    },
    async downloadPackages(packages, into) {
      await mkdir(into, { recursive: true });
      await demand(`download ${packages.length} packages`, ['download', ...packages], { cwd: into });
    },
  };
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
