/**
 * Who a container's process is. The image says it in numbers or in names of its own /etc/passwd and /etc/group
 * (image-spec, config.md, "User"); the runtime takes numbers only.
 */
import { BuilderError } from '../errors.ts';
import type { User } from './runtime-spec.ts';

/** The image's own tables, as text; left out where it has none. */
export interface AccountTables {
  readonly passwd: string | undefined;
  readonly group: string | undefined;
}

/** A user and the place that is its home. */
export interface ResolvedUser {
  readonly user: User;
  /** Absolute. */
  readonly home: string;
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Linux keeps the largest 32-bit number for "no owner". */
const MAX_ID = 0xffff_fffe;

/**
 * `text` is `user` or `user:group`; either may be left out, as for Docker: `:group` is root's with that group, `user:` is
 * `user`. A user without a group has the groups of the tables, one with a group has no other. Throws `USER_UNKNOWN`.
 */
export function resolveUser(text: string, tables: AccountTables): ResolvedUser {
  const [userPart = '', groupText = ''] = text.split(':');
  const userText = userPart || '0';
  const account = findAccount(userText, tables.passwd ?? '');
  const uid = account?.uid ?? numberOf(userText);
  if (uid === undefined) throw unknown('user', userText, '/etc/passwd', text);
  const home = account?.home ?? '/';
  const groups = readGroups(tables.group ?? '');
  if (groupText !== '') {
    const gid = groups.find(({ name }) => name === groupText)?.gid ?? numberOf(groupText);
    if (gid === undefined) throw unknown('group', groupText, '/etc/group', text);
    return { user: { uid, gid }, home };
  }
  const gid = account?.gid ?? 0;
  const others = groups
    .filter(
      ({ members, gid: other }) => account !== undefined && members.includes(account.name) && other !== gid,
    )
    .map(({ gid: other }) => other);
  return {
    user: { uid, gid, ...(others.length === 0 ? {} : { additionalGids: [...new Set(others)] }) },
    home,
  };
}

/** By name first: a name may consist of digits. */
function findAccount(text: string, passwd: string): Account | undefined {
  const accounts = linesOf(passwd).flatMap((line): readonly Account[] => {
    const [name = '', , uidText = '', gidText = '', , home = ''] = line.split(':');
    const [uid, gid] = [numberOf(uidText), numberOf(gidText)];
    if (name === '' || uid === undefined || gid === undefined) return [];
    return [{ name, uid, gid, home: home.startsWith('/') ? home : '/' }];
  });
  const uid = numberOf(text);
  return accounts.find(({ name }) => name === text) ?? accounts.find((account) => account.uid === uid);
}

function readGroups(text: string): readonly Group[] {
  return linesOf(text).flatMap((line): readonly Group[] => {
    const [name = '', , gidText = '', members = ''] = line.split(':');
    const gid = numberOf(gidText);
    return name === '' || gid === undefined ? [] : [{ name, gid, members: members.split(',') }];
  });
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => !line.startsWith('#'));
}

function numberOf(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= MAX_ID ? number : undefined;
}

function unknown(what: string, name: string, table: string, text: string): BuilderError {
  return new BuilderError(
    'USER_UNKNOWN',
    `Cannot bundle the image: it runs as "${text}", and its ${table} has no ${what} "${name}"`,
    {
      hint: `Add the ${what} to the image, or name it by its number (USER in a Dockerfile).`,
      facts: { [what]: name },
    },
  );
}
