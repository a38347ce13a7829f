import { expect, test } from 'vitest';
import { runListReport } from '../../src-main/cli/report/run-report.ts';
import type { RunEntry } from '../../src-worker/protocol/app-api.ts';

const RUN: RunEntry = {
  id: 3,
  kind: 'sweep',
  name: 'Llama over users',
  createdAt: '2026-11-24T10:00:00.000Z',
  status: 'interrupted',
  model: 'm',
  points: 2000,
  donePoints: 143,
  rows: 36_894,
  question: '',
  answer: null,
  usdPerHour: null,
};

test('a list of runs says how much there is of one that did not come to its end', () => {
  const done: RunEntry = { ...RUN, id: 4, status: 'done', donePoints: 2000 };
  const [, , first, second] = runListReport([RUN, done]).split('\n');
  expect(first).toMatch(/ interrupted +143 of 2,000 +36,894 /);
  expect(second).toMatch(/ done +2,000 +36,894 /);
});
