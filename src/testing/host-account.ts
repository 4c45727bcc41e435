/** The account that the worker of a virtual tab hosts. */
import { checkSchema } from '../client/options.ts';
import type { ReceiptClientOptions } from '../client/receipt-client-options.ts';
import type { Json } from '../model/message/message.ts';
import type { UserId } from '../model/ids.ts';
import { readOptions } from '../model/option-names.ts';
import type { Ports } from '../ports/ports.ts';
import type { DiskStore } from '../store/disk-store.ts';
import type { NoteKeeper } from '../store/loss-marker.ts';
import { HostedAccount } from '../worker/hosted-account.ts';

/** The options of `world.client` that a test may set. */
export type TabClientOptions<Body = Json> = Pick<
  ReceiptClientOptions<Body>,
  'deliveryReceipts' | 'readReceipts' | 'retention' | 'bodySchema'
>;

/** @throws {UsageError} `usage/invalid-option`, also for an option with an unknown name. */
export const readTabClientOptions = <Body>(options: TabClientOptions<Body>): TabClientOptions<Body> => {
  const names = { deliveryReceipts: 1, readReceipts: 1, retention: 1, bodySchema: 1 } as const;
  const given = readOptions(options, 'client', names, 'usage/invalid-option');
  if (given.bodySchema !== undefined) checkSchema(given.bodySchema, 'bodySchema');
  return given;
};

/** The part of a device that outlives its tabs. */
interface Profile {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly note: NoteKeeper;
  readonly disk: { wipe(): Promise<void> };
  renew(): string;
}

/** The leader lock of the device, and the name of its database. */
export const LOCK = 'lead';

const never: Promise<never> = new Promise(() => undefined);

/** @param openPorts opens the ports, with a store of their own. */
export const hostAccount = async (
  profile: Profile,
  openPorts: () => Promise<Ports>,
  { retention, ...settings }: Omit<TabClientOptions, 'bodySchema'>,
): Promise<HostedAccount> => {
  const ports = await openPorts();
  const { userId, deviceId, note, disk } = profile;
  const first = [ports.store];
  // The device kills its tabs before it deletes their storage, so no running tab finds its store gone.
  const open = async (): Promise<DiskStore> => {
    const store = first.pop() ?? (await openPorts()).store;
    return { ...store, removed: never, newerSchema: never, remove: () => disk.wipe() };
  };
  return HostedAccount.start(
    { url: 'wss://world.invalid', userId, deviceId, settings, ...(retention ? { retention } : {}) },
    {
      ports,
      name: LOCK,
      note,
      page: {
        deviceId: async () => profile.deviceId,
        forgetDevice: async () => void profile.renew(),
        renewDevice: async () => profile.renew(),
      },
      open,
      removeUnseen: () => undefined,
    },
  );
};
