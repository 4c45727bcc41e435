import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../../src/protocol/close-codes.ts';
import { ClientFrameShape, ServerFrameShape } from '../../../src/protocol/frames.ts';
import { WireError } from '../../../src/protocol/hello.ts';
import { DeclarativePushShape, PushShape } from '../../../src/protocol/push.ts';
import { EntryShape, RejectedCodeShape } from '../../../src/protocol/submit.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';

const text = readFileSync(new URL('../../../src/protocol/PROTOCOL.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, example]) => JSON.parse(example!) as unknown);
const frames = examples.flatMap((example) => (Array.isArray(example) ? (example as unknown[]) : [example]));
const typesOf = (shape: { options: readonly { entries: { type: { literal: string } } }[] }): string[] =>
  shape.options.map(({ entries }) => entries.type.literal);

describe('PROTOCOL.md', () => {
  it('every example in PROTOCOL.md is a valid frame', () => {
    expect(frames.length).toBeGreaterThan(12);
    for (const frame of frames) {
      const taken = [ClientFrameShape, ServerFrameShape, PushShape, DeclarativePushShape].filter(
        (shape) => v.safeParse(shape, frame).success,
      );
      expect(taken, JSON.stringify(frame)).toHaveLength(1);
    }
    const entries = frames.flatMap((frame) => (frame as { entries?: unknown[] }).entries ?? []);
    for (const entry of entries) expect(v.safeParse(EntryShape, entry).success, JSON.stringify(entry)).toBe(true);
  });

  it('PROTOCOL.md shows every frame, under a heading that names it', () => {
    const shown = new Set(frames.map((frame) => (frame as { type: string }).type));
    for (const type of [...typesOf(ClientFrameShape), ...typesOf(ServerFrameShape), PushShape.entries.type.literal]) {
      expect(shown).toContain(type);
      expect(text).toMatch(new RegExp(`^###.*\`${type}\``, 'm'));
    }
  });

  it('PROTOCOL.md names every error code, every close code and the version', () => {
    for (const code of [...WireError.entries.code.options, ...RejectedCodeShape.options]) expect(text).toContain(code);
    for (const code of Object.values(CLOSE)) if (code > 1001) expect(text).toContain(String(code));
    expect(text).toContain(`version ${PROTOCOL_VERSION}`);
  });
});
