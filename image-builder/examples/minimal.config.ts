/** The least: `cocon seal && cocon image && cocon run`. */
import { defineConfig } from '@cocon-os/image-builder';

export default defineConfig({
  name: 'minimal',
  version: '1.0.0',
  seal: { input: './os', output: './minimal.oci', commandLine: 'console=ttyS0', keys: ['./release.key'] },
  image: { releases: ['./minimal.oci'], output: './minimal.img', trustedKeys: ['./release.pub'] },
});
