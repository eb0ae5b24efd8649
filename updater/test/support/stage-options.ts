/** What a stage on an amd64 machine that trusts the tests' key is told. */
import { silentProgress } from '@cocon-os/cli';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import type { StageOptions } from '../../src/index.ts';
import { trustedKey } from './release.ts';

/** The options, with some of them as wished. */
export function stageOptions(wish: Partial<StageOptions> = {}): StageOptions {
  return {
    crypto: nodeCrypto,
    architecture: 'amd64',
    trustedKeys: [trustedKey.publicKey],
    local: true,
    runningSlot: undefined,
    force: false,
    time: 1_700_000_000,
    progress: silentProgress,
    ...wish,
  };
}
