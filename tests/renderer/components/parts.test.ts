import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { createRawSnippet } from 'svelte';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { groupItems, markMatches, matchItems } from '../../../src-renderer/components/combo-matches.ts';
import Bullet from '../../../src-renderer/components/Bullet.svelte';
import EmptyState from '../../../src-renderer/components/EmptyState.svelte';
import ErrorState from '../../../src-renderer/components/ErrorState.svelte';
import { keyLabel } from '../../../src-renderer/components/key-label.ts';
import KeyFigures from '../../../src-renderer/components/KeyFigures.svelte';
import MetricTable from '../../../src-renderer/components/MetricTable.svelte';
import Notice from '../../../src-renderer/components/Notice.svelte';
import ProgressStrip from '../../../src-renderer/components/ProgressStrip.svelte';
import { parseUsersAxis } from '../../../src-renderer/format/axis-text.ts';
import { chipLabel, rangeValues, readRange, writeRange } from '../../../src-renderer/components/range-chip.ts';
import RelaxationTable from '../../../src-renderer/components/RelaxationTable.svelte';
import Skeleton from '../../../src-renderer/components/Skeleton.svelte';
import StackedBar from '../../../src-renderer/components/StackedBar.svelte';
import StatusWord from '../../../src-renderer/components/StatusWord.svelte';
import VerdictBanner from '../../../src-renderer/components/VerdictBanner.svelte';
import type { Relaxation } from '../../../src-worker/protocol/documents.ts';
import { ROWS, sizeDocument } from '../fixtures/documents.ts';

const text = (words: string) => createRawSnippet(() => ({ render: () => `<span>${words}</span>` }));
const [ROW] = ROWS;
if (!ROW) throw new Error('The fixture has no rows.');

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('matching', () => {
  const items = [
    { value: 'a/Llama-8B', label: 'a/Llama-8B', group: 'Llama' },
    { value: 'm/Mistral', label: 'm/Mistral', group: 'Mistral', search: 'mixtral' },
    { value: 'a/Llama-70B', label: 'a/Llama-70B', group: 'Llama' },
  ];

  test('every word must be found, anywhere, in any case', () => {
    expect(matchItems(items, 'LLAMA 70').map((item) => item.value)).toEqual(['a/Llama-70B']);
    expect(matchItems(items, 'mixtral')).toHaveLength(1);
    expect(matchItems(items, '')).toHaveLength(3);
  });

  test('a group stands once, where its first item stands', () => {
    expect(groupItems(items).map((group) => [group.heading, group.items.length])).toEqual([
      ['Llama', 2],
      ['Mistral', 1],
    ]);
  });

  test.each([
    ['llama a', 'a/Llama-8B'],
    ['', 'x'],
    ['zz', 'm/Mistral'],
    ['l', 'Llll'],
  ])('pieces for %j joined are the text, and bold is what was typed', (typed, label) => {
    const pieces = markMatches(label, typed);
    expect(pieces.map((piece) => piece.text).join('')).toBe(label);
    for (const piece of pieces.filter((each) => !each.isMatch)) {
      for (const word of typed.split(' ').filter(Boolean)) expect(piece.text.toLowerCase()).not.toContain(word);
    }
  });
});

describe('ranges as chips', () => {
  test.each(['10..1000:10', '1..1024*2', '25..3200/12log'])('%s reads and writes as itself', (chip) => {
    const range = readRange(chip);
    expect(range && writeRange(range)).toBe(chip);
  });

  test('single values are no ranges; labels say what is meant', () => {
    expect(readRange('50')).toBeNull();
    expect(['50', '1..1024*2', '10..1000:10', '25..3200/12log'].map(chipLabel)).toEqual([
      '50',
      '1 to 1,024, times 2',
      '10 to 1,000 by 10',
      '25 to 3,200, 12 values, log',
    ]);
  });

  test('the values keep to their ends, or a sentence says why there are none', () => {
    const range = rangeValues({ from: 1, to: 16, scale: 'doubling', by: 2 }, parseUsersAxis);
    expect(range).toEqual({ values: [1, 2, 4, 8, 16] });
    expect(rangeValues({ from: 16, to: 1, scale: 'linear', by: 1 }, parseUsersAxis)).toEqual({
      problem: 'The range must end above where it begins: raise "to" or lower "from".',
    });
    expect(rangeValues({ from: 1, to: 16, scale: 'doubling', by: 1 }, parseUsersAxis)).toHaveProperty('problem');
  });
});

test('shortcuts are written as the keyboard at hand has them', () => {
  expect(keyLabel('$mod+Shift+z', false)).toBe('Ctrl Shift Z');
  expect(keyLabel('$mod+k', true)).toBe('⌘ K');
});

