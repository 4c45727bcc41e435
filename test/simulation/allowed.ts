/** Follows the receipt settings of a device from the commits of its disk (I-6): a forbidden receipt is never pending. */

/** The receipts of an entry for senders. */
export interface Tells {
  readonly reads: boolean;
  readonly deliveries: boolean;
}

/** The compared receipts of an entry. */
export type Owes = { readonly [K in 'read' | 'named' | 'namedIds' | 'delivered']?: readonly unknown[] };

export const tellsOf = (pendingReceipts: Owes | undefined): Tells => ({
  reads: [pendingReceipts?.read, pendingReceipts?.named, pendingReceipts?.namedIds].some((list) => (list?.length ?? 0) > 0),
  deliveries: (pendingReceipts?.delivered?.length ?? 0) > 0,
});

interface Pending {
  readonly key: string;
  readonly sent: boolean;
  readonly tells: Tells;
}

const ALL: Tells = { reads: true, deliveries: true };

const isForbidden = (tells: Tells, allowed: Tells): boolean => (tells.reads && !allowed.reads) || (tells.deliveries && !allowed.deliveries);

export class Allowed {
  /** The settings of the device itself. */
  private ofDevice = ALL;

  constructor(private readonly violated: (why: string) => void) {}

  /** The device has another store. */
  forget(): void {
    this.ofDevice = ALL;
  }

  switchedDevice(pending: Iterable<Pending>, settings: { readonly readReceipts: boolean; readonly deliveryReceipts: boolean }): void {
    this.ofDevice = { reads: settings.readReceipts, deliveries: settings.deliveryReceipts };
    this.judge(pending, this.ofDevice);
  }

  switchedAccount(
    pending: Iterable<Pending>,
    { readReceipts, deliveryReceipts }: { readonly [K in 'readReceipts' | 'deliveryReceipts']?: { readonly value: boolean } },
  ): void {
    this.judge(pending, { reads: readReceipts?.value !== false, deliveries: deliveryReceipts?.value !== false });
  }

  /** An entry gets more receipts. The server keeps forbidden receipts back: only the device's disk shows the mistake. */
  adds(key: string, tells: Tells): void {
    if (isForbidden(tells, this.ofDevice)) this.violated(`${key} gets receipts, and their setting is off`);
  }

  private judge(pending: Iterable<Pending>, allowed: Tells): void {
    for (const { key, sent, tells } of pending)
      if (!sent && isForbidden(tells, allowed)) this.violated(`${key} is still pending, and its setting is off`);
  }
}
