export * from './command.ts';
export * from './errors.ts';
export * from './format.ts';
export * from './progress.ts';
export { jsonOf, tell, type Told } from './report.ts';
export { whyUnread } from './system-error.ts';
export type { Terminal } from './terminal.ts';
export { redact, shownUrl } from './secrets.ts';
