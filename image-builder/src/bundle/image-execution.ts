/** What an image says about how it is run: image-spec, config.md, the object `config`. */
import { z } from 'zod';

import { parse } from '../oci/descriptor.ts';

/** Linux takes no longer argument or variable (execve(2), MAX_ARG_STRLEN). */
const MAX_ARGUMENT_BYTES = 128 * 1024 - 1;
/** More than that is no command line but an attack on the device's memory. */
const MAX_ARGUMENTS = 4096;

const argument = z
  .string()
  .max(MAX_ARGUMENT_BYTES)
  .refine((text) => !text.includes('\0'), 'expected text without a zero byte');
const argumentList = z.array(argument).max(MAX_ARGUMENTS).nullish();

const execution = z.object({
  config: z
    .object({
      User: z
        .string()
        .regex(/^[^:\p{Cc}]*(?::[^:\p{Cc}]*)?$/u, 'expected user, user:group, or numbers for them')
        .nullish(),
      Env: z
        .array(argument.regex(/^(?!=)/, 'expected NAME=value'))
        .max(MAX_ARGUMENTS)
        .nullish(),
      Entrypoint: argumentList,
      Cmd: argumentList,
      WorkingDir: argument
        .refine((path) => !path.split('/').includes('..'), 'expected a path without ".."')
        .nullish(),
      Volumes: z.record(z.string(), z.unknown()).nullish(),
      StopSignal: z.string().nullish(),
      Healthcheck: z.unknown().optional(),
    })
    .nullish(),
});

/** How an image is run, with nothing left open. */
export interface Execution {
  /** Entrypoint and Cmd. */
  readonly args: readonly string[];
  /** NAME=value. */
  readonly env: readonly string[];
  /** Names that the image gives without "=": what the engine would put in by itself is left out. */
  readonly withoutDefault: readonly string[];
  /** Absolute; one that the image says without a slash counts from the root. */
  readonly workingDirectory: string;
  /** As image-spec writes it; empty for root. */
  readonly user: string;
  /** What the image asks for and a bundle does not have, for people. */
  readonly passedOver: readonly string[];
}

/** Reads it from an image configuration. Throws `MANIFEST_INVALID`; `name` says which image's. */
export function parseExecution(bytes: Uint8Array, name: string): Execution {
  const { config } = parse(execution, bytes, name, 'an OCI image configuration');
  const volumes = Object.keys(config?.Volumes ?? {}).toSorted();
  const variables = config?.Env ?? [];
  const stopSignal = config?.StopSignal ?? '';
  return {
    args: [...entrypointOf(config?.Entrypoint ?? []), ...(config?.Cmd ?? [])],
    env: variables.filter((each) => each.includes('=')),
    withoutDefault: variables.filter((each) => !each.includes('=')),
    workingDirectory: `/${(config?.WorkingDir ?? '').replace(/^\/+/, '')}`,
    user: config?.User ?? '',
    passedOver: [
      ...volumes.map((path) => `the volume ${path}`),
      ...(['', 'SIGTERM', 'TERM', '15'].includes(stopSignal) ? [] : [`the stop signal ${stopSignal}`]),
      ...(config?.Healthcheck === undefined || config.Healthcheck === null ? [] : ['the health check']),
    ],
  };
}

/** `ENTRYPOINT [""]` in a Dockerfile takes that of the base image away, and engines start `Cmd` alone. */
function entrypointOf(entrypoint: readonly string[]): readonly string[] {
  return entrypoint.length === 1 && entrypoint[0] === '' ? [] : entrypoint;
}
