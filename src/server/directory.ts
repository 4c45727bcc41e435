/** What a host may say of its users and their groups. */
import type { UserId } from '../model/ids.ts';
import type { Role } from './server-store.ts';

export interface GroupMember {
  readonly userId: UserId;
  /** Default `member`. */
  readonly role?: Role;
}

/** What the host knows of its users. */
export interface Directory {
  /** Who may write to whom in direct chats. Default: anybody to anybody. */
  mayMessage?(from: UserId, to: UserId): boolean | Promise<boolean>;
  /**
   * Who is in a group; nobody for one that does not exist. Mirrored in the store: asked at first use, every 30 s while the group is in
   * use, and after `membersChanged`. With it the host's groups are the only ones.
   */
  members?(groupId: string): readonly GroupMember[] | Promise<readonly GroupMember[]>;
}
