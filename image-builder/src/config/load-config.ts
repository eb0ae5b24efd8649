/** Finds, loads and checks `cocon.config.ts`. Paths in it count from its directory. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { resolveOwnPackages } from '@cocon-os/cli/own-packages';
import type { z } from 'zod';

import { BuilderError } from '../errors.ts';
import { CONFIG_NAME, findConfig, isFile } from './find-config.ts';
import { configSchema, type Config } from './schema.ts';

/** A configuration and where it comes from. */
export interface LoadedConfig {
  readonly config: Config;
  /** `undefined` when there is no file and defaults count. */
  readonly path: string | undefined;
  /** Where its relative paths begin. */
  readonly directory: string;
  /** A path of the configuration as one that can be opened. */
  readonly resolvePath: (path: string) => string;
}

/**
 * Loads the file `named`, or the nearest {@link CONFIG_NAME} in `directory` and those above; without one, defaults count.
 * Throws `CONFIG_NOT_FOUND` and `CONFIG_INVALID`.
 */
export async function loadConfig(directory: string, named?: string): Promise<LoadedConfig> {
  const path = named === undefined ? await findConfig(directory) : resolve(directory, named);
  if (path === undefined) return loaded(configSchema.parse({}), undefined, directory);
  if (!(await isFile(path))) {
    const why = existsSync(path) ? 'it is not a file' : 'it is not there';
    throw new BuilderError('CONFIG_NOT_FOUND', `Cannot read configuration "${path}": ${why}`, {
      hint: `Name an existing file, or leave --config out to search for ${CONFIG_NAME} from here upwards.`,
    });
  }
  let module: unknown;
  resolveOwnPackages();
  try {
    module = await import(pathToFileURL(path).href);
  } catch (cause) {
    throw invalid(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const value =
    typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
  if (value === undefined)
    throw invalid(path, 'it has no default export, wanted: export default defineConfig({ … })');
  const result = configSchema.safeParse(value);
  if (!result.success) throw invalid(path, describe(result.error.issues));
  return loaded(result.data, path, dirname(path));
}

/** Checks a configuration that was not read from a file. Throws `CONFIG_INVALID`. */
export function checkConfig(value: unknown): Config {
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  throw invalid('the configuration', describe(result.error.issues));
}

function loaded(config: Config, path: string | undefined, base: string): LoadedConfig {
  return {
    config,
    path,
    directory: base,
    resolvePath: (each) => (isAbsolute(each) ? each : join(base, each)),
  };
}

/** Each fault as "seal.attempts: expected …", in the order of the keys. */
function describe(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .map((issue) => {
      const at = issue.path.join('.');
      if (issue.code === 'unrecognized_keys') {
        const keys = issue.keys.map((key) => `"${at === '' ? key : `${at}.${key}`}"`).join(', ');
        return `${keys}: unknown key, wanted ${knownKeys(issue.path)}`;
      }
      return `"${at}": ${issue.message.replace(/^Invalid input: /, '')}`;
    })
    .join('; ');
}

function knownKeys(path: readonly PropertyKey[]): string {
  let schema: unknown = configSchema;
  for (const key of path) schema = shapeOf(schema)?.[String(key)];
  return Object.keys(shapeOf(schema) ?? {}).join(', ');
}

/** The fields of an object schema, behind its defaults. */
function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  if ('shape' in schema && typeof schema.shape === 'object' && schema.shape !== null)
    return { ...schema.shape };
  if ('unwrap' in schema && typeof schema.unwrap === 'function') return shapeOf(schema.unwrap());
  if ('options' in schema && Array.isArray(schema.options)) {
    return schema.options.map(shapeOf).find((shape) => shape !== undefined);
  }
  return undefined;
}

function invalid(path: string, what: string, cause?: unknown): BuilderError {
  return new BuilderError('CONFIG_INVALID', `Cannot use configuration "${path}": ${what}`, {
    hint: 'The README of @cocon-os/image-builder lists every key; an editor shows them inside defineConfig({ … }).',
    cause,
  });
}
