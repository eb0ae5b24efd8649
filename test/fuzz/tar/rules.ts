/**
 * Why a judge may take an archive in another way than we do. A difference that no rule explains is a fault of ours, or a rule
 * that is missing; DESIGN.md of the image builder, "What a layer's tar says", has the ground of what we do.
 */
import type { Archive, Trait } from './generate.ts';
import type { OurReading } from './ours.ts';

/** Who else reads an archive. */
export const JUDGES = ['go', 'gnu', 'umoci'] as const;
export type Judge = (typeof JUDGES)[number];

/** A difference with what it is about. */
export interface Case {
  readonly archive: Archive;
  readonly ours: OurReading;
  readonly difference: string;
}

/** One ground for a difference. */
export interface Rule {
  readonly name: string;
  readonly judges: readonly Judge[];
  readonly why: string;
  explains(difference: Case): boolean;
}

/** What we say against an archive. */
const refusedBy =
  (pattern: RegExp) =>
  ({ ours }: Case): boolean =>
    pattern.test(ours.error ?? ours.treeError ?? '');
/** What the judge says against it, when we say nothing. */
const judgeSays =
  (pattern: RegExp) =>
  ({ difference }: Case): boolean =>
    /^(?:it|Go) refuses/.test(difference) && pattern.test(difference);
/** What the generator has put in. */
const has =
  (...traits: readonly Trait[]) =>
  ({ archive }: Case): boolean =>
    traits.some((trait) => archive.traits.has(trait));

