/**
 * Lets files outside of this repository import this toolkit's packages by name, wherever they lie and without installing
 * anything. There is one copy of each, the one that runs: a definition and the engine that reads it have to agree.
 */
import { registerHooks } from 'node:module';

let hooked = false;

/** From now on `@cocon-os/…` means the packages beside this one. To call it again does nothing. */
export function resolveOwnPackages(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const own = specifier.startsWith('@cocon-os/');
      return next(specifier, own ? { ...context, parentURL: import.meta.url } : context);
    },
  });
}
