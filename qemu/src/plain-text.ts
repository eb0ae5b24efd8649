/**
 * Turns what a serial console sends into plain lines: escape sequences go, and a jump of the cursor to another row, by
 * which firmware starts most of its lines, becomes the end of a line. Works piece by piece; where the pieces are cut does
 * not matter.
 */

const ESCAPE = '\u001B';
const BELL = '\u0007';

type State = 'text' | 'escape' | 'charset' | 'control' | 'string' | 'string-escape';

/** A filter with the memory of an unfinished sequence. */
export class PlainText {
  #state: State = 'text';
  #parameters = '';
  #row = 0;
  #atLineStart = true;

  /** The plain form of the next piece. */
  push(piece: string): string {
    let plain = '';
    for (const character of piece) {
      const out = this.#state === 'text' ? this.#text(character) : this.#sequence(character);
      if (out !== '') this.#atLineStart = out === '\n';
      plain += out;
    }
    return plain;
  }

  #text(character: string): string {
    if (character === ESCAPE) this.#state = 'escape';
    if (character === '\n') this.#row += 1;
    return character === '\n' || character === '\t' || (character >= ' ' && character !== '\u007F')
      ? character
      : '';
  }

  #sequence(character: string): string {
    switch (this.#state) {
      case 'escape':
        this.#state = AFTER_ESCAPE[character] ?? 'text';
        this.#parameters = '';
        break;
      case 'control':
        // ECMA-48 §5.4: parameters and intermediates are 0x20 … 0x3F, a final byte is 0x40 … 0x7E.
        if (character >= '@' && character <= '~') {
          this.#state = 'text';
          return this.#control(character);
        }
        this.#parameters += character;
        break;
      case 'string':
        if (character === BELL) this.#state = 'text';
        if (character === ESCAPE) this.#state = 'string-escape';
        break;
      case 'string-escape':
        this.#state = character === '\\' ? 'text' : 'string';
        break;
      case 'charset':
      case 'text':
        this.#state = 'text';
        break;
    }
    return '';
  }

  #control(final: string): string {
    if (final !== 'H' && final !== 'f') return '';
    const row = Number.parseInt(this.#parameters, 10) || 1;
    const jumped = row !== this.#row;
    this.#row = row;
    return jumped && !this.#atLineStart ? '\n' : '';
  }
}

const AFTER_ESCAPE: Readonly<Record<string, State>> = {
  '[': 'control',
  ']': 'string',
  P: 'string',
  '(': 'charset',
  ')': 'charset',
};
