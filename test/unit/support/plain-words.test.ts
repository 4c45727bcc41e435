/** The measure of plain words: its texts and its counts. */
import { expect, it } from 'vitest';
import { commentsOf, exceeded, measure, titlesOf } from '../../support/plain-words.mjs';

it('the measure reads comments, and no code, regular expression or template that looks like a comment', () => {
  const code = [
    '/** The leader tab holds',
    ' * the Web Lock. */',
    'const url = `wss://${host}//none of these are comments/*`;',
    'const half = whole / 2; // The sender halves the frame.',
    'const pattern = /https:\\/\\/ none of these words/;',
    '// Two lines are read',
    '// as one comment.',
    'const text = "// nor is this text one";',
    '// too short',
  ].join('\n');
  expect(commentsOf(code)).toEqual([
    'The leader tab holds the Web Lock.',
    'The sender halves the frame.',
    'Two lines are read as one comment.',
  ]);
});

it('the measure reads the titles of tests and of their groups', () => {
  const code =
    "describe('the feed of one user', () => { it.each([1])('a frame is stored once, case %i', () => { call('not a title of any test'); }); });";
  expect(titlesOf(code)).toEqual(['the feed of one user', 'a frame is stored once, case %i']);
});

it('the measure counts fragments, comments without an actor, and pronouns for each 100 words', () => {
  const figures = measure([
    'What was told to whoever asked.',
    'The server answers each follower tab.',
    'The reader sends it to them.',
    'Ten words stand in this line without a single pronoun.',
  ]);
  expect(figures).toMatchObject({ comments: 4, fragments: 25, indefinite: 25 });
  expect(figures.pronouns).toBeCloseTo((100 * 2) / 28, 0);
  expect(exceeded(figures)).toEqual(['fragments', 'indefinite', 'pronouns']);
});
