import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  chooseMirror,
  parseDeb822Style,
  parseOneLineStyle,
  systemMirror,
} from '../src/sources/system-mirror.ts';
import { errorOf, scratchDirectory } from './support.ts';

const ONE_LINE = `
# deb http://old.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://vendor.example/apt stable-tools main
deb http://mirror.example/debian/ bookworm main contrib # ours
deb-src http://mirror.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
nonsense
`;

const DEB822 = `# written by the installer
Types: deb deb-src
URIs: http://mirror.example/debian/
 http://second.example/debian
Suites: bookworm bookworm-updates
Components: main
# a comment between fields
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
`;

describe('parseOneLineStyle()', () => {
  it('reads entries with options and passes comments and nonsense over', () => {
    expect(
      parseOneLineStyle(ONE_LINE).map(({ uris, suites, components }) => [...uris, ...suites, ...components]),
    ).toEqual([
      ['http://vendor.example/apt', 'stable-tools', 'main'],
      ['http://mirror.example/debian/', 'bookworm', 'main', 'contrib'],
      ['http://mirror.example/debian', 'bookworm', 'main'],
      ['http://security.example/debian-security', 'bookworm-security', 'main'],
    ]);
  });
});

describe('parseDeb822Style()', () => {
  it('reads stanzas with continued fields and leaves disabled ones out', () => {
    expect(parseDeb822Style(DEB822)).toEqual([
      {
        uris: ['http://mirror.example/debian/', 'http://second.example/debian'],
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main'],
        signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
      },
      {
        uris: ['http://security.example/debian-security'],
        suites: ['bookworm-security'],
        components: ['main'],
      },
    ]);
  });

  it('finds nothing in an empty file', () => {
    expect(parseDeb822Style('\n# nothing\n\n')).toEqual([]);
  });
});

describe('chooseMirror()', () => {
  it('takes the archive of the system itself, not its security updates or a vendor', () => {
    expect(chooseMirror(parseOneLineStyle(ONE_LINE), 'bookworm')).toBe('http://mirror.example/debian');
    expect(chooseMirror(parseDeb822Style(DEB822).toReversed(), 'bookworm')).toBe(
      'http://mirror.example/debian',
    );
  });
});

describe("chooseMirror() among vendors' archives that come first", () => {
  const MIRROR = 'http://mirror.example/debian';
  const oneLine = (...lines: readonly string[]): string | undefined =>
    chooseMirror(parseOneLineStyle(lines.join('\n')), 'bookworm');
  const stable = 'deb [signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example/code stable main';
  const named = 'deb https://vendor.example/net bookworm main';

  it('takes the one with the codename before one that is only called stable', () => {
    expect(oneLine(stable, `deb ${MIRROR} bookworm main`)).toBe(MIRROR);
  });

  it("takes the one that has the system's updates too", () => {
    expect(oneLine(named, `deb ${MIRROR}/ bookworm main`, `deb ${MIRROR} bookworm-updates main`)).toBe(
      MIRROR,
    );
  });

  it("takes the one that Debian's keys are named for", () => {
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    expect(oneLine(stable, named, `deb [arch=amd64 signed-by=${keyring}] ${MIRROR} bookworm main`)).toBe(
      MIRROR,
    );
    expect(oneLine(named, `deb [signed-by=${keyring}] ${MIRROR} stable main`)).toBe(MIRROR);
  });

  it('still takes the only one there is', () => {
    expect(oneLine(`deb ${MIRROR} stable main`)).toBe(MIRROR);
  });
});

async function systemWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await scratchDirectory();
  await mkdir(join(root, 'etc/apt/sources.list.d'), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, 'etc', path), text);
  return root;
}

describe('systemMirror()', () => {
  it('reads one-line and deb822 files alike', async () => {
    const root = await systemWith({
      'os-release': 'ID=debian\nVERSION_CODENAME=bookworm\n',
      'apt/sources.list': '',
      'apt/sources.list.d/a-vendor.list': 'deb http://vendor.example/apt bookworm-tools main\n',
      'apt/sources.list.d/debian.sources': DEB822,
      'apt/sources.list.d/debian.sources.bak':
        'Types: deb\nURIs: http://old.example/\nSuites: bookworm\nComponents: main\n',
    });
    expect(await systemMirror(root, {})).toBe('http://mirror.example/debian');
  });

  it('says what it looked for when there is none', async () => {
    const root = await systemWith({
      'os-release': 'VERSION_CODENAME=bookworm\n',
      'apt/sources.list': ONE_LINE.replaceAll('bookworm ', 'sid '),
    });
    const error = await errorOf(systemMirror(root, {}));
    expect(error.code).toBe('MIRROR_NOT_FOUND');
    expect(error.message).toContain('none with suite "bookworm"');
    expect(error.hint).toContain('COCON_DEBIAN_MIRROR');
  });

  it('puts COCON_DEBIAN_MIRROR above all', async () => {
    const environment = { COCON_DEBIAN_MIRROR: 'http://chosen.example/debian/' };
    expect(await systemMirror('/nowhere', environment)).toBe('http://chosen.example/debian');
  });
});
