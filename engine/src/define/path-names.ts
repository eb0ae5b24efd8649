/** Which texts of a definition can be the name of a file, or a path below a root. What is wrong with the others is said in words. */

/** Linux's limit for one name, in bytes. */
const LONGEST = 255;

/** Also of NUL, at which the kernel would end a name, and of line breaks, at which a shell would split it. */
const CONTROL = /\p{Cc}/u;

/** Why `name` can be no file in a directory that a build is given, or `undefined` when it can. */
export function fileNameFault(name: string): string | undefined {
  if (name.includes('/')) return 'it has a slash';
  return nameFault(name) ?? dashFault(name);
}

/** Why `path` is no plain path below a root, without a slash at either end; or `undefined` when it is one. */
export function pathFault(path: string): string | undefined {
  const parts = path.split('/');
  if (parts.length > 1 && parts.includes('')) return 'one of its names is empty';
  const faults = parts.map(nameFault);
  return faults.find((fault) => fault !== undefined) ?? dashFault(path);
}

function nameFault(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name === '.' || name === '..') return 'it is a directory itself';
  if (CONTROL.test(name)) return 'it has a control character';
  if (!name.isWellFormed()) return 'it is no Unicode text';
  return Buffer.byteLength(name) > LONGEST ? `it has more than ${LONGEST} bytes` : undefined;
}

/** `tar *` in a step would take it for an option. */
function dashFault(text: string): string | undefined {
  return text.startsWith('-') ? 'it begins with a dash' : undefined;
}

/** Whether `text` is one line with something in it. */
export function isLine(text: string): boolean {
  return text.trim() !== '' && !CONTROL.test(text);
}
