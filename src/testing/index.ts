/**
 * The entry `tidemark/testing`: a server, devices, tabs, network and time for an app's own tests, in one process. A
 * seed replays a run.
 */
export { createTestWorld, type TestWorld, type WorldOptions } from './world.ts';
export type { VirtualDevice, FaultSite } from './virtual-device.ts';
export type { FrameTrouble } from './frame-trouble.ts';
export type { Person } from './person.ts';
export type { TabClientOptions } from './host-account.ts';
export type { VirtualTab } from './virtual-tab.ts';
export { DISK_POINTS, type DiskPoint, type DiskTrouble, type VirtualDisk } from './virtual-disk.ts';
export type { VirtualNotification } from './virtual-push.ts';
export type { VirtualNetwork } from './virtual-network.ts';
export { WELL, type NetworkConditions } from './virtual-wire.ts';
export type { DatabaseTrouble, VirtualServer, VirtualToken } from './virtual-server.ts';
export type { VirtualProcess } from './virtual-process.ts';
export { SeededRandom } from './random.ts';
export { type VirtualTime } from './virtual-time.ts';
