import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { createRawSnippet, flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, test, vi, type Mock } from 'vitest';
import GalleryStates from '../../../src-renderer/screens/gallery/GalleryStates.svelte';
import Tabs from '../../../src-renderer/components/Tabs.svelte';
import Toaster from '../../../src-renderer/components/Toaster.svelte';
import { toasts, Toasts } from '../../../src-renderer/components/toasts.svelte.ts';

/** The gallery holds these parts with their triggers, as a screen does. */
describe('menu, popover, dialog, tooltip', () => {
  beforeEach(() => {
    render(GalleryStates);
  });

  test('the menu opens by keyboard, says what cannot be done, and Escape gives the focus back', async () => {
    const trigger = screen.getByRole('button', { name: 'Menu' });
    trigger.focus();
    await fireEvent.keyDown(trigger, { key: 'Enter' });
    await screen.findByRole('menu');
    expect(screen.getByRole('menuitem', { name: /Export nothing to export yet/ })).toHaveAttribute(
      'aria-disabled',
      'true',
    );
    const box = screen.getByRole('menuitemcheckbox', { name: 'Region' });
    expect(box).toHaveAttribute('aria-checked', 'false');
    await fireEvent.keyDown(screen.getByRole('menu'), { key: 'Escape' });
    await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
    await waitFor(() => expect(trigger).toHaveFocus());
  });

  test('a check item stays open and turns', async () => {
    await fireEvent.keyDown(screen.getByRole('button', { name: 'Menu' }), { key: 'Enter' });
    await fireEvent.click(await screen.findByRole('menuitemcheckbox', { name: 'Region' }));
    await waitFor(() =>
      expect(screen.getByRole('menuitemcheckbox', { name: 'Region' })).toHaveAttribute('aria-checked', 'true'),
    );
  });

  // Presses elsewhere need a laid-out page: they are tried in Chromium.
  test('a popover closes by Escape and gives the focus back', async () => {
    const trigger = screen.getByRole('button', { name: 'Popover' });
    trigger.focus();
    await fireEvent.click(trigger);
    const panel = await screen.findByRole('dialog', { name: 'About a part' });
    await fireEvent.keyDown(panel, { key: 'Escape' });
    await waitFor(() => expect(screen.queryByTitle('Close')).toBeNull());
    await waitFor(() => expect(trigger).toHaveFocus());
  });

  test('a popover can be pinned, closes by its cross, and opens unpinned again', async () => {
    const trigger = screen.getByRole('button', { name: 'Popover' });
    await fireEvent.click(trigger);
    await fireEvent.click(await screen.findByTitle(/^Pin:/));
    expect(screen.getByTitle('Unpin')).toHaveAttribute('aria-pressed', 'true');
    await fireEvent.click(screen.getByTitle('Close'));
    await waitFor(() => expect(screen.queryByTitle('Close')).toBeNull());
    await fireEvent.click(trigger);
    expect(await screen.findByTitle(/^Pin:/)).toHaveAttribute('aria-pressed', 'false');
  });

  test('a dialog is named and described, and Escape leaves it', async () => {
    await fireEvent.click(screen.getByRole('button', { name: 'Dialog' }));
    const dialog = await screen.findByRole('dialog', { name: 'Dialog' });
    expect(dialog).toHaveAccessibleDescription('The page behind waits.');
    await fireEvent.keyDown(document.activeElement ?? dialog, { key: 'Escape' });
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });
});

describe('tabs', () => {
  test('one stop; arrow keys move, select and go round', async () => {
    const panel = createRawSnippet((id: () => string) => ({ render: () => `<p>Panel of ${id()}</p>` }));
    render(Tabs, {
      label: 'Run it',
      tabs: [
        { id: 'serve', label: 'Serve' },
        { id: 'benchmark', label: 'Benchmark' },
      ],
      selected: 'serve',
      panel,
    });
    const [first, second] = screen.getAllByRole('tab');
    first?.focus();
    await fireEvent.keyDown(first as HTMLElement, { key: 'ArrowLeft' });
    expect(second).toHaveFocus();
    expect(second).toHaveAttribute('aria-selected', 'true');
    expect(screen.getByRole('tabpanel')).toHaveAccessibleName('Benchmark');
    await waitFor(() => expect(screen.getAllByRole('tab').map((tab) => tab.tabIndex)).toEqual([-1, 0]));
  });
});

