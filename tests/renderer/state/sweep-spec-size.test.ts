import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SweepSize } from '../../../src-renderer/state/sweep-spec-size.svelte.ts';
import type { SweepPlanDocument } from '../../../src-worker/protocol/documents.ts';
import { failure, type Result } from '../../../src-worker/protocol/result.ts';

const SPEC = { base: { model: 'm' }, axes: { users: [1] } };
const refusal = (message: string): Result<SweepPlanDocument> =>
  failure({ family: 'invalid_input', code: 'sweep_conflict', message, details: {} });

function asking() {
  const answers: ((result: Result<SweepPlanDocument>) => void)[] = [];
  const size = new SweepSize(() => new Promise((resolve) => answers.push(resolve)));
  return { size, answers };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('asks once for edits that follow each other', async () => {
  const { size, answers } = asking();
  size.want(SPEC);
  await vi.advanceTimersByTimeAsync(100);
  size.want(SPEC);
  await vi.advanceTimersByTimeAsync(300);
  expect(answers).toHaveLength(1);
});

test('an older answer that comes late is not shown', async () => {
  const { size, answers } = asking();
  size.want(SPEC);
  await vi.advanceTimersByTimeAsync(300);
  size.want(SPEC);
  await vi.advanceTimersByTimeAsync(300);
  answers[1]!(refusal('new'));
  await vi.advanceTimersByTimeAsync(0);
  answers[0]!(refusal('old'));
  await vi.advanceTimersByTimeAsync(0);
  expect(size.problem).toBe('new');
});
