/** Real proxies with a configuration of the guides. The names and ports of the guides become those of the test. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const PROGRAMS = { nginx: '/usr/sbin/nginx', caddy: '/usr/bin/caddy', haproxy: '/usr/sbin/haproxy' } as const;

export type ProxyName = keyof typeof PROGRAMS;

export const isInstalled = (name: ProxyName): boolean => existsSync(PROGRAMS[name]);

export const MISSING_PROXIES = 'apt-get install nginx caddy haproxy';

export interface Proxy {
  /** What a browser shows: `http://127.0.0.1:4711`. */
  readonly origin: string;
  stop(): Promise<void>;
}

/** A whole `nginx.conf` around the blocks of a guide. */
const nginxFile = (folder: string, port: number, code: string): string => {
  const upstream = /^upstream [^]*?^}\n/m.exec(code)?.[0] ?? '';
  return `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  ${upstream}
  server { listen 127.0.0.1:${port}; ${code.replace(upstream, '')} }
}`;
};

const caddyFile = (port: number, code: string): string => `{
  admin off
  auto_https disable_redirects
  local_certs
  skip_install_trust
}
${code.replaceAll('chat.example', `localhost:${port}`)}`;

const haproxyFile = (port: number, code: string): string => code.replace('bind :80\n', `bind 127.0.0.1:${port}\n`);

const isOpen = async (port: number): Promise<boolean> => {
  const socket = connect(port, '127.0.0.1');
  const opened = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false);
  socket.destroy();
  return opened;
};

/** @param servers the port of each server of the guide, by its address there. */
export const startProxy = async (
  name: ProxyName,
  port: number,
  code: string,
  servers: Readonly<Record<string, number>>,
): Promise<Proxy> => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-proxy-'));
  for (const address of Object.keys(servers)) if (!code.includes(address)) throw new Error(`the configuration has no ${address}`);
  const here = Object.entries(servers).reduce((text, [address, at]) => text.replaceAll(address, `127.0.0.1:${at}`), code);
  const file = join(folder, 'configuration');
  writeFileSync(
    file,
    name === 'nginx' ? nginxFile(folder, port, here) : name === 'caddy' ? caddyFile(port, here) : haproxyFile(port, here),
  );
  const program = PROGRAMS[name];
  const args = {
    nginx: ['-p', folder, '-e', join(folder, 'error.log'), '-c', file],
    caddy: ['run', '--adapter', 'caddyfile', '--config', file],
    haproxy: ['-db', '-f', file],
  }[name];
  mkdirSync(join(folder, 'home'));
  const env = { ...process.env, HOME: join(folder, 'home'), XDG_DATA_HOME: join(folder, 'home'), XDG_CONFIG_HOME: join(folder, 'home') };
  // A wrong configuration fails here, with the proxy's own words.
  if (name !== 'caddy') execFileSync(program, [name === 'nginx' ? '-t' : '-c', ...args], { env, stdio: 'pipe' });
  const child: ChildProcess = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (part) => (said += String(part)));
  for (let tries = 0; !(await isOpen(port)); tries++) {
    if (child.exitCode !== null || tries > 200) throw new Error(`${name} did not start: ${said.slice(-2000)}`);
    await pause(50);
  }
  return {
    origin: name === 'caddy' ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await Promise.race([ended, pause(3000).then(() => child.kill('SIGKILL'))]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
