/** What the builder of images has to be given to measure them as devices hold them: sealing is another package's. */
import type { BuiltImage } from './oci-image.ts';

/** Measures images, and reads keys. */
export interface Sealer {
  /** Stands for all that decides the sealed size of an image besides the image. `cwd` is where its settings are looked for. */
  key(cwd: string): Promise<string>;
  /** Bytes that a slot holds of the image: kernel, root file system, hash tree and what else is started. */
  measure(image: BuiltImage & { readonly architecture: string }, cwd: string): Promise<number>;
  /** The public key of a file, checked, in PEM. */
  publicKey(path: string): Promise<string>;
}
