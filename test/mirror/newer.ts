/** Newer releases of real packages: the same contents under a higher version, in files of other bytes. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ArchivePackage, ArchiveSource } from '../../engine/test/debian-archive.ts';

/** What a point release puts at the end of a version. */
const POINT = '+point1';

/** The fields by which apt resolves dependencies, out of a package's control file. */
export function packageFields(path: string): Readonly<Record<string, string>> {
  const names = [
    'Pre-Depends',
    'Depends',
    'Provides',
    'Conflicts',
    'Breaks',
    'Replaces',
    'Essential',
    'Multi-Arch',
  ];
  const text = String(execFileSync('dpkg-deb', ['--field', path, ...names]));
  const fields = text.matchAll(/^([A-Za-z-]+): (.*(?:\n .*)*)/gm);
  return Object.fromEntries(
    [...fields].map(([, name = '', value = '']) => [name, value.replaceAll(/\n\s*/g, ' ')]),
  );
}

/** A binary package, packed anew with the version in its control file. */
export function newerPackage(now: ArchivePackage, path: string, scratch: string): ArchivePackage {
  const version = `${now.version}${POINT}`;
  const directory = join(scratch, now.name);
  const control = join(directory, 'control');
  mkdirSync(control, { recursive: true });
  execFileSync('ar', ['x', path], { cwd: directory });
  const archive = readdirSync(directory).find((name) => name.startsWith('control.tar')) ?? '';
  execFileSync('tar', ['-C', control, '-xf', join(directory, archive)]);
  const text = readFileSync(join(control, 'control'), 'utf8');
  writeFileSync(join(control, 'control'), text.replace(/^Version: .*$/m, `Version: ${version}`));
  execFileSync('tar', ['-C', control, '-caf', join(directory, archive), '.']);
  const data = readdirSync(directory).find((name) => name.startsWith('data.tar')) ?? '';
  const name = `${now.name}_${version.replace(/^\d+:/, '')}_amd64.deb`;
  execFileSync('ar', ['rcD', name, 'debian-binary', archive, data], { cwd: directory });
  return { ...now, version, file: { name, contents: { path: join(directory, name) } } };
}

/** A source package whose Debian archive has one file more. */
export function newerSource({ name, version: before, files }: ArchiveSource, scratch: string): ArchiveSource {
  const version = `${before}${POINT}`;
  const [upstream, debian] = files;
  if (upstream === undefined) throw new Error(`The cache has no file of ${name}`);
  const archive = `${name}_${version.replace(/^\d+:/, '')}.debian.tar.xz`;
  const directory = join(scratch, `${name}-source`);
  mkdirSync(join(directory, 'debian'), { recursive: true });
  if (debian !== undefined && !Buffer.isBuffer(debian.contents)) {
    const copy = join(directory, 'before.tar.xz');
    copyFileSync(debian.contents.path, copy);
    execFileSync('tar', ['-C', directory, '-xf', copy]);
  }
  writeFileSync(join(directory, 'debian/point-release'), `${version}\n`);
  execFileSync('tar', ['-C', directory, '-cJf', join(directory, archive), 'debian']);
  const made = { name: archive, contents: { path: join(directory, archive) } };
  return { name, version, files: [upstream, made] };
}
