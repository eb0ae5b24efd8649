/** The last line of a program's output as it is kept and shown: one line, nothing that steers a terminal, no longer than its field. */
import { OUTPUT_ENTRY, utf8Length } from '@cocon-os/sdfs';

/** Escape sequences of terminals (ECMA-48): CSI, OSC up to its end, and the two-character ones. */
// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[ -/]*[0-~])/g;
const LONGEST = OUTPUT_ENTRY.fields.output.size;
const CUT = '…';

/** The last line that holds anything; cut at its end, with an ellipsis, where it is too long. */
export function lastLine(output: string): string {
  const lines = output
    .replaceAll(ESCAPES, '')
    .split(/[\n\r]/)
    .map((line) => line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim());
  return shortened(lines.findLast((line) => line !== '') ?? '');
}

function shortened(line: string): string {
  if (utf8Length(line) <= LONGEST) return line;
  let kept = '';
  for (const character of line) {
    if (utf8Length(kept + character + CUT) > LONGEST) break;
    kept += character;
  }
  return `${kept}${CUT}`;
}
