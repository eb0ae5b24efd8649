/** Where a command's output goes. Results to `out`, everything else to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether `err` is a terminal that understands cursor movement. */
  readonly interactive: boolean;
}