describe('verdict', () => {
  test('what the mark stands for is told to whoever reaches it with the keyboard', async () => {
    const mark = 'Take it with care: the figures are less precise than asked for.';
    render(VerdictBanner, { verdict: { ...verdict, mark } });
    const button = screen.getByRole('button', { name: mark });
    button.focus();
    expect(button).toHaveFocus();
    expect(await screen.findByText(mark)).toBeVisible();
  });

  test('without a meaning of its own the mark is no button', () => {
    render(VerdictBanner, { verdict });
    expect(screen.queryByRole('button')).toBeNull();
  });

  const verdict = { kind: 'near' as const, sentence: '1 × g6.xlarge is 12 % over', why: 'The rest is met.' };

  test('is read out once it has stood for half a second', async () => {
    vi.useFakeTimers();
    render(VerdictBanner, { verdict });
    expect(screen.getByRole('status').textContent).toBe('');
    await vi.advanceTimersByTimeAsync(600);
    expect(screen.getByRole('status')).toHaveTextContent('1 × g6.xlarge is 12 % over. The rest is met.');
  });

  test('stale: stays, is marked busy, and is not read out again', async () => {
    vi.useFakeTimers();
    render(VerdictBanner, { verdict, isStale: true });
    await vi.advanceTimersByTimeAsync(600);
    expect(screen.getByTestId('verdict')).toHaveAttribute('aria-busy', 'true');
    expect(screen.getByRole('heading', { name: verdict.sentence })).toBeVisible();
    expect(screen.getByRole('status').textContent).toBe('');
  });
});

describe('figures and bars', () => {
  test('five key figures, without a provider of explanations as plain text', () => {
    render(KeyFigures, { row: ROW, document: sizeDocument() });
    expect(screen.getAllByRole('term').map((term) => term.textContent)).toEqual([
      'Cost',
      '1M output tokens',
      'Planned load',
      'Capacity',
      'Speed per user',
    ]);
    expect(screen.getByText('$1.86')).toBeVisible();
    expect(screen.queryByRole('button')).toBeNull();
  });

  test('a row that does not gate says so and is not painted as a miss', () => {
    const { container } = render(MetricTable, { rows: ROW.sla, configurationId: ROW.id });
    const row = screen.getByRole('row', { name: /E2E P50/ });
    expect(within(row).getByText('not gating')).toBeVisible();
    expect(container.querySelectorAll('.bullet.missed')).toHaveLength(0);
  });

  test('half of an interval stands apart from its figure', () => {
    const [first] = ROW.sla;
    render(MetricTable, { rows: [{ ...first!, predicted_ms: 103, half_width_ms: 1.2 }] });
    expect(screen.getByRole('cell', { name: '103 ± 1.2' })).toBeVisible();
  });

  test('the bar runs past the tick exactly where the target is missed', () => {
    const width = (valueMs: number): number => {
      const { container, unmount } = render(Bullet, { valueMs, targetMs: 200, status: 'met' });
      const [bar, tick] = [container.querySelector('i'), container.querySelector('b')];
      const gap = parseFloat(bar?.style.width ?? '') - parseFloat(tick?.style.left ?? '');
      unmount();
      return gap;
    };
    expect(width(120)).toBeLessThan(0);
    expect(width(200)).toBeCloseTo(0);
    expect(width(248)).toBeGreaterThan(0);
  });

  test('pointing at a part in the table fades the others in the bar', async () => {
    const parts = [
      { label: 'Weights', value: 15, text: '15 GiB', color: '--mem-weights' },
      { label: 'KV cache', value: 5, text: '5 GiB', color: '--mem-kv' },
    ];
    const { container } = render(StackedBar, { title: 'Memory', parts });
    await fireEvent.pointerEnter(screen.getByRole('row', { name: /KV cache/ }));
    expect([...container.querySelectorAll('.bar span')].map((part) => part.classList.contains('faded'))).toEqual([
      true,
      false,
    ]);
    expect(screen.getByRole('row', { name: /Weights 15 GiB 75 %/ })).toBeVisible();
  });

  test.each(['met', 'near', 'missed', 'unknown'] as const)('status %s has a word beside its picture', (status) => {
    const { container } = render(StatusWord, { status });
    expect(container.textContent?.trim().toLowerCase()).toBe(status);
    expect(container.querySelector('svg')).toHaveAttribute('aria-hidden', 'true');
  });
});

