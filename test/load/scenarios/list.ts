/** The scenarios, in the order of the page. */
import type { Scenario } from '../scenario.ts';
import { group } from './group.ts';
import { nodes } from './nodes.ts';
import { receipts } from './receipts.ts';
import { sizes } from './sizes.ts';
import { soak } from './soak.ts';
import { sockets } from './sockets.ts';
import { stores } from './stores.ts';
import { storm } from './storm.ts';

export const SCENARIOS: readonly Scenario[] = [receipts, nodes, group, storm, sockets, stores, sizes, soak];

/** @throws {Error} for an unknown name. */
export const listedOf = (id: string): Scenario => {
  const found = SCENARIOS.find((one) => one.id === id);
  if (!found) throw new Error(`no scenario ${id}: there are ${SCENARIOS.map((one) => one.id).join(', ')}`);
  return found;
};
