/** Unpacks a layer of the store. The host's tar does it, for these layers were made here. Modes are those of the layer. */
import { SlicesError } from '../errors.ts';
import { runProcess } from '../run-process.ts';

/** Throws `OUTPUT_INVALID`. */
export async function unpackLayer(layer: string, into: string): Promise<void> {
  const modes = ['--no-same-owner', '--same-permissions'];
  const args = ['--extract', ...modes, '--file', layer, '--directory', into];
  const { status, tail } = await runProcess('tar', args);
  if (status === 0) return;
  throw new SlicesError(
    'OUTPUT_INVALID',
    `Cannot unpack ${layer}: tar ended with ${status}\n${tail.join('\n')}`,
    { hint: 'See what cocon store fsck says of it.' },
  );
}
