/**
 * Finds UEFI firmware: paths given by the caller, then COCON_UEFI_CODE and COCON_UEFI_VARS, then where distributions put it.
 * Only images without Secure Boot are taken: the loader is not signed by a key that firmware knows.
 */
import { existsSync } from 'node:fs';

import { QemuError } from './errors.ts';
import type { Architecture } from './machine.ts';

/** A firmware image and the template of its variable store. */
export interface FirmwareImages {
  readonly code: string;
  readonly variables: string;
}

/** Code and variables as distributions install them: Debian, Fedora, Arch, openSUSE. The pair must fit in size. */
const PLACES: Readonly<Record<Architecture, readonly FirmwareImages[]>> = {
  x86_64: [
    { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
    { code: '/usr/share/OVMF/OVMF_CODE.fd', variables: '/usr/share/OVMF/OVMF_VARS.fd' },
    { code: '/usr/share/edk2/ovmf/OVMF_CODE.fd', variables: '/usr/share/edk2/ovmf/OVMF_VARS.fd' },
    { code: '/usr/share/edk2/x64/OVMF_CODE.4m.fd', variables: '/usr/share/edk2/x64/OVMF_VARS.4m.fd' },
    { code: '/usr/share/edk2-ovmf/x64/OVMF_CODE.fd', variables: '/usr/share/edk2-ovmf/x64/OVMF_VARS.fd' },
    { code: '/usr/share/qemu/ovmf-x86_64-code.bin', variables: '/usr/share/qemu/ovmf-x86_64-vars.bin' },
  ],
};

const PACKAGES: Readonly<Record<Architecture, string>> = {
  x86_64: 'ovmf (Debian), edk2-ovmf (Fedora, Arch) or qemu-ovmf-x86_64 (openSUSE)',
};

/** Throws `FIRMWARE_NOT_FOUND`, naming every place that was looked at. */
export function findFirmware(
  architecture: Architecture,
  given: Partial<FirmwareImages> = {},
): FirmwareImages {
  const named = {
    code: given.code ?? process.env['COCON_UEFI_CODE'],
    variables: given.variables ?? process.env['COCON_UEFI_VARS'],
  };
  const places: readonly FirmwareImages[] =
    named.code === undefined && named.variables === undefined
      ? PLACES[architecture]
      : [{ code: named.code ?? '(no code given)', variables: named.variables ?? '(no variables given)' }];
  const found = places.find((place) => existsSync(place.code) && existsSync(place.variables));
  if (found !== undefined) return found;
  const looked = places.map((place) => `${place.code} with ${place.variables}`).join(', ');
  throw new QemuError(
    'FIRMWARE_NOT_FOUND',
    `Cannot find UEFI firmware for ${architecture}: looked for ${looked}`,
    {
      hint: `Install ${PACKAGES[architecture]}, or set COCON_UEFI_CODE and COCON_UEFI_VARS to a pair of images.`,
    },
  );
}
