/** The story: four steps to try, each marked as done when it has happened. */
import { BehaviorSubject, combineLatest, type Observable } from 'rxjs';
import { h, hidden, keyedList, setText } from './dom.ts';
import { icon } from './icons.ts';
import type { Phone } from './phone.ts';

interface Step {
  readonly title: string;
  readonly hint: string;
}

const STEPS: readonly Step[] = [
  { title: 'Put Bob in aeroplane mode', hint: 'His phone sends nothing now' },
  { title: 'Read messages there', hint: 'Badges go down; receipts wait' },
  { title: 'Reload the page', hint: 'Or close it for a day: nothing is lost' },
  { title: 'Turn it off, watch Alice', hint: 'Receipts leave; ticks turn blue' },
];

const KEY = 'tidemark-demo:story';

interface Facts {
  readonly paused: boolean;
  readonly pendingReceipts: number;
  /** This page was loaded after the second step was done. */
  readonly reloaded: boolean;
}

/** The number of done steps after these facts. Steps are done in order, one at a time. */
export const advanceStory = (done: number, { paused, pendingReceipts, reloaded }: Facts): number => {
  if (done === 0 && paused) return 1;
  if (done === 1 && !paused) return 0;
  if (done === 1 && pendingReceipts > 0) return 2;
  if (done === 2 && reloaded) return 3;
  if (done >= 2 && done < 4 && !paused && pendingReceipts === 0) return 4;
  return done;
};

const restore = (): number => {
  try {
    return Math.min(4, Number(sessionStorage.getItem(KEY)) || 0);
  } catch {
    return 0;
  }
};

export const startStory = (parent: HTMLElement, bob: Phone): Observable<number> => {
  const restored = restore();
  const done$ = new BehaviorSubject(restored);
  const list = h('ol', { class: 'story-steps', role: 'list' });
  const again = h('button', { type: 'button', class: 'story-again', click: () => done$.next(0) }, 'Start over');
  parent.append(h('h2', { class: 'story-title' }, 'Try this'), list, again);
  const show = keyedList<{ readonly step: Step; readonly index: number; readonly done: number }>(
    list,
    ({ index }) => String(index),
    ({ step, index }) => {
      const doneText = hidden('');
      const node = h(
        'li',
        { class: 'story-step' },
        h('span', { class: 'story-number', 'aria-hidden': 'true' }, h('span', {}, String(index + 1)), icon('check')),
        h(
          'span',
          { class: 'story-text' },
          h('span', { class: 'story-what' }, step.title, doneText),
          h('span', { class: 'story-hint' }, step.hint),
        ),
      );
      return {
        node,
        update: ({ done }) => {
          node.toggleAttribute('data-done', index < done);
          node.toggleAttribute('data-shown', index === Math.min(done, STEPS.length - 1));
          if (index === done) node.setAttribute('aria-current', 'step');
          else node.removeAttribute('aria-current');
          setText(doneText, index < done ? ' (done)' : '');
        },
      };
    },
  );
  done$.subscribe((done) => {
    again.toggleAttribute('data-off', done < STEPS.length);
    again.disabled = done < STEPS.length;
    show(STEPS.map((step, index) => ({ step, index, done })));
    try {
      sessionStorage.setItem(KEY, String(done));
    } catch {
      // Without storage, the story begins anew after a reload.
    }
  });
  combineLatest([bob.client.watchConnection(), bob.client.watchOutbox()]).subscribe(([{ paused }, { pending }]) => {
    const facts = { paused, pendingReceipts: pending, reloaded: restored >= 2 };
    let done = done$.value;
    for (let next = advanceStory(done, facts); next !== done; next = advanceStory(done, facts)) done = next;
    if (done !== done$.value) done$.next(done);
  });
  return done$;
};
