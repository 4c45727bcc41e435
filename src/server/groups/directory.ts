/** The host's knowledge of its users and their groups, as callbacks. */
import type { UserId } from '../../model/ids.ts';
import { readOptions } from '../../model/option-names.ts';
import type { Role } from '../store/records.ts';

/** A member of a group. */
export interface GroupMember {
  /** The member. */
  readonly userId: UserId;
  /** Default `member`. */
  readonly role?: Role;
}

/** Callbacks of the host about its users. */
export interface Directory {
  /**
   * Whether `from` may write to `to` in a direct chat. Default: every user may write to every user. If the
   * callback throws or returns no boolean, the server logs the failure and asks the client to send the
   * message again later.
   */
  mayMessage?(from: UserId, to: UserId): boolean | Promise<boolean>;
  /**
   * Whether the messages of `sender` count as unread for `reader`, in direct chats and in groups. Default: every
   * message counts. If the answer is no, the message is in no count of the reader and makes no push for the reader;
   * the reader still gets the message. The server asks when the message comes, once for each reader of the message,
   * and again after `countsChanged`: an answer from memory keeps large groups fast. If the callback throws or returns
   * no boolean, the server logs the failure and asks the client to send the message again later.
   */
  counts?(sender: UserId, reader: UserId): boolean | Promise<boolean>;
  /**
   * The members of a group; an empty array for an unknown group. With this callback only the host's groups exist. The
   * server keeps a copy in its store. The server asks at the first use, every 30 s while the group is in use, and
   * after `membersChanged`. If the callback throws or returns no array, the known members stay. A member with an
   * invalid id or role is left out. Both are logged.
   */
  members?(groupId: string): readonly GroupMember[] | Promise<readonly GroupMember[]>;
}

/**
 * Checks the names of a plain-object directory: with the misspelt name `mayMesage`, every user could write to
 * every user. An instance of a class may have other members.
 *
 * @throws {UsageError} `usage/invalid-option`
 */
export const checkDirectory = (directory: Directory | undefined): void => {
  const isInstance = directory && Object.getPrototypeOf(directory) !== Object.prototype;
  if (!isInstance) readOptions(directory, 'directory', { mayMessage: 1, counts: 1, members: 1 }, 'usage/invalid-option');
};
