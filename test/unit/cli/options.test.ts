import { describe, expect, it } from 'vitest';
import { missingPackages, neededPackages } from '../../../src/cli/optional-packages.ts';
import { CommandLineError, readCommandLine, type ServeOptions } from '../../../src/cli/options.ts';

const SECRET = 's'.repeat(32);

describe('the options of `tidemark serve`', () => {
  it('every option has a default', () => {
    expect(readCommandLine(['serve', '--dev'], {})).toEqual({
      dev: true,
      port: 8787,
      host: '127.0.0.1',
      path: '/receipts',
      data: '.tidemark',
      postgres: undefined,
      bus: 'postgres',
      setup: undefined,
      metrics: false,
      jwtSecret: undefined,
      jwks: undefined,
      claims: {},
      allowedOrigins: undefined,
      static: undefined,
      behindProxy: false,
    });
  });

  it('a secret may come from the environment, out of sight of process lists', () => {
    expect(readCommandLine(['serve'], { TIDEMARK_JWT_SECRET: SECRET })).toMatchObject({ jwtSecret: SECRET, dev: false });
    expect(readCommandLine(['serve', '--dev'], { TIDEMARK_JWT_SECRET: SECRET })).toMatchObject({ jwtSecret: undefined, dev: true });
  });

  it.each([
    ['no command', [], {}, 'the command is "serve" or "conformance"'],
    ['another command', ['sail'], {}, 'got sail'],
    ['an unknown option', ['serve', '--dev', '--turbo'], {}, 'turbo'],
    ['no way to check tokens', ['serve'], {}, 'one of --dev'],
    ['two ways', ['serve', '--dev', '--jwt-secret', SECRET], {}, 'one of --dev'],
    ['a short secret', ['serve', '--jwt-secret', 'hunter2'], {}, '32 bytes'],
    ['--dev on all addresses', ['serve', '--dev', '--host', '0.0.0.0'], {}, 'loopback only'],
    ['--dev in production', ['serve', '--dev'], { NODE_ENV: 'production' }, 'NODE_ENV'],
    ['keys over plain HTTP', ['serve', '--jwks', 'http://keys.example/jwks'], {}, 'https'],
    ['an audience with --dev', ['serve', '--dev', '--jwt-audience', 'chat'], {}, 'do not go with it'],
    ['an audience without a name', ['serve', '--jwt-secret', SECRET, '--jwt-audience', ''], {}, 'need a name'],
    ['a port above 65535', ['serve', '--dev', '--port', '70000'], {}, '0 to 65535'],
    ['a path that is none', ['serve', '--dev', '--path', 'receipts'], {}, '--path must be a path'],
    ['a bus without a database to share', ['serve', '--dev', '--bus', 'nats://one:4222'], {}, '--bus is for the servers'],
    [
      'a folder beside --postgres',
      ['serve', '--jwt-secret', SECRET, '--postgres', 'postgres://db/x', '--data', 'd'],
      {},
      '--data is the folder',
    ],
    [
      'a bus of another kind',
      ['serve', '--jwt-secret', SECRET, '--postgres', 'postgres://db/x', '--bus', 'redis://b'],
      {},
      '--bus must be',
    ],
    ['a port that is text', ['serve', '--dev', '--port', '8e3'], {}, '0 to 65535'],
  ])('`tidemark` refuses %s', (_what, args, env, message) => {
    const read = (): unknown => readCommandLine(args, env);
    expect(read).toThrow(CommandLineError);
    expect(read).toThrow(message);
  });

  it('several servers share a PostgreSQL and a bus; their addresses may come from the environment', () => {
    const postgres = 'postgres://tidemark:secret@db.internal/receipts';
    const args = ['serve', '--jwt-secret', SECRET];
    expect(readCommandLine([...args, '--postgres', postgres], {})).toMatchObject({ postgres, bus: 'postgres' });
    expect(readCommandLine([...args, '--postgres', postgres, '--bus', 'nats://one:4222,nats://two:4222'], {})).toMatchObject({
      bus: ['nats://one:4222', 'nats://two:4222'],
    });
    expect(readCommandLine(args, { TIDEMARK_POSTGRES: postgres, TIDEMARK_BUS: 'nats://one:4222' })).toMatchObject({
      postgres,
      bus: ['nats://one:4222'],
    });
  });

  it('a wrong address of the database is refused without its password', () => {
    const read = (): unknown => readCommandLine(['serve', '--jwt-secret', SECRET, '--postgres', 'mysql://me:hunter2@db/receipts'], {});
    expect(read).toThrow('--postgres must be an address');
    expect(read).not.toThrow('hunter2');
  });

  it('only the packages of the chosen database and bus are needed', () => {
    const names = (...args: string[]): string[] =>
      Object.keys(neededPackages(readCommandLine(['serve', '--jwt-secret', SECRET, ...args], {}) as ServeOptions));
    expect(names()).toEqual(['ws', 'jose', '@electric-sql/pglite']);
    const postgres = ['--postgres', 'postgres://db/receipts'];
    expect(names(...postgres)).toEqual(['ws', 'jose', 'pg']);
    expect(names(...postgres, '--bus', 'nats://one:4222', '--metrics')).toEqual([
      'ws',
      'jose',
      'pg',
      '@nats-io/transport-node',
      'prom-client',
    ]);
  });

  it('help and version need no other option', () => {
    expect(readCommandLine(['--help'], {})).toBe('help');
    expect(readCommandLine(['--version'], {})).toBe('version');
  });

  it('missing packages are named, and no others', async () => {
    const load = (name: string) => () => import(/* @vite-ignore */ name) as Promise<unknown>;
    const missing = await missingPackages({
      ws: load('ws'),
      'not-installed-anywhere': () => Promise.reject(Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' })),
    });
    expect(missing).toEqual(['not-installed-anywhere']);
    await expect(missingPackages({ broken: () => Promise.reject(new Error('broken')) })).rejects.toThrow('broken');
  });
});
