/** crun's source tree, which has its own copy of yajl. */
import { pinnedSource, pinnedVersion } from '@cocon-os/engine';

export const CRUN_VERSION = pinnedVersion('crun');

export const crunSource = pinnedSource('crun', {
  // Debian's patches bend the build towards its own packages of yajl and of the OCI specifications.
  patched: false,
});
