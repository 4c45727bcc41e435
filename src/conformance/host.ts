/**
 * The host of the server under test: the part of the environment that gives out tokens, makes groups and sets the policy. PROTOCOL.md has no
 * frames for these, because they belong to the application. The kit asks for four things, always by one JSON object:
 *
 *   token   { "userId", "expiresInMs"? }                    → { "token" }
 *   group   { "groupId", "members": [{ "userId", "role" }] }  → { }
 *   member  { "groupId", "userId", "role" }                 → { }    role: "member", "admin", or null to remove the member
 *   policy  { "receipts": { … }, "limits": { … } }          → { }    the keys of `welcome` that change
 */
import { execFile } from 'node:child_process';
import { Skipped, shown } from './demand.ts';

/** The program around the server under test. */
export interface Host {
  /** Asks for a token, a group, a member or a policy; the fields of `about` and of the answer are at the top of this file. */
  ask(what: 'token' | 'group' | 'member' | 'policy', about: object): Promise<Readonly<Record<string, unknown>>>;
}

type Answer = Readonly<Record<string, unknown>>;

/** A host behind HTTP: `POST <address>/token`, `/group`, `/member`, `/policy`, as `tidemark serve --dev` has them at `/dev`. */
export const hostAt = (address: string): Host => ({
  ask: async (what, about) => {
    const response = await fetch(`${address.replace(/\/$/, '')}/${what}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(about),
    });
    const text = await response.text();
    if (response.status === 404) throw new Skipped(`the host has no "${what}"`);
    if (!response.ok) throw new Error(`the host answered "${what}" ${shown(about)} with status ${response.status}: ${shown(text)}`);
    return (text === '' ? {} : JSON.parse(text)) as Answer;
  },
});

/** The exit status of a command that does not know a request. */
const UNKNOWN = 64;

/** A host behind a command: `<command> <what> <JSON>` prints the answer. Exit status 64 says that the command does not know the request. */
export const hostOfCommand = (command: string): Host => ({
  ask: (what, about) =>
    new Promise((resolve, reject) => {
      const [program = '', ...args] = command.split(' ').filter((part) => part !== '');
      execFile(program, [...args, what, JSON.stringify(about)], { timeout: 30_000 }, (error, stdout, stderr) => {
        if (error?.code === UNKNOWN) reject(new Skipped(`the host command has no "${what}"`));
        else if (error) reject(new Error(`the host command failed for "${what}" ${shown(about)}: ${error.message} ${shown(stderr)}`));
        else resolve((stdout.trim() === '' ? {} : JSON.parse(stdout)) as Answer);
      });
    }),
});

/** No host: only what tokens alone allow. */
export const NO_HOST: Host = {
  ask: async (what) => {
    throw new Skipped(`no host was given that could do "${what}"`);
  },
};
