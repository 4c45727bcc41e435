/** `tidemark conformance`: runs PROTOCOL.md against a server, and prints a table. */
import type { Host } from '../conformance/host.ts';
import type { Level } from '../conformance/check.ts';
import type { Users } from '../conformance/users.ts';
import { CommandLineError, parseFlags } from './options.ts';
import { missingPackages } from './optional-packages.ts';

export const CONFORMANCE_USAGE = `tidemark conformance: does a server keep PROTOCOL.md?

  tidemark conformance ws://127.0.0.1:8787/receipts --dev     a server of "tidemark serve --dev"

Where the test users come from (one of them):
  --dev                  from the server's own host, at /dev: the same as --host with this address
  --host URL             POST URL/token, and for groups and policy URL/group, URL/member, URL/policy
  --host-command CMD     CMD token JSON prints {"token": …}; the same for group, member and policy
  --jwt-secret SECRET    the kit signs JWTs by HS256, with "sub" and "exp" (or TIDEMARK_JWT_SECRET)
  --tokens FILE          JSON: { "<user id>": "<token>", … }, users without conversations, each for one check

  --level core|full      default core: log-in, messages, feed, positions, receipts, retries, limits. full adds groups, policy, flags, settings
  --only ID              a check such as submit.retry, or a group of checks such as submit; repeat the option for several
  --bail                 stop at the first check that fails
  --patience 5000        how long a check waits for a frame, ms
  --parallel 1           how many checks run at the same time
  --json                 print the report as JSON
  --list                 print the checks, and run none

Exit status: 0 if no check failed, 1 if one failed, 2 for a wrong command line or an address that does not answer.`;

const FLAGS = {
  dev: { type: 'boolean', default: false },
  host: { type: 'string' },
  'host-command': { type: 'string' },
  'jwt-secret': { type: 'string' },
  tokens: { type: 'string' },
  level: { type: 'string', default: 'core' },
  only: { type: 'string', multiple: true },
  bail: { type: 'boolean', default: false },
  patience: { type: 'string', default: '5000' },
  parallel: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export type UsersFrom =
  | { readonly way: 'host'; readonly address: string }
  | { readonly way: 'host-command'; readonly command: string }
  | { readonly way: 'jwt-secret'; readonly secret: string }
  | { readonly way: 'tokens'; readonly file: string };

export interface ConformanceCommand {
  readonly url: string;
  readonly from: UsersFrom;
  readonly level: Level;
  readonly only: readonly string[] | undefined;
  readonly bail: boolean;
  readonly patienceMs: number;
  readonly parallel: number;
  readonly json: boolean;
}

const urlOf = (text: string | undefined): URL => {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^wss?:$/.test(url.protocol))
    throw new CommandLineError(`the address of the server begins with ws:// or wss://; got ${text ?? 'none'}`);
  return url;
};

const numberOf = (flag: string, text: string, least: number): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least) throw new CommandLineError(`${flag} must be ${least} or more; got ${text}`);
  return number;
};

/** Reads the arguments behind `conformance`. @throws {CommandLineError} */
export const readConformance = (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ConformanceCommand | 'help' | 'list' => {
  const { values, positionals } = parseFlags(args, FLAGS);
  if (values.help) return 'help';
  if (values.list) return 'list';
  if (positionals.length > 1) throw new CommandLineError(`one address; got ${positionals.join(' ')}`);
  const url = urlOf(positionals[0]);
  const ways: UsersFrom[] = [];
  if (values.dev) ways.push({ way: 'host', address: `${url.origin.replace(/^ws/, 'http')}/dev` });
  if (values.host !== undefined) ways.push({ way: 'host', address: values.host });
  if (values['host-command'] !== undefined) ways.push({ way: 'host-command', command: values['host-command'] });
  if (values['jwt-secret'] !== undefined) ways.push({ way: 'jwt-secret', secret: values['jwt-secret'] });
  if (values.tokens !== undefined) ways.push({ way: 'tokens', file: values.tokens });
  const fromEnv = env['TIDEMARK_JWT_SECRET'];
  if (ways.length === 0 && fromEnv !== undefined) ways.push({ way: 'jwt-secret', secret: fromEnv });
  const [from] = ways;
  if (!from || ways.length > 1)
    throw new CommandLineError('give one way to get test users: --dev, --host, --host-command, --jwt-secret or --tokens');
  const { level, only, bail, json } = values;
  if (level !== 'core' && level !== 'full') throw new CommandLineError(`--level must be core or full; got ${level}`);
  if (level === 'full' && (from.way === 'jwt-secret' || from.way === 'tokens'))
    throw new CommandLineError('--level full needs a host that makes groups: --dev, --host or --host-command');
  const patienceMs = numberOf('--patience', values.patience, 100);
  const parallel = numberOf('--parallel', values.parallel, 1);
  return { url: url.href, from, level, only, bail, patienceMs, parallel, json };
};

const peopleOf = async (from: UsersFrom): Promise<{ users: Users; host?: Host }> => {
  const { namesOfRun, usersOfFile, usersOfHost, usersOfSecret } = await import('../conformance/users.ts');
  const { hostAt, hostOfCommand } = await import('../conformance/host.ts');
  if (from.way === 'tokens') return { users: usersOfFile(from.file) };
  if (from.way === 'jwt-secret') return { users: usersOfSecret(from.secret, namesOfRun()) };
  const host = from.way === 'host' ? hostAt(from.address) : hostOfCommand(from.command);
  return { host, users: usersOfHost(host, namesOfRun()) };
};

/** Runs the command. @returns the exit status */
export const conformance = async (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<number> => {
  const command = readConformance(args, env);
  if (command === 'help') {
    say(CONFORMANCE_USAGE);
    return 0;
  }
  const missing = await missingPackages({ ws: () => import('ws') });
  if (missing.length > 0)
    throw new CommandLineError(`the kit needs a package that the client does not:\n\n  npm install ${missing.join(' ')}\n`);
  // Imported only after the check, because these modules import the optional package.
  const { CHECKS } = await import('../conformance/catalogue.ts');
  if (command === 'list') {
    for (const { id, level, section, rule } of CHECKS) say(`${id.padEnd(28)}${level.padEnd(6)}${section.padEnd(18)}${rule}`);
    return 0;
  }
  const { runConformance, Unreachable } = await import('../conformance/run.ts');
  const { linesOf, tableOf } = await import('../conformance/report.ts');
  const { json, from, only, ...rest } = command;
  for (const one of only ?? [])
    if (!CHECKS.some(({ id }) => id === one || id.startsWith(`${one}.`)))
      throw new CommandLineError(`--only names no check: ${one}; see --list`);
  const report = await runConformance({
    ...rest,
    ...(only ? { only } : {}),
    ...(await peopleOf(from)),
    onResult: (result) => {
      if (!json) for (const line of linesOf(result)) say(line);
    },
  }).catch((error: unknown) => {
    throw error instanceof Unreachable ? new CommandLineError(error.message) : error;
  });
  if (json) say(JSON.stringify(report, undefined, 2));
  else for (const line of ['', ...tableOf(report)]) say(line);
  return report.failed > 0 ? 1 : 0;
};
