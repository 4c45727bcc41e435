/** The laws for every frame of the run: see the ledger. These checks come last. */
import { type Check, checksOf } from '../check.ts';
import { demand } from '../demand.ts';
import type { Law } from '../ledger.ts';

const held =
  (law: Law): Check['run'] =>
  async ({ ledger }) => {
    const breaches = ledger.of(law);
    demand(breaches.length === 0, 'no frame of the run that breaks the rule', `${breaches.length}: ${breaches.slice(0, 3).join('; ')}`);
  };

export const ALWAYS = [
  ...checksOf('core', 'Transports', {
    'always.shape': ['every frame of the server has the keys and types that PROTOCOL.md shows, and no others', held('shape'), 'alone'],
    'always.size': ['every frame of the server has at most 256 KiB, and nests at most 8 deep', held('size'), 'alone'],
  }),
  ...checksOf('core', 'Change feed', {
    'always.contiguous': ['the frames of the feed join end to end (I-17)', held('contiguous'), 'alone'],
    'always.one-seq': ['a seq is the seq of one message, and a message has one seq', held('one-seq'), 'alone'],
    'always.step-time': ['the first time of a receipt stays', held('step-time'), 'alone'],
    'always.counts': ['a read count is never above the number of members, and neither number falls (I-11)', held('counts'), 'alone'],
  }),
  ...checksOf('core', 'Submitting', {
    'always.answer-order': ['an answer has one result for each entry, in the order of the entries', held('answer-order'), 'alone'],
  }),
  ...checksOf('core', 'Invariants', {
    'always.position': ['readUpTo, latestSeq and joinedAt never fall as the version of a row rises (I-4)', held('position'), 'alone'],
    'always.receipts-stay': ['a receipt that a row has told is in every later row', held('receipts-stay'), 'alone'],
  }),
];