test('while a dialog is open the toasts of the window are covered', async () => {
  render(GalleryStates);
  toasts.show({ sentence: 'Imported lab.json.' });
  try {
    await fireEvent.click(screen.getByRole('button', { name: 'Dialog' }));
    const dialog = await screen.findByRole('dialog');
    await waitFor(() => expect(toasts.shown).toBeNull());
    await fireEvent.keyDown(dialog, { key: 'Escape' });
    await waitFor(() => expect(toasts.shown?.sentence).toBe('Imported lab.json.'));
  } finally {
    toasts.dismiss();
  }
});

describe('toast', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function shown(): { toasts: Toasts; undo: Mock<() => void> } {
    const toasts = new Toasts();
    const undo = vi.fn<() => void>();
    render(Toaster, { toasts });
    toasts.show({ sentence: 'Deleted "Router test".', undo, keys: '$mod+z' });
    flushSync();
    return { toasts, undo };
  }

  test('goes after eight seconds, not before', () => {
    const { toasts } = shown();
    vi.advanceTimersByTime(7900);
    expect(toasts.current).not.toBeNull();
    vi.advanceTimersByTime(200);
    expect(toasts.current).toBeNull();
  });

  test('waits while it is pointed at or holds the focus, and both must be over', async () => {
    const { toasts } = shown();
    await fireEvent.pointerEnter(screen.getByTestId('toast'));
    await fireEvent.focusIn(screen.getByRole('button', { name: /Undo/ }));
    vi.advanceTimersByTime(60_000);
    await fireEvent.pointerLeave(screen.getByTestId('toast'));
    vi.advanceTimersByTime(60_000);
    expect(toasts.current).not.toBeNull();
    await fireEvent.focusOut(screen.getByRole('button', { name: /Undo/ }), { relatedTarget: document.body });
    vi.advanceTimersByTime(8000);
    expect(toasts.current).toBeNull();
  });

  test('waits under a dialog, unseen, and has its eight seconds when that closes', () => {
    const { toasts } = shown();
    vi.advanceTimersByTime(4000);
    const uncover = toasts.cover();
    flushSync();
    expect(screen.queryByTestId('toast')).toBeNull();
    vi.advanceTimersByTime(60_000);
    uncover();
    flushSync();
    expect(screen.getByTestId('toast')).toHaveTextContent('Deleted "Router test".');
    vi.advanceTimersByTime(7900);
    expect(toasts.current).not.toBeNull();
    vi.advanceTimersByTime(200);
    expect(toasts.current).toBeNull();
  });

  test('keeps its button where its shortcut means something else', () => {
    const { toasts, undo } = shown();
    toasts.releaseKeys();
    flushSync();
    expect(toasts.current?.keys).toBeUndefined();
    screen.getByRole('button', { name: 'Undo' }).click();
    expect(undo).toHaveBeenCalledOnce();
    toasts.releaseKeys();
    expect(toasts.current).toBeNull();
  });

  test('one at a time: a newer one takes the place and the whole eight seconds', () => {
    const { toasts } = shown();
    vi.advanceTimersByTime(6000);
    toasts.show({ sentence: 'Saved.' });
    flushSync();
    expect(screen.getAllByTestId('toast')).toHaveLength(1);
    expect(screen.queryByRole('button', { name: /Undo/ })).toBeNull();
    vi.advanceTimersByTime(7900);
    expect(toasts.current?.sentence).toBe('Saved.');
  });

  test('undo undoes once and takes the toast away; Escape only takes it away', async () => {
    const { toasts, undo } = shown();
    await fireEvent.click(screen.getByRole('button', { name: /Undo/ }));
    expect(undo).toHaveBeenCalledOnce();
    expect(toasts.current).toBeNull();
    toasts.show({ sentence: 'Again.', undo });
    flushSync();
    await fireEvent.keyDown(screen.getByRole('button', { name: /Undo/ }), { key: 'Escape' });
    expect(toasts.current).toBeNull();
    expect(undo).toHaveBeenCalledOnce();
  });

  test('the place it is put into is there before it, so that readers notice', () => {
    render(Toaster, { toasts: new Toasts() });
    expect(screen.getByRole('status', { name: 'Done' })).toBeEmptyDOMElement();
  });
});
