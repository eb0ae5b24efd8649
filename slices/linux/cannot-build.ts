/**
 * Symbols that the kernel's types offer and that this build cannot give: why, and the way out. A
 * demand for one ends `cocon synth`; without that, make would end minutes later with a missing
 * file, or the kernel would be without it and nobody told.
 *
 * `engine/test/kernel-tree.slow.test.ts` holds the list against the tree that is unpacked and
 * against what Debian leaves out of it. What the toolchain lacks is not listed where Kconfig itself
 * asks for it (`DEBUG_INFO_BTF` for pahole, `RUST` for rustc): there the proof of the configuration
 * says so.
 */
import type { CannotBuild } from '@cocon-os/engine';

const dfsg = (path: string): string =>
  `Debian leaves ${path} out of its source package, because its licence or its origin is not free (Files-Excluded in debian/copyright)`;

const file = (what: string): string => `it names ${what}, and the sandbox of a build holds no file of yours`;

export const CANNOT_BUILD: CannotBuild = {
  DVB_USB_AF9005: {
    why: dfsg('drivers/media/usb/dvb-usb/af9005-script.h'),
    instead: 'Take another receiver.',
  },
  FB_NVIDIA: {
    why: dfsg('drivers/video/fbdev/nvidia'),
    instead: 'Demand DRM_NOUVEAU, or FB_VESA and FB_EFI.',
  },
  FB_RIVA: { why: dfsg('drivers/video/fbdev/riva'), instead: 'Demand DRM_NOUVEAU, or FB_VESA and FB_EFI.' },
  MODULES: {
    why: 'there are no modules: nothing on a device loads them, and only the image is built',
    instead: 'Demand what would be a module as it stands, k.X in place of k.X.module(): then it is built in.',
  },
  BUILTIN_MODULE_RANGES: {
    why: 'its list is made by gawk, which is not in the toolchain, and is part of no image',
    instead: 'Do without; kallsyms names the functions.',
  },
  BOOT_CONFIG_EMBED_FILE: {
    why: file('a file with a boot configuration'),
    instead: 'Write its words into commandLine of the profile or board.',
  },
  CFG80211_EXTRA_REGDB_KEYDIR: {
    why: file('a directory of keys'),
    instead: 'Put regulatory.db, signed by the keys that the kernel has, into /lib/firmware of a slice.',
  },
  EXTRA_FIRMWARE: {
    why: file('files of firmware'),
    instead: 'Put them into /lib/firmware of a slice: drivers load them from there.',
  },
  INITRAMFS_SOURCE: {
    why: file('the contents of an initramfs'),
    instead: 'Do without: the root file system is there when the kernel starts.',
  },
  IPE_BOOT_POLICY: { why: file('a policy'), instead: 'Load the policy by a slice that runs at boot.' },
  SYSTEM_BLACKLIST_HASH_LIST: { why: file('a list of hashes'), instead: 'Add them to the keyring at boot.' },
  SYSTEM_REVOCATION_KEYS: { why: file('certificates'), instead: 'Add them to the keyring at boot.' },
  SYSTEM_TRUSTED_KEYS: {
    why: file('certificates'),
    instead: 'Demand SECONDARY_TRUSTED_KEYRING, and add them to that keyring at boot.',
  },
};
