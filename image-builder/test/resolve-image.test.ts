/** Which of several images is meant, and that none is guessed. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { openInput } from '../src/oci/input.ts';
import { resolveImage } from '../src/oci/resolve-image.ts';
import { file, putBlob, tarOf, writeLayout, type Blob } from './support/layout.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const scratch = scratchDirectory();

/** What an index says of an image. */
interface Said {
  readonly name?: string;
  readonly platform?: object;
}

interface Layout {
  readonly place: string;
  readonly images: readonly Blob[];
}

/** A layout with an image for each description, all different. */
async function layoutOf(
  said: readonly Said[],
  architecture = 'amd64',
  place = scratch('layout'),
): Promise<Layout> {
  mkdirSync(place, { recursive: true });
  const images: Blob[] = [];
  for (const [index] of said.entries()) {
    images.push(writeLayout(place, [{ tar: await tarOf([file(`image-${index}`)]) }], { architecture }));
  }
  const manifests = said.map(({ name, platform }, index) => ({
    ...images[index],
    ...(platform === undefined ? {} : { platform }),
    ...(name === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': name } }),
  }));
  writeFileSync(join(place, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return { place, images };
}

/** Index of the image that is chosen. */
async function chosen({ place, images }: Layout, reference = '', architecture = 'amd64'): Promise<number> {
  const source = await openInput(`${place}${reference}`);
  const { digest } = await resolveImage(source, architecture);
  return images.findIndex((image) => image.digest === digest);
}

const AMD64 = { os: 'linux', architecture: 'amd64' };

describe('resolveImage()', () => {
  it.each([
    ['of no platform', [{}, {}]],
    ['of one platform', [{ platform: AMD64 }, { platform: AMD64 }]],
    [
      'of odd variants',
      [{ platform: { ...AMD64, variant: 'v3' } }, { platform: { ...AMD64, variant: 'v4' } }],
    ],
  ])('does not guess between two images %s, and names them', async (_, said) => {
    const layout = await layoutOf(said);
    const [one, two] = layout.images;
    const error: unknown = await chosen(layout).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'IMAGE_AMBIGUOUS',
      message: `Cannot choose an image in ${layout.place}: 2 of them fit linux/amd64`,
    });
    expect(error).toHaveProperty('hint', expect.stringContaining(one?.digest ?? ''));
    expect(error).toHaveProperty('hint', expect.stringContaining(two?.digest ?? ''));
    expect(await chosen(layout, `:${two?.digest}`)).toBe(1);
  });

  it('does not guess between two names that end alike, but takes the one that is meant', async () => {
    const layout = await layoutOf([{ name: 'a:latest' }, { name: 'b:latest' }]);
    await expect(chosen(layout, ':latest')).rejects.toMatchObject({
      code: 'IMAGE_AMBIGUOUS',
      hint: expect.stringContaining('b:latest') as unknown,
    });
    expect(await chosen(layout, ':b:latest')).toBe(1);
    expect(await chosen(await layoutOf([{ name: 'a:latest' }, { name: 'latest' }]), ':latest')).toBe(1);
  });

  it('takes one image that is listed twice', async () => {
    const { place, images } = await layoutOf([{}]);
    writeFileSync(
      join(place, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [images[0], images[0]] }),
    );
    expect(await chosen({ place, images })).toBe(0);
  });

  it.each([
    ['arm', ['v5', 'v6', 'v7'], 2],
    ['arm', ['v6'], 0],
    ['arm64', ['v9', 'v8'], 1],
    ['amd64', ['v3', undefined], 1],
    ['amd64', ['v2', 'v1'], 1],
  ])(
    'takes of the variants of %s %j the one that every device has',
    async (architecture, variants, index) => {
      const said = variants.map((variant) => ({ platform: { os: 'linux', architecture, variant } }));
      expect(await chosen(await layoutOf(said, architecture), '', architecture)).toBe(index);
    },
  );

  it('takes an image that is there for two variants by the better of them', async () => {
    const said = ['v7', 'v5'].map((variant) => ({ platform: { os: 'linux', architecture: 'arm', variant } }));
    const { place, images } = await layoutOf(said, 'arm');
    const listed = ['v7', 'v6', 'v5'].map((variant, index) => ({
      ...images[Math.max(0, index - 1)],
      platform: { os: 'linux', architecture: 'arm', variant },
    }));
    writeFileSync(join(place, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: listed }));
    expect(await chosen({ place, images }, '', 'arm')).toBe(0);
  });

  it('passes over what says that it is no image, as a bill of materials', async () => {
    const { place, images } = await layoutOf([{}, {}]);
    const [image, other] = images;
    const manifests = [{ ...other, artifactType: 'application/spdx+json' }, image];
    writeFileSync(join(place, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    expect(await chosen({ place, images })).toBe(0);
  });

  it('passes over what says so in its manifest only, and images that are for another processor', async () => {
    const { place, images } = await layoutOf([{}]);
    const empty = putBlob(place, Buffer.from('{}'), 'application/vnd.oci.empty.v1+json');
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const artifact = (more: object): Blob =>
      putBlob(
        place,
        Buffer.from(JSON.stringify({ schemaVersion: 2, config: empty, layers: [], ...more })),
        mediaType,
      );
    const [arm] = (await layoutOf([{}], 'arm64', place)).images;
    const beside = [
      artifact({ artifactType: 'application/spdx+json' }),
      artifact({ config: { ...empty, mediaType: 'application/vnd.cncf.helm.config.v1+json' } }),
      arm,
      putBlob(place, Buffer.from('{"layers":[]}'), 'application/vnd.oci.artifact.manifest.v1+json'),
    ];
    for (const order of [
      [...beside, ...images],
      [...images, ...beside],
    ]) {
      writeFileSync(join(place, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: order }));
      expect(await chosen({ place, images })).toBe(0);
    }
  });

  it('takes null for what is not there, wherever Go writes it', async () => {
    const place = scratch('layout');
    const put = (value: object, mediaType: string): Blob =>
      putBlob(place, Buffer.from(JSON.stringify(value)), mediaType);
    const type = 'application/vnd.oci.image';
    const absent = { platform: null, annotations: null, artifactType: null, urls: null, data: null };
    const config = put(
      {
        architecture: 'amd64',
        os: 'linux',
        variant: null,
        history: null,
        config: { Labels: null, Env: null, Cmd: null, Entrypoint: null, Volumes: null, Healthcheck: null },
        rootfs: { type: 'layers', diff_ids: null },
      },
      `${type}.config.v1+json`,
    );
    const manifest = put(
      {
        schemaVersion: 2,
        mediaType: null,
        ...absent,
        subject: null,
        config: { ...config, ...absent },
        layers: null,
      },
      `${type}.manifest.v1+json`,
    );
    for (const said of [
      null,
      {},
      { architecture: '', os: '' },
      { architecture: 'amd64', os: 'linux', variant: null },
    ]) {
      const manifests = [{ ...manifest, ...absent, platform: said }];
      const index = { schemaVersion: 2, mediaType: null, manifests, annotations: null };
      writeFileSync(join(place, 'index.json'), JSON.stringify(index));
      expect(await chosen({ place, images: [manifest] })).toBe(0);
    }
  });

  it('takes an image that says a type of its own when it is there alone', async () => {
    const layout = await layoutOf([{ platform: { os: 'linux', architecture: 'amd64' } }]);
    const [image] = layout.images;
    const manifests = [
      {
        ...image,
        artifactType: 'application/vnd.example.os',
        platform: { os: 'linux', architecture: 'amd64' },
      },
    ];
    writeFileSync(join(layout.place, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    expect(await chosen(layout)).toBe(0);
  });

  it('says what artifacts are, and does not call them images', async () => {
    const { place } = await layoutOf([]);
    const type = 'application/vnd.example.chart';
    const put = (value: object, mediaType: string): Blob =>
      putBlob(place, Buffer.from(JSON.stringify(value)), mediaType);
    const config = put({}, `${type}.config+json`);
    const artifacts = ['1', '2'].map((version) => ({
      ...put(
        { schemaVersion: 2, config, layers: [], annotations: { version } },
        'application/vnd.oci.image.manifest.v1+json',
      ),
      artifactType: type,
    }));
    const write = (manifests: readonly object[]): void =>
      writeFileSync(join(place, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    write(artifacts);
    await expect(chosen({ place, images: [] })).rejects.toMatchObject({
      code: 'MEDIA_TYPE_UNKNOWN',
      message: expect.stringContaining(`it has artifacts of the type ${type} only, so it`) as unknown,
    });
    write(artifacts.slice(0, 1));
    await expect(chosen({ place, images: [] })).rejects.toMatchObject({
      code: 'MEDIA_TYPE_UNKNOWN',
      message: expect.stringContaining(`media type "${type}.config+json", so it is not an image`) as unknown,
    });
  });

  it.each([
    ['application/vnd.oci.image.layer.v1.tar+gzip+encrypted', 'Cannot use a layer: it is encrypted'],
    ['application/x-tar', 'Cannot use a layer of media type "application/x-tar"'],
  ])('refuses a layer of the type %s', async (mediaType, message) => {
    const place = scratch('layout');
    const image = writeLayout(place, [{ tar: await tarOf([file('a')]), mediaType }]);
    await expect(chosen({ place, images: [image] })).rejects.toMatchObject({
      code: 'MEDIA_TYPE_UNKNOWN',
      message,
    });
  });

  it('takes a layer that Docker calls foreign', async () => {
    const place = scratch('layout');
    const mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar';
    const image = writeLayout(place, [{ tar: await tarOf([file('a')]), mediaType }]);
    expect(await chosen({ place, images: [image] })).toBe(0);
  });

  it('finds nothing in an index whose list is null', async () => {
    const { place } = await layoutOf([]);
    writeFileSync(join(place, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: null }));
    await expect(chosen({ place, images: [] })).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  });

  it('of two images in an index within, says how to copy one', async () => {
    const { place, images } = await layoutOf([{}, {}]);
    const bytes = JSON.stringify({ schemaVersion: 2, manifests: images });
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(place, 'blobs/sha256', hex), bytes);
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const outer = { mediaType, digest: `sha256:${hex}`, size: bytes.length };
    writeFileSync(join(place, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [outer] }));
    await expect(chosen({ place, images })).rejects.toMatchObject({
      code: 'IMAGE_AMBIGUOUS',
      hint: expect.stringContaining('skopeo copy') as unknown,
    });
  });

  it('takes the image of the platform before one that names none', async () => {
    expect(await chosen(await layoutOf([{}, { platform: AMD64 }]))).toBe(1);
  });

  describe('in what docker save of Docker 25 writes', () => {
    /** Docker's image store writes a layout with its own list beside it; its names are in an annotation of containerd's. */
    async function saved(...names: readonly string[]): Promise<{ archive: string; images: readonly Blob[] }> {
      const { place, images } = await layoutOf(names.map(() => ({})));
      const manifests = names.map((name, index) => ({
        ...images[index],
        annotations: {
          'io.containerd.image.name': `docker.io/library/${name}`,
          'org.opencontainers.image.ref.name': name.replace(/.*:/, ''),
        },
      }));
      writeFileSync(join(place, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
      const list = names.map((name) => ({ Config: 'blobs/sha256/0', RepoTags: [name], Layers: [] }));
      writeFileSync(join(place, 'manifest.json'), JSON.stringify(list));
      const archive = scratch('saved.tar');
      await sh('tar -C "$1" -cf "$2" oci-layout index.json manifest.json blobs', place, archive);
      return { archive, images };
    }

    it.each(['docker-archive:', ''])(
      'finds an image by the name that it was saved by (%j)',
      async (prefix) => {
        const { archive, images } = await saved('app:latest', 'os:latest');
        for (const [index, name] of ['app:latest', 'os:latest'].entries()) {
          const source = await openInput(`${prefix}${archive}:${name}`);
          expect((await resolveImage(source, 'amd64')).digest).toBe(images[index]?.digest);
        }
      },
    );

    it('does not guess which of two that are latest is meant', async () => {
      const { archive } = await saved('app:latest', 'os:latest');
      for (const reference of ['', ':latest']) {
        const error: unknown = await openInput(`${archive}${reference}`)
          .then((source) => resolveImage(source, 'amd64'))
          .catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({
          code: 'IMAGE_AMBIGUOUS',
          hint: expect.stringContaining('docker.io/library/os:latest') as unknown,
        });
      }
    });
  });

  it('takes one image of two names without one', async () => {
    const { place, images } = await layoutOf([{}]);
    const manifests = ['a', 'b'].map((name) => ({
      ...images[0],
      annotations: { 'org.opencontainers.image.ref.name': name },
    }));
    writeFileSync(join(place, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    expect(await chosen({ place, images })).toBe(0);
  });
});
