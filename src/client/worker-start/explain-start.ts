/** Why the package's worker did not start, for the error that callers are told. Loaded only then: texts are most of it. */
import { messageOf, unavailable } from '../../bridge/worker-source.ts';
import type { WorkerError } from '../../errors.ts';
import type { ScriptTry } from './script-try.ts';
import { POLICY_NAME } from './trusted-script.ts';

/** How long a server may take to say what it has at the script's address. */
const ANSWER_WITHIN_MS = 3000;

/** The error event of a worker does not tell what the server answered, so the server is asked again. */
const answerOf = async (url: string): Promise<string> => {
  try {
    const { ok, status, headers } = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    if (!ok) return `the server answers with status ${status}`;
    const type = headers.get('content-type') ?? 'no type';
    return type.includes('javascript') ? 'the browser does not run it' : `the server answers with ${type} instead of JavaScript`;
  } catch (error) {
    return `the server does not answer (${messageOf(error)})`;
  }
};

const why = async ({ url, thrown, said, isForbidden }: ScriptTry): Promise<string> => {
  if (thrown !== undefined) return messageOf(thrown).replace(/\.$/, '');
  if (isForbidden) return 'the page’s Content-Security-Policy (worker-src) forbids it';
  return said || (url.startsWith('blob:') ? 'the browser does not run it' : answerOf(url));
};

const wayOut = ({ lacksPolicy }: ScriptTry): string => {
  const policy = `This page requires Trusted Types: allow the policy ${POLICY_NAME} (trusted-types ${POLICY_NAME})`;
  const address = 'Serve tidemark/worker.js at that address, allow worker-src blob: in the page’s Content-Security-Policy';
  return `${lacksPolicy ? policy : address}, or pass the option worker: () => new Worker(…)`;
};

/** @param copy how the copy failed; why it was not loaded; null where it was not tried. */
export const explainStart = async (file: ScriptTry, copy: ScriptTry | string | null): Promise<WorkerError> => {
  const reasons = [`${file.url || 'worker.js'}: ${await why(file)}`];
  if (typeof copy === 'string') reasons.push(`the copy in the package was not loaded: ${copy}`);
  else if (copy) reasons.push(`the copy in the package: ${await why(copy)}`);
  return unavailable(`${reasons.join('; ')}. ${wayOut(file)}`);
};
