/** Explains to callers why the package's worker did not start. A module of its own, loaded on failure only: it is mostly text. */
import { messageOf, unavailable } from '../../bridge/worker-source.ts';
import type { WorkerError } from '../../errors.ts';
import type { ScriptTry } from './script-try.ts';
import { POLICY_NAME } from './trusted-script.ts';

/** Timeout for the server's answer about the script's address. */
const ANSWER_WITHIN_MS = 3000;

/** Asks the server about the script, because the worker's error event does not contain the server's answer. */
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

const reasonOf = async ({ url, thrown, errorMessage, isForbiddenByCsp }: ScriptTry): Promise<string> => {
  if (thrown !== undefined) return messageOf(thrown).replace(/\.$/, '');
  if (isForbiddenByCsp) return 'the page’s Content-Security-Policy (worker-src) forbids it';
  return errorMessage || (url.startsWith('blob:') ? 'the browser does not run it' : answerOf(url));
};

const adviceFor = ({ needsTrustedTypes }: ScriptTry): string => {
  const allowPolicy = `This page requires Trusted Types: allow the policy ${POLICY_NAME} (trusted-types ${POLICY_NAME})`;
  const serveFile = 'Serve tidemark/worker.js at that address, allow worker-src blob: in the page’s Content-Security-Policy';
  return `${needsTrustedTypes ? allowPolicy : serveFile}, or pass the option worker: () => new Worker(…)`;
};

/**
 * @param copy the failed start of the script's copy inside the package, or the reason why the copy was not loaded; null if the copy was not
 * tried.
 */
export const explainStart = async (file: ScriptTry, copy: ScriptTry | string | null): Promise<WorkerError> => {
  const reasons = [`${file.url || 'worker.js'}: ${await reasonOf(file)}`];
  if (typeof copy === 'string') reasons.push(`the copy in the package was not loaded: ${copy}`);
  else if (copy) reasons.push(`the copy in the package: ${await reasonOf(copy)}`);
  return unavailable(`${reasons.join('; ')}. ${adviceFor(file)}`);
};
