/**
 * The keys that a boot loader trusts: the section `.trust` of its PE file (bootloader/DESIGN.md, "The .trust section").
 * Keys are put in when a disk image is made, so one loader binary serves every project.
 */
import { BuilderError } from './errors.ts';
import { EFI_APPLICATION, parsePe } from './pe.ts';

const SECTION = '.trust';
const MAGIC = 'COCONKEY';
const VERSION = 1;
const COUNT_AT = 8;
const VERSION_AT = 12;
const KEYS_AT = 16;
const KEY_SIZE = 32;
const MAX_KEYS = 15;
const SECTION_SIZE = 512;

/** The raw 32-byte public keys in a loader. Throws `LOADER_INVALID`. */
export function readTrustedKeys(loader: Uint8Array, name: string): readonly Uint8Array[] {
  const { view, offset } = locate(loader, name);
  const count = view.getUint32(offset + COUNT_AT, true);
  if (count > MAX_KEYS)
    throw invalid(name, `its ${SECTION} section counts ${count} keys, at most ${MAX_KEYS} fit`);
  return Array.from({ length: count }, (_, index) => {
    const at = offset + KEYS_AT + index * KEY_SIZE;
    return Uint8Array.from(loader.subarray(at, at + KEY_SIZE));
  });
}

/** A copy of `loader` that trusts exactly `keys`. Throws `LOADER_INVALID` and `LOADER_KEYS_FULL`. */
export function withTrustedKeys(loader: Uint8Array, keys: readonly Uint8Array[], name: string): Uint8Array {
  if (keys.length > MAX_KEYS) {
    throw new BuilderError(
      'LOADER_KEYS_FULL',
      `Cannot put ${keys.length} keys into loader ${name}: at most ${MAX_KEYS} fit`,
      {
        hint: 'List fewer keys in image.trustedKeys of cocon.config.ts.',
      },
    );
  }
  const patched = Uint8Array.from(loader);
  const { view, offset } = locate(patched, name);
  patched.fill(0, offset + KEYS_AT, offset + KEYS_AT + MAX_KEYS * KEY_SIZE);
  view.setUint32(offset + COUNT_AT, keys.length, true);
  for (const [index, key] of keys.entries()) {
    if (key.length !== KEY_SIZE) throw new RangeError(`a key has ${key.length} bytes, wanted ${KEY_SIZE}`);
    patched.set(key, offset + KEYS_AT + index * KEY_SIZE);
  }
  return patched;
}

function locate(loader: Uint8Array, name: string): { readonly view: DataView; readonly offset: number } {
  const image = parsePe(loader);
  if (image === undefined || image.subsystem !== EFI_APPLICATION)
    throw invalid(name, 'it is no EFI application');
  const section = image.sections.find((each) => each.name === SECTION);
  if (section === undefined || section.size < SECTION_SIZE)
    throw invalid(name, `it has no ${SECTION} section`);
  const { offset } = section;
  const view = new DataView(loader.buffer, loader.byteOffset, loader.length);
  const magic = String.fromCharCode(...loader.subarray(offset, offset + COUNT_AT));
  const version = view.getUint32(offset + VERSION_AT, true);
  if (magic !== MAGIC || version !== VERSION) {
    throw invalid(
      name,
      `its ${SECTION} section is of an unknown kind ("${magic.replaceAll(/[^ -~]/g, '?')}", version ${version})`,
    );
  }
  return { view, offset };
}

function invalid(name: string, what: string): BuilderError {
  return new BuilderError('LOADER_INVALID', `Cannot use "${name}" as a boot loader: ${what}`, {
    hint: 'Give the cocon-efi.efi that scripts/build-loader makes, or leave image.loader out of cocon.config.ts.',
  });
}
