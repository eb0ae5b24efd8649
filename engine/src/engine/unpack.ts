/** The steps that come before a slice's own: its source is unpacked in `/build/source` and patched. */
import type { BuildStep } from '../define/recipe.ts';
import type { GraphPatch, GraphSource } from '../graph/graph.ts';
import { fileNameOf, type LockedCrate } from '../sources/cargo-lock.ts';
import { ARCHIVE, PATCHES } from '../sources/fetch-graph-source.ts';

/** A local source is put in place before the steps begin, and has none here. */
export function unpackSteps(source: GraphSource | undefined): readonly BuildStep[] {
  switch (source?.kind) {
    case undefined:
    case 'local':
      return [];
    case 'git':
      return [unpack(`--file=/sources/${ARCHIVE}`, []), ...ownPatches(source.patches)];
    case 'url':
      return [
        unpack(`--strip-components=1 --file=/sources/${ARCHIVE}`, source.exclude),
        ...ownPatches(source.patches),
      ];
    case 'crates':
      return [unpackCrates(source.crates)];
    case 'debian': {
      const [upstream = '', debian = ''] = source.files.map(({ name }) => name);
      const first = unpack(`--strip-components=1 --file=/sources/${upstream}`, source.exclude);
      return [first, ...(source.patched ? [debianPatches(debian)] : []), ...ownPatches(source.patches)];
    }
  }
}

/** Members that are newer than the held clock are no reason for a word. */
const TAR = 'tar --extract --no-same-owner --warning=no-timestamp --directory=source';

function unpack(from: string, exclude: readonly string[]): BuildStep {
  const excludes = exclude.map((pattern) => ` --exclude=${quoted(pattern)}`).join('');
  return { name: 'unpack', script: `mkdir source\n${TAR}${excludes} ${from}` };
}

/**
 * One directory for each crate, as cargo's directory sources have them. Each has the checksum that cargo compares with its
 * lock, and none for its files: the archive that they came from was hashed just before.
 */
function unpackCrates(crates: readonly LockedCrate[]): BuildStep {
  const list = crates.map((crate) => `${fileNameOf(crate)} ${crate.sha256}`);
  const script = [
    'mkdir source',
    'while read -r file sha256; do',
    `  ${TAR} --file="/sources/$file"`,
    `  printf '{"files":{},"package":"%s"}' "$sha256" >"source/\${file%.crate}/.cargo-checksum.json"`,
    "done <<'crates'",
    ...list,
    'crates',
  ];
  return { name: 'unpack', script: script.join('\n') };
}

const PATCH = 'patch --batch --forward --strip=1';

/** The slice's own, in its order. One that does not fit exactly fails the step: a hunk in another place is another change. */
function ownPatches(patches: readonly GraphPatch[] = []): readonly BuildStep[] {
  if (patches.length === 0) return [];
  const applied = patches.flatMap(({ name }) => [
    `echo 'patch ${name}'`,
    `${PATCH} --fuzz=0 --input='/sources/${PATCHES}/${name}'`,
  ]);
  return [{ name: 'patches', script: ['cd source', ...applied].join('\n') }];
}

/** Debian's series lists patches in order, with comments (dpkg-source(1), format 3.0 quilt). */
function debianPatches(archive: string): BuildStep {
  const script = [
    `${TAR} --file=/sources/${archive}`,
    'cd source',
    'sed -e "s/[[:space:]]*#.*//" -e "/^$/d" debian/patches/series | while read -r name options; do',
    '  echo "patch $name"',
    `  ${PATCH} --input="debian/patches/$name"`,
    'done',
  ];
  return { name: 'patch', script: script.join('\n') };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
