/** What a registry says itself of a refusal (distribution-spec, "Error Codes"). */
import { readSmall, type HttpAnswer } from '@cocon-os/cli/http';
import { z } from 'zod';

/** Longer ones are pages and not messages. */
const BODY_LIMIT = 64 * 1024;
const MAX_CHARACTERS = 300;

const refusal = z.object({
  errors: z.array(z.object({ code: z.string().nullish(), message: z.string().nullish() })).min(1),
});

/**
 * `answer` with the registry's code and message in its status text, as in "403 Forbidden (DENIED:
 * quota exceeded)". It stays as it is when it is not a refusal, or does not say why.
 */
export async function withOwnWords(answer: HttpAnswer): Promise<HttpAnswer> {
  if (answer.status < 400 || answer.status >= 500) return answer;
  const words = await readSmall(answer, BODY_LIMIT).then(wordsOf, () => undefined);
  return words === undefined
    ? answer
    : { ...answer, statusText: `${answer.statusText} (${words})`.trimStart() };
}

function wordsOf(body: Uint8Array): string | undefined {
  let read: unknown;
  try {
    read = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
  const { code, message } = refusal.safeParse(read).data?.errors[0] ?? {};
  const words = [code, message].filter((each) => each).join(': ');
  return words === '' ? undefined : words.slice(0, MAX_CHARACTERS);
}
