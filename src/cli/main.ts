#!/usr/bin/env node
/** The command `tidemark`. */
import { conformance } from './conformance.ts';
import { VERSION } from '../model/version.ts';
import { CommandLineError, readCommandLine, USAGE } from './options.ts';
import { missingPackages, neededPackages } from './optional-packages.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`tidemark: ${line}\n`);

const main = async (): Promise<void> => {
  const [command, ...args] = process.argv.slice(2);
  if (command === 'conformance') {
    process.exitCode = await conformance(args, process.env, say);
    return;
  }
  const options = readCommandLine(process.argv.slice(2), process.env);
  if (options === 'help') return say(USAGE);
  if (options === 'version') return say(VERSION);
  const missing = await missingPackages(neededPackages(options));
  if (missing.length > 0)
    throw new CommandLineError(
      `the server needs ${missing.length === 1 ? 'a package' : 'packages'} that the client does not:\n\n  npm install ${missing.join(' ')}\n`,
    );

  // Imported only after the check, because this module imports the optional packages.
  const { serve } = await import('./serve.ts');
  if (options.dev) say('development mode: every user of this machine may sign in as any account');
  const serving = await serve(options, complain);

  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1); // second signal
    stopping = true;
    serving.close().then(
      () => process.exit(0),
      (error: unknown) => {
        complain(`did not close cleanly: ${error instanceof Error ? error.message : String(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  await serving.ready;
  say(`tidemark listening on ${serving.url}`);
};

main().catch((error: unknown) => {
  complain(error instanceof Error ? error.message : String(error));
  if (error instanceof CommandLineError) process.stderr.write('see tidemark --help\n');
  process.exit(error instanceof CommandLineError ? 2 : 1);
});
