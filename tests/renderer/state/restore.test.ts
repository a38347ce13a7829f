import { expect, test } from 'vitest';
import { Workspace } from '../../../src-renderer/state/workspace.svelte.ts';
import { draftOn, fakeApi, fakeHost } from '../fixtures/app.ts';

async function opened(draft = draftOn('runs')): Promise<Workspace> {
  const workspace = new Workspace(fakeHost(fakeApi({}, draft)).connect);
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

test('so is what they opened there: the form does not turn into the results one had left', async () => {
  const workspace = await opened(draftOn('size', { sizeView: 'results' }));
  const restoring = workspace.restore();
  workspace.openAnswer();
  await restoring;
  expect(workspace).toMatchObject({ screen: 'size', sizeView: 'answer' });
});
