/** Releases whose files are in memory. */
import type { StageSession } from '@cocon-os/sdfs';

/** Writes the files of a release that is staged, and ends the stage; the slot that it got. */
export function fillSlot(session: StageSession, contents: Readonly<Record<string, Uint8Array>>): number {
  for (const { name } of session.files) {
    const writer = session.writer(name);
    writer.write(contents[name] ?? new Uint8Array());
    writer.close();
  }
  return session.finish().index;
}
