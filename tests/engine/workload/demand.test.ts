import { expect, test } from 'vitest';
import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import { demandOf } from '../../../src-worker/engine/workload/demand.ts';
import { facts } from '../world.ts';

const chat = facts.workloads.find(({ name }) => name === 'chat');
if (!chat) throw new Error('no chat workload');

test('worked example: 100 chat users without pause ask 100 / (0.2 + 149 x 0.05) = 13.07 times a second', () => {
  const demand = demandOf(chat, { users: 100, thinkTimeS: 0 });
  expect(demand.rateReqPerS).toBeCloseTo(100 / 7.65, 9);
  expect(demand.explanation).toContain('13.07 requests/s');
});

test('one user is no plural, and thousands are marked', () => {
  const words = (users: number) => demandOf(chat, { users, thinkTimeS: 0 }).explanation;
  expect(words(1)).toMatch(/^1 user at the pace/);
  expect(words(10_000)).toMatch(/^10,000 users at the pace.* 1,307 requests\/s$/);
});

test('think time slows users down; rate is linear in users', () => {
  const slow = demandOf(chat, { users: 100, thinkTimeS: 30 });
  expect(slow.rateReqPerS).toBeCloseTo(100 / 37.65, 9);
  expect(demandOf(chat, { users: 300, thinkTimeS: 30 }).rateReqPerS).toBeCloseTo(3 * slow.rateReqPerS, 9);
});

test('a workload without P50 targets cannot turn users into a rate, and says what would work', () => {
  const bare = { ...chat, targets: chat.targets.filter(({ metric }) => metric !== 'tpot_p50') };
  expect(() => demandOf(bare, { users: 5, thinkTimeS: 0 })).toThrow(ConfigIqError);
  expect(() => demandOf(bare, { users: 5, thinkTimeS: 0 })).toThrow(/--rate/);
  expect(demandOf(bare, { rateReqPerS: 4 }).rateReqPerS).toBe(4);
});
