import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LiveAnswer } from '../../../src-renderer/state/live-answer.svelte.ts';
import type { SizeDocument } from '../../../src-worker/protocol/documents.ts';
import type { SizeInputDraft } from '../../../src-worker/protocol/requests.ts';
import { failure, success, type Result } from '../../../src-worker/protocol/result.ts';
import { ROWS, sizeDocument } from '../fixtures/documents.ts';

const ask = (users: number): SizeInputDraft => ({ model: 'm', users });

const CANCELLED = failure({ family: 'interrupted', code: 'cancelled', message: 'Cancelled.', details: {} });

/** A host that answers when it is told to. */
function slowHost() {
  const asked: number[] = [];
  const waiting: ((result: Result<SizeDocument>) => void)[] = [];
  return {
    asked,
    size: (request: SizeInputDraft) => {
      asked.push(request.users ?? 0);
      return new Promise<Result<SizeDocument>>((resolve) => waiting.push(resolve));
    },
    answer: async (result: Result<SizeDocument> = success(sizeDocument())) => {
      waiting.shift()?.(result);
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('live answer', () => {
  test('a single edit is asked in the same task, without waiting for a timer', () => {
    const host = slowHost();
    const answer = new LiveAnswer(host.size);
    answer.request(ask(1));
    expect(host.asked).toEqual([1]);
  });

  test('edits in quick succession are two questions: the first at once, the last when that one is answered', async () => {
    const host = slowHost();
    const answer = new LiveAnswer(host.size);
    for (const users of [1, 12, 123]) answer.request(ask(users));
    await vi.advanceTimersByTimeAsync(500);
    expect(host.asked).toEqual([1]);
    await host.answer();
    expect(host.asked).toEqual([1, 123]);
    await host.answer();
    expect(host.asked).toEqual([1, 123]);
  });

  test('while one is under way only the newest waits, and only its answer is shown', async () => {
    const host = slowHost();
    const answer = new LiveAnswer(host.size);
    answer.request(ask(1));
    await vi.advanceTimersByTimeAsync(80);
    for (const users of [2, 3]) {
      answer.request(ask(users));
      await vi.advanceTimersByTimeAsync(80);
    }
    await host.answer(success(sizeDocument({ num_passing: 1 })));
    expect(host.asked).toEqual([1, 3]);
    expect(answer.document).toBeNull();
    await host.answer(success(sizeDocument({ num_passing: 3 })));
    expect(answer.document?.num_passing).toBe(3);
  });

  test('the old picture stays, and counts as old only after 150 ms', async () => {
    const host = slowHost();
    const answer = new LiveAnswer(host.size);
    answer.request(ask(1));
    await vi.advanceTimersByTimeAsync(80);
    await host.answer();
    const first = answer.document;
    answer.request(ask(2));
    await vi.advanceTimersByTimeAsync(140);
    expect(answer.isStale).toBe(false);
    await vi.advanceTimersByTimeAsync(20);
    expect(answer.isStale).toBe(true);
    expect(answer.document).toBe(first);
    await host.answer();
    expect(answer.isStale).toBe(false);
  });

  test('an error keeps the last answer, and the next answer ends the error', async () => {
    const host = slowHost();
    const answer = new LiveAnswer(host.size);
    const next = async (result?: Result<SizeDocument>) => {
      answer.request(ask(1));
      await vi.advanceTimersByTimeAsync(80);
      await host.answer(result);
    };
    await next();
    await next(failure({ family: 'invalid_input', code: 'unknown_zone', message: 'No such zone.', details: {} }));
    expect(answer.document).not.toBeNull();
    expect(answer.error?.code).toBe('unknown_zone');
    await next();
    expect(answer.error).toBeNull();
  });

  test('the selection survives a new answer that still has the row, else the first row takes its place', async () => {
    const host = slowHost();
    const answer = new LiveAnswer(host.size);
    const next = async (document: SizeDocument) => {
      answer.request(ask(1));
      await vi.advanceTimersByTimeAsync(80);
      await host.answer(success(document));
    };
    await next(sizeDocument());
    expect(answer.selected?.id).toBe(ROWS[0]!.id);
    answer.selectedId = ROWS[1]!.id;
    await next(sizeDocument({ recommendations: [ROWS[0]!, ROWS[1]!] }));
    expect(answer.selected?.id).toBe(ROWS[1]!.id);
    await next(sizeDocument({ recommendations: [ROWS[2]!] }));
    expect(answer.selected?.id).toBe(ROWS[2]!.id);
    await next(sizeDocument({ recommendations: [] }));
    expect(answer.selected).toBeNull();
  });

  test('what was withdrawn before it was sent is never asked', async () => {
    const host = slowHost();
    const answer = new LiveAnswer(host.size);
    answer.request(ask(1));
    answer.request(ask(2));
    answer.withdraw();
    await host.answer();
    await vi.advanceTimersByTimeAsync(500);
    expect(host.asked).toEqual([1]);
    expect(answer.isStale).toBe(false);
  });

  test('a question that is simulated tells how far it is, and ends when a newer one comes', async () => {
    const host = slowHost();
    const tasks: string[] = [];
    const cancelled: string[] = [];
    const answer = new LiveAnswer(
      (request, taskId) => {
        tasks.push(taskId);
        return host.size(request);
      },
      (taskId) => void cancelled.push(taskId),
    );
    answer.request({ ...ask(1), method: 'simulation' });
    const [task = ''] = tasks;
    answer.receive({ taskId: 'another', done: 3, total: 9 });
    expect(answer.progress).toBeNull();
    answer.receive({ taskId: task, done: 3, total: 9 });
    expect(answer.progress).toEqual({ done: 3, total: 9 });
    answer.request(ask(2));
    expect(cancelled).toEqual([task]);
    await host.answer(CANCELLED);
    expect([answer.progress, answer.error, host.asked]).toEqual([null, null, [1, 2]]);
    await host.answer();
    expect(answer.document).not.toBeNull();
    // A question that is answered at once is left to come to its end.
    answer.request(ask(3));
    answer.request(ask(4));
    expect(cancelled).toEqual([task]);
  });

  test('a person ends it: at once, the last answer stays, and what the host still says of it is passed over', async () => {
    const host = slowHost();
    const cancelled: string[] = [];
    const answer = new LiveAnswer(host.size, (taskId) => void cancelled.push(taskId));
    answer.request(ask(1));
    // One that is answered at once is not stopped.
    answer.stop();
    expect(answer.isStopped).toBe(false);
    await host.answer();
    const { document } = answer;
    answer.request({ ...ask(2), method: 'simulation' });
    await vi.advanceTimersByTimeAsync(200);
    expect([answer.isLong, answer.isBehind]).toEqual([true, true]);
    answer.stop();
    expect(cancelled).toHaveLength(1);
    expect([answer.isStopped, answer.isSimulating, answer.isStale, answer.isBehind]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    await host.answer(CANCELLED);
    expect([answer.isStopped, answer.error, answer.document]).toEqual([true, null, document]);
    answer.stop();
    expect(cancelled).toHaveLength(1);
  });

  test('what was stopped is asked again, also before the host has let go of it', async () => {
    const host = slowHost();
    const answer = new LiveAnswer(host.size);
    answer.request({ ...ask(1), method: 'simulation' });
    answer.stop();
    answer.retry();
    expect([answer.isStopped, answer.isSimulating, host.asked]).toEqual([false, true, [1]]);
    await host.answer(CANCELLED);
    expect([answer.isSimulating, answer.error, host.asked]).toEqual([true, null, [1, 1]]);
    await host.answer(success(sizeDocument({ num_passing: 3 })));
    expect([answer.document?.num_passing, answer.isBehind, answer.isSimulating]).toEqual([3, false, false]);
  });

  test('why an older question had no answer does not stand beside the progress of a newer one', async () => {
    const host = slowHost();
    const answer = new LiveAnswer(host.size);
    const refused = failure({ family: 'invalid_input', code: 'unknown_zone', message: 'No such zone.', details: {} });
    answer.request(ask(1));
    await host.answer(refused);
    // A quick one replaces it in a moment: until then it stays, so that nothing flickers while somebody types.
    answer.request(ask(2));
    expect(answer.error).not.toBeNull();
    await host.answer(refused);
    answer.request({ ...ask(3), method: 'simulation' });
    expect(answer.error).toBeNull();
  });

  test('one that is withdrawn is over without a word of it', async () => {
    const host = slowHost();
    const answer = new LiveAnswer(host.size);
    answer.request({ ...ask(1), method: 'simulation' });
    await vi.advanceTimersByTimeAsync(200);
    answer.withdraw();
    await host.answer(CANCELLED);
    expect([answer.isStopped, answer.error, answer.isStale, answer.isSimulating]).toEqual([false, null, false, false]);
  });
});
