/** Reads the command line. */
import { byteLength } from '../model/byte-length.ts';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { nearestName } from '../model/option-names.ts';

export const USAGE = `tidemark conformance: does a server keep PROTOCOL.md? See tidemark conformance --help
tidemark serve: a receipt server, on one machine or on several

  tidemark serve --dev                         try it: loopback only, hands out tokens at POST /dev/token,
                                               makes groups at /dev/group, /dev/member and /dev/policy
  tidemark serve --jwt-secret SECRET           tokens are JWTs signed with a shared secret (or TIDEMARK_JWT_SECRET)
  tidemark serve --jwks URL                    tokens are JWTs signed by keys published at this address

  --jwt-audience NAME    the token's "aud" must be NAME; repeat the option to allow several. Needed if the same keys sign
                         tokens for other services too
  --jwt-issuer NAME      the token's "iss" must be NAME; repeat the option to allow several
  --port 8787            0 picks a free port
  --host 127.0.0.1
  --path /receipts       the server's path
  --data .tidemark       folder of the embedded database
  --postgres URL         keep the data in this PostgreSQL, which several servers may share: postgres://USER:PASSWORD@HOST/DATABASE
                         (or TIDEMARK_POSTGRES, out of sight of process lists)
  --bus URL              how the servers of one PostgreSQL tell each other of changes: nats://HOST:4222, several with commas
                         between, or postgres, the default, for LISTEN and NOTIFY (or TIDEMARK_BUS)
  --setup FILE           JSON: { "policy": …, "groups": [{ "groupId": …, "members": [{ "userId": … }] }] }. The policy is in force, and the
                         groups and their members are there, at each start; a member who is missing in the file stays
  --allow-origin ORIGIN  an origin whose pages may connect, such as https://chat.example; repeat the option to allow several;
                         default: the server's own host
  --behind-proxy         take the client's address from the last entry of X-Forwarded-For, which the proxy must set
  --static DIR           also serve the files of this folder
  --metrics              also serve GET /metrics for Prometheus (needs the package prom-client); requests that come
                         through a proxy, with X-Forwarded-For or Forwarded, are not answered
  --version

GET /health answers 200 while the process answers, GET /ready while the store answers too. At SIGTERM the server asks its clients
to come back, finishes what runs, and ends with status 0.

The account is the token's "sub". The server checks "exp" and "nbf". While the server cannot fetch the keys of --jwks, it asks
clients to come back.`;

export interface ServeOptions {
  readonly dev: boolean;
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly data: string;
  /** The address of the PostgreSQL; absent for the embedded database in `data`. */
  readonly postgres: string | undefined;
  /** The bus between the servers of one PostgreSQL: the addresses of NATS, or LISTEN and NOTIFY. */
  readonly bus: readonly string[] | 'postgres';
  /** The file with the policy and the groups. */
  readonly setup: string | undefined;
  readonly jwtSecret: string | undefined;
  readonly jwks: URL | undefined;
  /** Claims to check in tokens; absent claims are not checked. */
  readonly claims: { readonly audience?: string[]; readonly issuer?: string[] };
  readonly allowedOrigins: readonly string[] | undefined;
  readonly static: string | undefined;
  readonly behindProxy: boolean;
  readonly metrics: boolean;
}

const FLAGS = {
  dev: { type: 'boolean', default: false },
  port: { type: 'string', default: '8787' },
  host: { type: 'string', default: '127.0.0.1' },
  path: { type: 'string', default: '/receipts' },
  data: { type: 'string' },
  postgres: { type: 'string' },
  bus: { type: 'string' },
  setup: { type: 'string' },
  'jwt-secret': { type: 'string' },
  jwks: { type: 'string' },
  'jwt-audience': { type: 'string', multiple: true },
  'jwt-issuer': { type: 'string', multiple: true },
  'allow-origin': { type: 'string', multiple: true },
  static: { type: 'string' },
  'behind-proxy': { type: 'boolean', default: false },
  metrics: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false },
} as const;

/** Thrown for a wrong command line; the message says what is wrong. */
export class CommandLineError extends Error {
  override readonly name = 'CommandLineError';
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

const portOf = (text: string): number => {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new CommandLineError(`--port must be 0 to 65535; got ${text}`);
  return port;
};

const urlOf = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && LOOPBACK.includes(url.hostname)))
    throw new CommandLineError(`--jwks must be an https address; got ${text}`);
  return url;
};