/** All of them. The first that explains a difference is the one that is counted. */
export const RULES: readonly Rule[] = [
  {
    name: 'sparse',
    judges: JUDGES,
    why: 'We refuse sparse files, with a way out; Go and GNU tar expand them, or refuse a map that is wrong.',
    explains: ({ ours }) => ours.entries.some(({ type }) => type === 'sparse'),
  },
  {
    name: 'number of more than 53 bits',
    judges: JUDGES,
    why: 'JavaScript cannot tell such numbers from their neighbours; no owner, size or time is that large.',
    explains: refusedBy(/has more than 53 bits|PAX record "(?:size|uid|gid|mtime)"/),
  },
  {
    name: 'announced entry',
    judges: JUDGES,
    why: 'An extended header without its entry is an archive that was cut; Go and GNU tar take it for the end.',
    explains: refusedBy(/between an extended header and the entry/),
  },
  {
    name: 'unused record',
    judges: ['go', 'umoci'],
    why: 'Access and change times are not ours to keep, so what stands there is not read; Go checks it.',
    explains: ({ archive, difference }) =>
      /^(?:it|Go) refuses/.test(difference) && /[ac]time=/.test(archive.bytes.toString('latin1')),
  },
  {
    name: '..',
    judges: ['gnu', 'umoci'],
    why: 'We refuse names with "..", umoci puts them right, GNU tar leaves them out or takes them where they stay inside.',
    explains: refusedBy(/LAYER_ESCAPES/),
  },
  {
    name: 'unknown flag',
    judges: ['gnu', 'umoci'],
    why: 'We refuse an entry of an unknown type, as umoci does; GNU tar unpacks it as a file, or leaves it out.',
    explains: refusedBy(/entry of an unknown type/),
  },
  {
    name: 'limits',
    judges: ['gnu', 'umoci'],
    why: 'We refuse owners, devices and names that Linux and mkfs.erofs do not take; the judges cut numbers to 32 bits.',
    explains: refusedBy(/whose (?:owner|group) is|a device with the number|name that is too long/),
  },
  {
    name: 'no number',
    judges: ['gnu'],
    why: 'We refuse a field that is no octal number, as Go does; GNU tar reads what it can of it.',
    explains: refusedBy(/is no octal number|its size is below zero/),
  },
  {
    name: 'PAX records',
    judges: ['gnu'],
    why: 'We refuse a list of records with a fault, as Go does; GNU tar warns and goes on. It refuses times like +3 and now.',
    explains: (each) =>
      refusedBy(/no list of records|PAX record/)(each) ||
      judgeSays(/Malformed extended header|Extended header .* is out of range/)(each),
  },
  {
    name: 'global header',
    judges: ['gnu', 'umoci'],
    why: 'Global records say nothing of files, as for Docker and containerd; GNU tar applies them, umoci 0.4 refuses the header.',
    explains: has('global-header'),
  },
  {
    name: "aufs' bookkeeping",
    judges: ['umoci'],
    why: 'Names that begin with .wh..wh. are left out, as by Docker; umoci 0.4 unpacks what lies below them.',
    explains: ({ ours }) => ours.entries.some(({ name }) => name.includes('.wh..wh.plnk')),
  },
  {
    name: 'root that is no directory',
    judges: ['gnu'],
    why: 'We refuse an entry that makes something else of the root, as umoci does; GNU tar leaves it out.',
    explains: refusedBy(/is the root, but no directory/),
  },
  {
    name: 'delayed link',
    judges: ['gnu'],
    why: 'GNU tar makes symbolic links with "/" or ".." last: hard links to them, files of their names, and modes of directories may lose.',
    explains: ({ ours: { entries }, archive, difference }) =>
      entries.some(({ type, linkname }) => type === 'symlink' && /^\/|\.\./.test(linkname)) &&
      (archive.traits.has('same-name-twice') ||
        entries.some(({ type }) => type === 'link') ||
        /we have directory .*, it has directory/.test(difference)),
  },
  {
    name: 'whiteout',
    judges: ['gnu'],
    why: "GNU tar knows no whiteouts and none of aufs' bookkeeping.",
    explains: has('whiteout'),
  },
  {
    name: 'variants of the header',
    judges: ['gnu'],
    why: "We take the prefix as Go does: star's is shorter, and Go before 1.8 wrote one into GNU headers.",
    explains: has('odd-prefix', 'odd-magic'),
  },
  {
    name: 'slash at the end of a file',
    judges: ['gnu'],
    why: 'A name that ends with a slash makes a directory of a file for GNU tar; for Go, of one with the flag of Unix V7 only.',
    explains: ({ ours }) => ours.entries.some(({ type, name }) => type !== 'directory' && name.endsWith('/')),
  },
  {
    name: 'size of a link',
    judges: ['gnu'],
    why: 'GNU tar takes the size of a symbolic link for data that follow; nothing follows for us and Go.',
    explains: has('symlink-size', 'size-without-data'),
  },
  {
    name: 'part of a block',
    judges: ['gnu'],
    why: 'We refuse an archive that ends in the middle of a header or of data, as Go does; GNU tar does not see all of them.',
    explains: refusedBy(/ends in the middle/),
  },
  {
    name: 'lone block of zeros',
    judges: ['gnu'],
    why: 'A block of zeros in front of an entry is a fault for us and for Go; for GNU tar it is the end.',
    explains: refusedBy(/block of zeros stands in front/),
  },
  {
    name: 'end of the archive',
    judges: ['gnu'],
    why: 'A layer may lack its end, or be nothing at all, for us and for Go; GNU tar wants blocks of zeros.',
    explains: (each) =>
      has('odd-end', 'noise')(each) &&
      judgeSays(/does not look like a tar archive|lone zero block|Unexpected EOF/)(each),
  },
  {
    name: 'number behind zero bytes',
    judges: ['gnu'],
    why: 'We pass over spaces and zero bytes in front of a number, as Go does; for GNU tar a zero byte is its end.',
    explains: has('odd-number', 'noise'),
  },
  {
    name: 'two names',
    judges: ['gnu'],
    why: "GNU's own long name comes before a PAX record for us and for Go; for GNU tar it does not.",
    explains: has('pax-and-gnu-name', 'repeated-header'),
  },
  {
    name: 'link to itself',
    judges: ['gnu'],
    why: 'A hard link to its own name is refused, as by umoci; GNU tar lets be what is there.',
    explains: refusedBy(/is a hard link to/),
  },
  {
    name: 'link to nothing',
    judges: ['gnu'],
    why: 'Below a symbolic link to nothing a directory is made where the link leads, as by umoci; not by GNU tar.',
    explains: judgeSays(/No such file or directory/),
  },
  {
    name: 'directory in the way',
    judges: ['gnu', 'umoci'],
    why: 'The last of equal names counts for us, and for umoci; GNU tar does not put a file in the place of a directory.',
    explains: judgeSays(/File exists|Is a directory|Not a directory|Directory not empty|file exists/),
  },
  {
    name: 'link out of what it replaces',
    judges: ['umoci'],
    why: 'A hard link in the place of the directory that its target is in: we find the target first, umoci removes first.',
    explains: judgeSays(/link: no such file or directory/),
  },
  {
    name: 'contiguous file',
    judges: ['umoci'],
    why: 'POSIX has files of flag 7, which are read like any other; umoci 0.4 does not know them.',
    explains: judgeSays(/unknown typeflag '(?:7|\\x37)'/),
  },
  {
    name: 'type in the mode',
    judges: ['umoci'],
    why: 'Some writers put the bits of a type into the mode; umoci hands them to mknod(2), which refuses them.',
    explains: judgeSays(/mknod: invalid argument/),
  },
  {
    name: 'attribute of no file',
    judges: ['umoci'],
    why: 'Linux lets only files and directories have attributes of the name space user; an image may hold them.',
    explains: judgeSays(/restore xattr metadata/),
  },
  {
    name: 'inherited group',
    judges: ['gnu', 'umoci'],
    why: 'A directory that is made below one with the setgid bit inherits it from the file system; ours has the mode of an entry.',
    explains: ({ difference }) => /we have directory 755 0:0, it has directory 2755/.test(difference),
  },
];

/** The rule that explains a difference from what `judge` makes of an archive, if there is one. */
export function ruleFor(judge: Judge, difference: Case): Rule | undefined {
  return RULES.find((rule) => rule.judges.includes(judge) && rule.explains(difference));
}
