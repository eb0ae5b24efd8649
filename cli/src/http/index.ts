export { Download, readSmall, type Ask } from './download.ts';
export { HttpFailure, type HttpFailureKind } from './failure.ts';
export { byProxy, request, statusFailure } from './request.ts';
export { PAUSES, withRetries, type Waiting } from './retry.ts';
export type { HttpAnswer, HttpTransport } from './transport.ts';
export { parseUrl } from './url.ts';
