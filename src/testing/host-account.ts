/** The account that the worker of a virtual tab hosts. */
import type { ReceiptClientOptions } from '../client/receipt-client-options.ts';
import type { UserId } from '../model/ids.ts';
import type { Ports } from '../ports/ports.ts';
import type { NoteKeeper } from '../store/loss-marker.ts';
import { HostedAccount } from '../worker/hosted-account.ts';

export type TabClientOptions = Pick<ReceiptClientOptions, 'deliveryReceipts' | 'readReceipts' | 'retention'>;

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

export const hostAccount = (profile: Profile, ports: Ports, { retention, ...settings }: TabClientOptions): Promise<HostedAccount> => {
  const { userId, deviceId, note, disk } = profile;
  // The device kills its tabs before it deletes their storage, so no running tab finds its store gone.
  const store = { ...ports.store, removed: never, newerSchema: never, remove: () => disk.wipe() };
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
      open: async () => store,
      removeUnseen: () => undefined,
    },
  );
};