/** The reason for unreadable arguments; for an unknown option with the nearest known option. */
const reasonOf = (error: unknown, flags: readonly string[]): string => {
  if (!(error instanceof Error)) return 'the command line cannot be read';
  const unknown = 'code' in error && error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? /'(-[^']*)'/.exec(error.message)?.[1] : undefined;
  if (unknown === undefined) return error.message;
  return `unknown option ${unknown}; ${nearestName(
    unknown,
    flags.map((flag) => `--${flag}`),
  )}`;
};

/** Reads arguments by their flags. @throws {CommandLineError} */
export const parseFlags = <Flags extends NonNullable<ParseArgsConfig['options']>>(args: readonly string[], flags: Flags) => {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: flags });
  } catch (error) {
    throw new CommandLineError(reasonOf(error, Object.keys(flags)));
  }
};

/** Neither message shows the address: it may hold a password. */
const databaseOf = (
  { data, dev, ...values }: { readonly data?: string; readonly dev: boolean; readonly postgres?: string; readonly bus?: string },
  env: Readonly<Record<string, string | undefined>>,
): Pick<ServeOptions, 'data' | 'postgres' | 'bus'> => {
  const postgres = values.postgres ?? (dev ? undefined : env['TIDEMARK_POSTGRES']);
  const bus = values.bus ?? (postgres === undefined ? undefined : env['TIDEMARK_BUS']);
  if (postgres !== undefined && !(URL.canParse(postgres) && /^postgres(?:ql)?:$/.test(new URL(postgres).protocol)))
    throw new CommandLineError('--postgres must be an address such as postgres://user:password@host/database');
  if (postgres !== undefined && data !== undefined && !dev)
    throw new CommandLineError('--data is the folder of the embedded database: it does not go with --postgres');
  if (bus !== undefined && postgres === undefined) throw new CommandLineError('--bus is for the servers of one --postgres');
  const buses = bus === undefined || bus === 'postgres' ? 'postgres' : bus.split(',');
  if (buses !== 'postgres' && !buses.every((one) => URL.canParse(one) && /^(?:nats|tls):\/\/./.test(one)))
    throw new CommandLineError('--bus must be "postgres" or an address such as nats://host:4222');
  return { data: data ?? '.tidemark', postgres, bus: buses };
};

const pathOf = (text: string): string => {
  if (!/^\/[^?#\s]*$/.test(text)) throw new CommandLineError(`--path must be a path such as /receipts; got ${text}`);
  return text;
};

/** Reads the arguments. @returns `help` or `version` if the user asked for it. @throws {CommandLineError} */
export const readCommandLine = (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ServeOptions | 'help' | 'version' => {
  const { values, positionals } = parseFlags(args, FLAGS);
  if (values.help || positionals[0] === 'help') return 'help';
  if (values.version) return 'version';
  if (positionals.length !== 1 || positionals[0] !== 'serve')
    throw new CommandLineError(`the command is "serve" or "conformance"; got ${positionals.length === 0 ? 'none' : positionals.join(' ')}`);
  const jwtSecret = values['jwt-secret'] ?? (values.dev || values.jwks !== undefined ? undefined : env['TIDEMARK_JWT_SECRET']);
  const ways = [values.dev, jwtSecret !== undefined, values.jwks !== undefined].filter(Boolean).length;
  if (ways !== 1) throw new CommandLineError('the server needs one way to check tokens: give one of --dev, --jwt-secret and --jwks');
  const { 'jwt-audience': audience, 'jwt-issuer': issuer } = values;
  if (values.dev && (audience ?? issuer))
    throw new CommandLineError('--dev makes its own tokens: --jwt-audience and --jwt-issuer do not go with it');
  if ([...(audience ?? []), ...(issuer ?? [])].includes(''))
    throw new CommandLineError('--jwt-audience and --jwt-issuer need a name; got none');
  if (jwtSecret !== undefined && byteLength(jwtSecret) < 32)
    throw new CommandLineError('--jwt-secret must be at least 32 bytes: a shorter secret can be guessed');
  if (values.dev && !LOOPBACK.includes(values.host))
    throw new CommandLineError(`--dev lets every caller sign in as any account, so it listens on loopback only; got --host ${values.host}`);
  if (values.dev && env['NODE_ENV'] === 'production') throw new CommandLineError('--dev is refused because NODE_ENV is "production"');
  return {
    dev: values.dev,
    port: portOf(values.port),
    host: values.host,
    path: pathOf(values.path),
    ...databaseOf(values, env),
    setup: values.setup,
    jwtSecret,
    jwks: values.jwks === undefined ? undefined : urlOf(values.jwks),
    claims: { ...(audience ? { audience } : {}), ...(issuer ? { issuer } : {}) },
    allowedOrigins: values['allow-origin'],
    static: values.static,
    behindProxy: values['behind-proxy'],
    metrics: values.metrics,
  };
};
