/** Where programs are that Debian's current release does not have. */

import { fileURLToPath } from 'node:url';

/** Where scripts/build-loader puts the loader of this repository. */
export const BUILT_LOADER = fileURLToPath(
  new URL('../../target/x86_64-unknown-uefi/boot/cocon-efi.efi', import.meta.url),
);

/** Names another mkfs.erofs, for whoever has one already. */
export const MKFS_VARIABLE = 'COCON_MKFS_EROFS';

/** mkfs.erofs: the configured one, that of COCON_MKFS_EROFS, or the one that its slice builds from source. */
export async function findMkfsErofs(configured?: string): Promise<string> {
  // An empty variable is none, as in a shell's ${NAME:-…}.
  const named = configured ?? process.env[MKFS_VARIABLE];
  if (named !== undefined && named !== '') return named;
  // Loaded only here, for most commands do without any build from source.
  const [{ findHostTool }, { nodeTerminal }] = await Promise.all([
    import('./host-tools.ts'),
    import('@cocon-os/cli/node'),
  ]);
  return findHostTool('mkfs.erofs', nodeTerminal);
}
