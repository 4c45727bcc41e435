/** The file of `--setup`: the policy and the groups of a server without a host of its own. */
import { readFile } from 'node:fs/promises';
import { readOptions } from '../model/option-names.ts';
import type { GroupMember } from '../server/groups/directory.ts';
import type { PolicyChange } from '../server/policy.ts';
import type { ReceiptServer } from '../server/receipt-server.ts';
import { CommandLineError } from './options.ts';

export interface Setup {
  readonly policy?: PolicyChange;
  readonly groups?: readonly { readonly groupId: string; readonly members: readonly GroupMember[] }[];
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** @throws {CommandLineError} names the file, and what is wrong in it. */
export const readSetup = async (file: string | undefined): Promise<Setup> => {
  if (file === undefined) return {};
  try {
    const setup = readOptions(JSON.parse(await readFile(file, 'utf8')) as Setup, 'the file', { policy: 1, groups: 1 });
    if (setup.groups !== undefined && !Array.isArray(setup.groups)) throw new Error('groups must be a list');
    return setup;
  } catch (error) {
    throw new CommandLineError(`--setup ${file}: ${messageOf(error)}`);
  }
};

/** Creates the groups of the file, and adds the members who are missing. @throws {CommandLineError} for a malformed group. */
export const createGroupsOf = async (server: Pick<ReceiptServer, 'createGroup'>, { groups = [] }: Setup): Promise<void> => {
  for (const group of groups)
    await server.createGroup(group).catch((error: unknown) => {
      throw new CommandLineError(`--setup, group ${JSON.stringify(group.groupId)}: ${messageOf(error)}`);
    });
};
