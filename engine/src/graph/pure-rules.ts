/** Where a definition would find what it must not look at: built-in modules and objects of the language, by their names. */
import {
  CHANCE,
  CLOCK,
  DIRECTORY,
  ENDING,
  ENVIRONMENT,
  LANGUAGE,
  LATER,
  MACHINE,
  NETWORK,
  PROCESS,
  PROGRAM,
  THREAD,
  WRITING,
  ZONE,
  type Refusal,
} from './pure-refusals.ts';

/** How a function was called. */
export type How = 'call' | 'construct';

/** What is refused; or what looks at a call's arguments first; or that its first argument is a path that may be read. */
export type Rule = Refusal | ((args: readonly unknown[], how: How) => Refusal | undefined) | 'a path';

/** Names of properties, and what is refused of them. All that match count. */
export type Rules = readonly (readonly [names: RegExp, rule: Rule])[];

const without =
  (at: number, refusal: Refusal): Rule =>
  (args) =>
    args[at] === undefined ? refusal : undefined;

/** Opening files is refused but for reading. */
const opening: Rule = ([, flags]) =>
  flags === undefined || flags === 0 || flags === 'r' || flags === 'rs' ? undefined : WRITING;

/** A date's text is one of the machine's time zone unless it says another; a date alone is in UTC. */
function textOfZone(text: unknown): Refusal | undefined {
  if (typeof text !== 'string' || /^\d{4}(?:-\d\d){0,2}$|(?:Z|GMT|UTC|[+-]\d\d:?\d\d)$/.test(text))
    return undefined;
  return ZONE;
}

const date: Rule = (args, how) => {
  if (how === 'call' || args.length === 0) return CLOCK;
  return args.length > 1 ? ZONE : textOfZone(args[0]);
};

const dateTimeFormat: Rule = ([locale, options]) => {
  if (locale === undefined) return LANGUAGE;
  return Object(options).timeZone === undefined ? ZONE : undefined;
};

const FILES: Rules = [
  [
    /^(?:append|chmod|chown|copyFile|cp|fchmod|fchown|ftruncate|futimes|lch|link|lutimes|mkd|rename)/,
    WRITING,
  ],
  [/^(?:rm|symlink|truncate|unlink|utimes|write|createWriteStream|WriteStream)/, WRITING],
  [/^open(?:Sync)?$/, opening],
  [/^(?:access|createReadStream|exists|lstat|open|readdir|readFile|readlink|realpath|stat)/, 'a path'],
];

/** One that is never over keeps the command from ending, and none is over when the definition is. */
const TIMERS: Rules = [[/^set(?:Immediate|Interval|Timeout)$/, LATER]];

const NAMES: Rules = [[/^(?:lookup|Resolver$|resolve|reverse$)/, NETWORK]];

/** By the name of a built-in module, without `node:`. */
export const MODULES: ReadonlyMap<string, Rules> = new Map<string, Rules>([
  ['os', [[/^(?!endianness$|constants$|devNull$|EOL$)/, MACHINE]]],
  [
    'process',
    [
      [/^(?:hrtime|uptime|cpuUsage|resourceUsage|threadCpuUsage)$/, CLOCK],
      [/^(?:cwd|chdir)$/, DIRECTORY],
      [/^(?:env|loadEnvFile)$/, ENVIRONMENT],
      [/^(?:arch|platform|versions?|release|config|features|report|umask|gete?[ug]id|getgroups)$/, MACHINE],
      [/^(?:memoryUsage|availableMemory|constrainedMemory)$/, MACHINE],
      [/^(?:p?pid|argv0?|execArgv|execPath|title|stdin|debugPort)$/, PROCESS],
      [/^(?:kill|execve|dlopen)$/, PROGRAM],
      [/^(?:exit|reallyExit|abort)$/, ENDING],
    ],
  ],
  [
    'crypto',
    [[/^(?:generate|random|getRandom|pseudoRandom|prng$|rng$|createECDH$|createDiffieHellman)/, CHANCE]],
  ],
  ['fs', FILES],
  ['fs/promises', FILES],
  ['child_process', [[/^(?:exec|fork|spawn)/, PROGRAM]]],
  ['cluster', [[/^fork$/, PROGRAM]]],
  ['timers', TIMERS],
  ['timers/promises', TIMERS],
  ['worker_threads', [[/^Worker$/, THREAD]]],
  ['net', [[/^(?:connect|create|Socket|Server|Stream)/, NETWORK]]],
  ['tls', [[/^(?:connect|createServer|TLSSocket|Server)$/, NETWORK]]],
  ['dgram', [[/^(?:createSocket|Socket)$/, NETWORK]]],
  ['dns', NAMES],
  ['dns/promises', NAMES],
  ['http', [[/^(?:get|request|createServer|Server|ClientRequest)$/, NETWORK]]],
  ['https', [[/^(?:get|request|createServer|Server)$/, NETWORK]]],
  ['http2', [[/^(?:connect|create\w*Server)$/, NETWORK]]],
]);

const LOCAL_TEXT: Rules = [[/^toLocaleString$/, without(0, LANGUAGE)]];

/** What every program has at hand. Found when it is asked for, for some of it this version of the language may lack. */
export function languageRules(): readonly (readonly [owner: unknown, rules: Rules])[] {
  return [
    [globalThis, [[/^Date$/, date], [/^fetch$/, NETWORK], ...TIMERS]],
    [
      Date,
      [
        [/^now$/, CLOCK],
        [/^parse$/, ([text]) => textOfZone(text)],
      ],
    ],
    [
      Date.prototype,
      [
        [/^toLocale/, without(0, LANGUAGE)],
        [/^toLocale/, ([, options]) => (Object(options).timeZone === undefined ? ZONE : undefined)],
        [/^[gs]et(?:Date|Day|FullYear|Hours|Minutes|Month|Year|TimezoneOffset)$/, ZONE],
        [/^to(?:Date|Time)?String$/, ZONE],
      ],
    ],
    [Reflect.get(Object(Reflect.get(globalThis, 'Temporal')), 'Now'), [[/./, CLOCK]]],
    [
      Object.getPrototypeOf(performance),
      [[/^(?:now|timeOrigin|toJSON|mark|measure|nodeTiming|eventLoop)/, CLOCK]],
    ],
    [process.hrtime, [[/^bigint$/, CLOCK]]],
    [Math, [[/^random$/, CHANCE]]],
    [Object.getPrototypeOf(crypto), [[/^(?:getRandomValues|randomUUID)$/, CHANCE]]],
    [
      Object.getPrototypeOf(navigator),
      [
        [/^(?:hardwareConcurrency|platform|userAgent)$/, MACHINE],
        [/^languages?$/, LANGUAGE],
      ],
    ],
    [
      Intl,
      [
        [/^DateTimeFormat$/, dateTimeFormat],
        [
          /^(?:Collator|DisplayNames|DurationFormat|ListFormat|NumberFormat|PluralRules|Rel|Segmenter)/,
          without(0, LANGUAGE),
        ],
      ],
    ],
    [Intl.DateTimeFormat.prototype, [[/^format(?:ToParts)?$/, without(0, CLOCK)]]],
    [
      String.prototype,
      [
        [/^localeCompare$/, without(1, LANGUAGE)],
        [/^toLocale/, without(0, LANGUAGE)],
      ],
    ],
    [Number.prototype, LOCAL_TEXT],
    [BigInt.prototype, LOCAL_TEXT],
    [Array.prototype, LOCAL_TEXT],
  ];
}