describe('relaxations', () => {
  const relaxation: Relaxation = {
    change: 'TTFT P95 500 -> 640 ms',
    from: '500 ms',
    to: '640 ms',
    set: { sla: { ttft_p95: 640 } },
    id: 'aws/g6.xlarge/us-east-1/tp1pp1/fp8',
    instance: 'g6.xlarge',
    instances: 2,
    gpu: 'nvidia-l4',
    tensor_parallel: 1,
    pipeline_parallel: 1,
    quantization: 'fp8',
    usd_per_hour: 1.6,
    capacity_share: 0.62,
    ttft_p95_ms: 612,
    targets: 6,
    tightest: 'TTFT P95',
    note: 'Spot capacity can be taken back.',
  };

  test('says what changes, what it brings, and hands the whole change over', async () => {
    const onapply = vi.fn();
    render(RelaxationTable, { relaxations: [relaxation], onapply });
    const row = screen.getByRole('row', { name: /500 → 640 ms/ });
    for (const words of ['500 ms', '2 × g6.xlarge', '$1.60', '62 %', '612']) {
      expect(within(row).getByText(words, { exact: false, selector: 'td' })).toBeVisible();
    }
    expect(within(row).getByText('Spot capacity can be taken back.')).toBeVisible();
    await fireEvent.click(within(row).getByRole('button', { name: 'TTFT P95 500 → 640 ms' }));
    expect(onapply).toHaveBeenCalledExactlyOnceWith(relaxation);
  });

  test('without a way to apply there is no button', () => {
    render(RelaxationTable, { relaxations: [relaxation] });
    expect(screen.queryByRole('button')).toBeNull();
  });
});

describe('notice, progress, empty, error, skeleton', () => {
  test('only an error interrupts a reader', () => {
    render(Notice, { kind: 'missed', title: 'Not written.', children: text('The run is safe.') });
    expect(screen.getByRole('alert')).toHaveTextContent('Not written. The run is safe.');
    render(Notice, { kind: 'old', children: text('Old prices.') });
    expect(screen.getByRole('status')).toHaveTextContent('Old prices.');
  });

  const progress = { phase: 'computing' as const, done: 552, total: 2208, pointsPerS: 900, msLeft: 1800, best: null };

  test('running: says how far, and can be stopped', async () => {
    const onstop = vi.fn();
    render(ProgressStrip, { progress, onstop });
    expect(screen.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '552');
    expect(screen.getByRole('status')).toHaveTextContent('Sweep at 25 %');
    await fireEvent.click(screen.getByRole('button', { name: 'Stop' }));
    expect(onstop).toHaveBeenCalledOnce();
  });

  test('stopping cannot be stopped twice; partial says what is kept and promises no time', () => {
    const { unmount } = render(ProgressStrip, { progress, state: 'stopping', onstop: () => {} });
    expect(screen.getByRole('button', { name: 'Stop' })).toBeDisabled();
    unmount();
    render(ProgressStrip, { progress, state: 'partial', onstop: () => {} });
    expect(screen.queryByRole('button', { name: 'Stop' })).toBeNull();
    expect(screen.getByText('What was computed is kept')).toBeVisible();
    expect(screen.queryByText(/left/)).toBeNull();
    expect(screen.getByRole('status')).toHaveTextContent('Sweep stopped at 552 of 2,208');
  });

  test('empty: a sentence, a note, an action', () => {
    render(EmptyState, { sentence: 'No runs match.', note: '38 are hidden.', action: text('Clear') });
    for (const words of ['No runs match.', '38 are hidden.', 'Clear']) expect(screen.getByText(words)).toBeVisible();
  });

  test('error: everything is copied, and a refused clipboard is said', async () => {
    const writeText = vi
      .fn<(words: string) => Promise<void>>()
      .mockResolvedValueOnce()
      .mockRejectedValue(new DOMException('refused', 'NotAllowedError'));
    vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText }, userAgent: 'test' });
    render(ErrorState, { happened: 'It broke.', safe: 'All is kept.', todo: 'Try again.', details: 'code 7' });
    const copy = screen.getByRole('button', { name: 'Copy details' });
    await fireEvent.click(copy);
    await waitFor(() => expect(screen.getByRole('status')).toHaveTextContent('Copied'));
    expect(writeText).toHaveBeenCalledWith('It broke.\nAll is kept.\nTry again.\ncode 7');
    await fireEvent.click(copy);
    await waitFor(() => expect(screen.getByRole('status')).toHaveTextContent('The clipboard was refused'));
  });

  test('a skeleton is not seen in the first 150 ms and says nothing to readers', async () => {
    vi.useFakeTimers();
    render(Skeleton, { shape: 'table', rows: 3 });
    const skeleton = screen.getByTestId('skeleton');
    expect(skeleton).toHaveClass('hidden');
    expect(skeleton).toHaveAttribute('aria-hidden', 'true');
    await vi.advanceTimersByTimeAsync(200);
    expect(skeleton).not.toHaveClass('hidden');
    expect(skeleton.children).toHaveLength(3);
  });
});
