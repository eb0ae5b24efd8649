/** The words of the OCI image specification that both the store and images are described in. */
import { BUILD_TIME } from '../build-time.ts';

/** A descriptor (image-spec descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Media types, here and below. */
export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const CONFIG = 'application/vnd.oci.image.config.v1+json';
export const LAYER = 'application/vnd.oci.image.layer.v1.tar';
export const INDEX = 'application/vnd.oci.image.index.v1+json';

/** The contents of `oci-layout` (image-spec image-layout.md). */
export const LAYOUT = '{"imageLayoutVersion":"1.0.0"}';

/** When all is made, as configurations and annotations say it. */
export const CREATED = new Date(BUILD_TIME * 1000).toISOString().replace('.000Z', 'Z');
