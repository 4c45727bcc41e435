// Bugs on purpose in answers about messages: loaded windows, messages found by id, receipts of shown messages; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const LOAD_BUGS = [
  bug(
    'loaded messages come in the order of their storage',
    'engine/present/read-messages.ts',
    'return [...bySeq.values()].sort((a, b) => a.seq - b.seq);',
    'return [...bySeq.values()];',
  ),
];
