import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { isOwnerAlive, thisProcess } from '../../src-main/services/owner.ts';

test('this program is alive', () => {
  expect(isOwnerAlive(thisProcess)).toBe(true);
});

test('an earlier program that had the same process number is not', () => {
  expect(isOwnerAlive(`${process.pid}:another-token`)).toBe(false);
});

test('a program that ended is not, another one that runs is', () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  expect(isOwnerAlive(`${pid}:token`)).toBe(false);
  expect(isOwnerAlive(`${process.ppid}:token`)).toBe(true);
});

test.each(['', 'nonsense', '0:token', '-1:token', '1.5:token'])(
  'an owner "%s" that cannot be is not alive',
  (owner) => {
    expect(isOwnerAlive(owner)).toBe(false);
  },
);
