/** What a host may say of its users and their groups. */
import type { UserId } from '../../model/ids.ts';
import { readOptions } from '../../model/option-names.ts';
import type { Role } from '../store/server-store.ts';

export interface GroupMember {
  readonly userId: UserId;
  /** Default `member`. */
  readonly role?: Role;
}

/** What the host knows of its users. */
export interface Directory {
  /**
   * Who may write to whom in direct chats: true or false. Default: anybody to anybody. Where it throws or answers anything else, the log is
   * told, and the client is asked to send the message again later.
   */
  mayMessage?(from: UserId, to: UserId): boolean | Promise<boolean>;
  /**
   * Who is in a group; an empty array for one that does not exist. Mirrored in the store: asked at first use, every 30 s while the group is in
   * use, and after `membersChanged`. With it the host's groups are the only ones.
   * Where it throws or answers no array, what was known stays in force; a member whose id or role is none is left out. The log is told.
   */
  members?(groupId: string): readonly GroupMember[] | Promise<readonly GroupMember[]>;
}

/**
 * Checks the names of a directory that is a plain object: with the name `mayMesage`, every user could write to every user. An instance of a
 * class may have other members.
 *
 * @throws {UsageError} `usage/invalid-option`
 */
export const checkDirectory = (directory: Directory | undefined): void => {
  const isInstance = directory && Object.getPrototypeOf(directory) !== Object.prototype;
  if (!isInstance) readOptions(directory, 'directory', { mayMessage: 1, members: 1 }, 'usage/invalid-option');
};
