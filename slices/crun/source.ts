/** crun's source tree, which has its own copy of yajl. */
import { debianSource } from '../src/define/source.ts';

export const CRUN_VERSION = '1.21';

export const crunSource = debianSource({
  package: 'crun',
  version: '1.21-1',
  upstream: {
    name: 'crun_1.21.orig.tar.gz',
    sha256: '4bfb700e764a4804a4de3ecf07753f4c391005356d60356df65d80ae0914c486',
  },
  debian: {
    name: 'crun_1.21-1.debian.tar.xz',
    sha256: 'a382dd0713c451f27987b45bc7a3aed8c23cbe9c2478ecae0f4b932bd13c5a67',
  },
  // Debian's patches bend the build towards its own packages of yajl and of the OCI specifications.
  patched: false,
});
