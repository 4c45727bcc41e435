import { describe, expect, it } from 'vitest';
import { missingPackages } from '../../../src/cli/optional-packages.ts';
import { CommandLineError, readCommandLine } from '../../../src/cli/options.ts';

const SECRET = 's'.repeat(32);

describe('the options of `tidemark serve`', () => {
  it('every option has a default', () => {
    expect(readCommandLine(['serve', '--dev'], {})).toEqual({
      dev: true,
      port: 8787,
      host: '127.0.0.1',
      path: '/receipts',
      data: '.tidemark',
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
    ['a port that is text', ['serve', '--dev', '--port', '8e3'], {}, '0 to 65535'],
  ])('`tidemark` refuses %s', (_what, args, env, message) => {
    const read = (): unknown => readCommandLine(args, env);
    expect(read).toThrow(CommandLineError);
    expect(read).toThrow(message);
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
