/** Ed25519 keys in files: PKCS #8 PEM for the private one, SPKI PEM for the public one (RFC 8410). */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';

import { whyUnread } from '@cocon-os/cli';

import { BuilderError, isSystemError } from './errors.ts';
import { outputFailed } from './whole-file.ts';

const OWNER_ONLY = 0o600;

/** Raw 32-byte public key of a public or private key. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return Uint8Array.from(Buffer.from(x ?? '', 'base64url'));
}

/** How release.sig names a key: SHA-256 of the raw public key (FORMAT.md §6.2). */
export function keyId(rawKey: Uint8Array): Uint8Array {
  return createHash('sha256').update(rawKey).digest();
}

/** Reads a private key. Throws `KEY_NOT_FOUND` and `KEY_INVALID`. */
export async function readPrivateKey(path: string): Promise<KeyObject> {
  return readKey(path, 'private', createPrivateKey);
}

/** Reads a public key, also out of a private one's file. Throws `KEY_NOT_FOUND` and `KEY_INVALID`. */
export async function readPublicKey(path: string): Promise<Uint8Array> {
  return rawPublicKey(await readKey(path, 'public', createPublicKey));
}

/** The same as PEM. Of a private key it is the public part alone. */
export async function readPublicPem(path: string): Promise<string> {
  return String((await readKey(path, 'public', createPublicKey)).export({ format: 'pem', type: 'spki' }));
}

async function readKey(path: string, kind: string, parse: (pem: Buffer) => KeyObject): Promise<KeyObject> {
  const pem = await readFile(path).catch((cause: unknown) => {
    throw new BuilderError('KEY_NOT_FOUND', `Cannot read ${kind} key "${path}": ${whyUnread(cause)}`, {
      hint: 'Make a key pair with: cocon keygen <name>.',
      cause,
    });
  });
  try {
    const key = parse(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
    throw new Error(`it is an ${String(key.asymmetricKeyType)} key`);
  } catch (cause) {
    throw new BuilderError(
      'KEY_INVALID',
      `Cannot use "${path}" as a ${kind} key: ${cause instanceof Error ? cause.message : String(cause)}, wanted Ed25519 in PEM`,
      {
        hint: 'Make a key pair with: cocon keygen <name>.',
        cause,
      },
    );
  }
}

/** A key pair in two files. */
export interface KeyFiles {
  readonly privatePath: string;
  readonly publicPath: string;
  /** Hexadecimal {@link keyId}. */
  readonly id: string;
}

/** Makes `<name>.key`, readable by its owner only, and `<name>.pub`. Throws `KEY_EXISTS` and leaves what is there. */
export async function generateKeyFiles(name: string): Promise<KeyFiles> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const [privatePath, publicPath] = [`${name}.key`, `${name}.pub`];
  // In this order, for a whole private key is never removed again.
  await writeNew(publicPath, String(publicKey.export({ format: 'pem', type: 'spki' })), 0o644);
  try {
    await writeNew(privatePath, String(privateKey.export({ format: 'pem', type: 'pkcs8' })), OWNER_ONLY);
  } catch (error) {
    await rm(publicPath, { force: true });
    throw error;
  }
  return { privatePath, publicPath, id: Buffer.from(keyId(rawPublicKey(publicKey))).toString('hex') };
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  await writeFile(path, text, { flag: 'wx', mode }).catch(async (cause: unknown) => {
    if (isSystemError(cause, 'EEXIST')) {
      throw new BuilderError('KEY_EXISTS', `Cannot write key "${path}": it is there already`, {
        hint: 'Choose another name. A lost private key cannot be made again, so keys are never overwritten.',
        cause,
      });
    }
    // It was not there before, so what is there now is a part of ours.
    await rm(path, { force: true });
    throw outputFailed(path, cause);
  });
}
