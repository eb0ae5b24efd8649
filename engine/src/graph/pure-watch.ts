/** Watches over properties of built-in modules and objects: whoever takes, calls or constructs one is seen before he has it. */
import { registerHooks, syncBuiltinESMExports } from 'node:module';

import { languageRules, MODULES, type How, type Rule, type Rules } from './pure-rules.ts';

/** Hears of each use, and throws when it must not be. */
export type Watcher = (rules: readonly Rule[], args: readonly unknown[], how: How) => void;

/** Everybody has it without asking. */
const ALWAYS = new Set(['process']);

/**
 * Puts the watches in place. The returned function takes them away and leaves everything as it was.
 *
 * Modules that nobody has loaded are watched from the moment on at which somebody asks for them: to load all of them would
 * take longer than to evaluate the tree.
 */
export function watch(watcher: Watcher): () => void {
  const changes: (() => void)[] = [];
  const seen = new Set<unknown>();
  const watchOver = (owner: unknown, rules: Rules): void => {
    if (seen.has(owner) || owner === undefined) return;
    seen.add(owner);
    changes.push(...watchObject(Object(owner), rules, watcher));
  };
  const watchModule = (name: string): void => {
    const rules = MODULES.get(name);
    if (rules !== undefined) watchOver(process.getBuiltinModule(name), rules);
  };

  for (const name of MODULES.keys()) if (ALWAYS.has(name) || isLoaded(name)) watchModule(name);
  for (const [owner, rules] of languageRules()) watchOver(owner, rules);
  syncBuiltinESMExports();
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      watchModule(specifier.replace(/^node:/, ''));
      return next(specifier, context);
    },
  });
  return () => {
    hooks.deregister();
    for (const undo of changes.toReversed()) undo();
    syncBuiltinESMExports();
  };
}

/**
 * Whether somebody has the module already. Node lists those that are loaded, in a way that it does not document; without it, all
 * count. A module of promises is a property of its parent.
 */
function isLoaded(name: string): boolean {
  const list: unknown = Reflect.get(process, 'moduleLoadList');
  return !Array.isArray(list) || list.includes(`NativeModule ${name.split('/')[0] ?? name}`);
}

function watchObject(owner: object, rules: Rules, watcher: Watcher): readonly (() => void)[] {
  return Object.getOwnPropertyNames(owner).flatMap((name) => {
    const its = rules.filter(([names]) => names.test(name)).map(([, rule]) => rule);
    const descriptor = its.length === 0 ? undefined : Object.getOwnPropertyDescriptor(owner, name);
    if (descriptor?.configurable !== true) return [];
    Object.defineProperty(
      owner,
      name,
      watched(descriptor, (args, how) => watcher(its, args, how), its),
    );
    return [() => void Object.defineProperty(owner, name, descriptor)];
  });
}

type Report = (args: readonly unknown[], how: How) => void;

function watched(descriptor: PropertyDescriptor, report: Report, rules: readonly Rule[]): PropertyDescriptor {
  const { enumerable = false } = descriptor;
  const value: unknown = descriptor.value;
  if (typeof value === 'function') return { ...descriptor, value: watchedFunction(value, report) };
  if (typeof value === 'object' && value !== null)
    return { ...descriptor, value: watchedValue(value, report) };
  const get: unknown = Reflect.get(descriptor, 'get');
  if (typeof get !== 'function') {
    return {
      configurable: true,
      enumerable,
      get() {
        report([], 'call');
        return value;
      },
    };
  }
  // What only its arguments can tell is told when it is called.
  const now = rules.some((rule) => typeof rule !== 'function');
  return {
    ...descriptor,
    get(this: unknown) {
      if (now) report([], 'call');
      const got: unknown = Reflect.apply(get, this, []);
      return typeof got === 'function' ? watchedFunction(got, report) : got;
    },
  };
}

/** A function or a class. */
// oxlint-disable-next-line typescript/no-unsafe-function-type -- whatever can be called
function watchedFunction(value: Function, report: Report): object {
  return new Proxy(value, {
    apply(target, self, args: readonly unknown[]) {
      report(args, 'call');
      return Reflect.apply(target, self, args);
    },
    construct(target, args: readonly unknown[], newTarget) {
      report(args, 'construct');
      return Reflect.construct(target, args, newTarget);
    },
  });
}

/** An object whose contents are what must not be read, such as the environment. */
function watchedValue(value: object, report: Report): object {
  return new Proxy(value, {
    get(target, name) {
      report([], 'call');
      return Reflect.get(target, name);
    },
    set(target, name, to) {
      report([], 'call');
      return Reflect.set(target, name, to);
    },
    has(target, name) {
      report([], 'call');
      return Reflect.has(target, name);
    },
    ownKeys(target) {
      report([], 'call');
      return Reflect.ownKeys(target);
    },
    getOwnPropertyDescriptor(target, name) {
      report([], 'call');
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
}
