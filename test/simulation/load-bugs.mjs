// Bugs on purpose in answers about messages: loaded windows, messages found by id, receipts of shown messages; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const LOAD_BUGS = [
  bug(
    'loaded messages come in the order of their storage',
    'engine/present/read-messages.ts',
    'return [...bySeq.values()].sort((a, b) => a.seq - b.seq);',
    'return [...bySeq.values()];',
  ),
  bug('a stream whose read failed says nothing', 'engine/views/view.ts', 'if (mine === lastRead) failed(error);', 'void error;'),
  bug(
    'a question whose request failed has no answer',
    'engine/queries/ask.ts',
    'void answer.then(resolve, reject)',
    'void answer.then(resolve, () => undefined)',
  ),
];
