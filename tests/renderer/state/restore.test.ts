import { expect, test } from 'vitest';
import { Workspace } from '../../../src-renderer/state/workspace.svelte.ts';
import { draftOn, fakeApi, fakeHost } from '../fixtures/app.ts';

async function opened(): Promise<Workspace> {
  const workspace = new Workspace(fakeHost(fakeApi({}, draftOn('runs'))).connect);
  await workspace.session.start();
  return workspace;
}

test('the window reopens on the screen it was left on', async () => {
  const workspace = await opened();
  await workspace.restore();
  expect(workspace.screen).toBe('runs');
});

test('a screen somebody went to before the draft was read is where they stay', async () => {
  const workspace = await opened();
  const restoring = workspace.restore();
  workspace.screen = 'size';
  await restoring;
  expect(workspace).toMatchObject({ isRestored: true, screen: 'size' });
});
