import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pointOfConfiguration } from '../../../src-renderer/charts/chart-point.ts';
import HeatMap from '../../../src-renderer/charts/HeatMap.svelte';
import LoadCurve from '../../../src-renderer/charts/LoadCurve.svelte';
import Pareto from '../../../src-renderer/charts/Pareto.svelte';
import Roofline from '../../../src-renderer/charts/Roofline.svelte';
import { targetRows } from '../../../src-renderer/charts/load-curve-spec.ts';
import { Chart } from '../fixtures/chart.ts';
import { loadCurve, ROOFLINE } from '../fixtures/curves.ts';
import { ROWS } from '../fixtures/documents.ts';

vi.mock('chart.js', () => import('../fixtures/chart.ts'));

const copied: string[] = [];
beforeEach(() => {
  Chart.drawn = [];
  copied.length = 0;
  vi.stubGlobal('matchMedia', () => ({ matches: false }));
  vi.stubGlobal('navigator', {
    ...navigator,
    clipboard: { writeText: (text: string) => Promise.resolve(copied.push(text)) },
  });
});
afterEach(() => void vi.unstubAllGlobals());

const points = ROWS.map(pointOfConfiguration);
const paretoProps = (more: Record<string, unknown> = {}) => ({
  points,
  targets: ROWS[0]!.sla,
  selectedId: ROWS[0]!.id,
  caption: 'Llama, chat, 100 users.',
  themeRevision: 0,
  onselect: () => undefined,
  ...more,
});
const slider = () => screen.getByRole('slider');

describe('Pareto', () => {
  test('has a question, a sentence, a caption and a picture for those who do not see it', () => {
    render(Pareto, paretoProps());
    const figure = screen.getByRole('figure', { name: 'What does speed cost?' });
    expect(figure).toHaveAccessibleDescription(/3 of 4 configurations are on the frontier/);
    expect(figure).toHaveTextContent('Llama, chat, 100 users.');
    expect(within(figure).getByRole('img')).toHaveAccessibleName(/3 of 4 configurations/);
  });

  test('a click selects; arrow keys say where they are, Enter selects, Enter on the selected opens', async () => {
    const [onselect, onopen] = [vi.fn(), vi.fn()];
    const { rerender } = render(Pareto, paretoProps({ onselect, onopen }));
    Chart.drawn.at(-1)!.config.options.onClick(null, [{ datasetIndex: 0, index: 2 }]);
    expect(onselect).toHaveBeenLastCalledWith(expect.stringContaining('g7e.2xlarge'));
    await fireEvent.keyDown(slider(), { key: 'End' });
    expect(slider()).toHaveAttribute('aria-valuetext', expect.stringMatching(/p5\.4xlarge.*167 tokens\/s/));
    await fireEvent.keyDown(slider(), { key: 'Enter' });
    const id = onselect.mock.lastCall![0] as string;
    expect(id).toContain('p5.4xlarge');
    await rerender(paretoProps({ onselect, onopen, selectedId: id }));
    await fireEvent.keyDown(slider(), { key: 'End' });
    await fireEvent.keyDown(slider(), { key: 'Enter' });
    expect(onopen).toHaveBeenCalledExactlyOnceWith(id);
  });

  test('new points are drawn in place: the chart is not made anew', async () => {
    const { rerender } = render(Pareto, paretoProps());
    const [chart] = Chart.drawn;
    const dataset = chart!.data.datasets[0];
    await rerender(paretoProps({ points: points.slice(0, 2) }));
    expect(Chart.drawn).toHaveLength(1);
    expect(chart!.updates).toBe(1);
    expect(chart!.data.datasets[0]).toBe(dataset);
    expect(dataset!.data).toHaveLength(2);
    await fireEvent.keyDown(slider(), { key: 'Home' });
    // Only the ring moved.
    expect(chart!.updates).toBe(1);
  });

  test('T turns it into its table and back, with the very points drawn', async () => {
    render(Pareto, paretoProps());
    await fireEvent.keyDown(slider(), { key: 't' });
    const table = screen.getByRole('table');
    expect(within(table).getAllByRole('row')).toHaveLength(points.length + 1);
    expect(within(table).getByRole('row', { name: /g6e\.xlarge.*0\.264 yes/ })).toBeVisible();
    expect(screen.getByRole('button', { name: 'Show as table' })).toHaveAttribute('aria-pressed', 'true');
    expect(screen.getByRole('button', { name: 'Show as table' })).toHaveFocus();
    await fireEvent.keyDown(screen.getByRole('button', { name: 'Show as table' }), { key: 't' });
    expect(slider()).toBeInTheDocument();
  });

  test('copies the data with units', async () => {
    render(Pareto, paretoProps());
    await fireEvent.click(screen.getByRole('button', { name: 'Copy data' }));
    await screen.findByText('Copied the data');
    expect(copied[0]!.split('\r\n')[0]).toBe(
      'Configuration\tSpeed per user (tokens/s)\tOutput (US$/1M tokens)\tOn the frontier\tWhere',
    );
  });

  test('the legend hides a series and shows it again', async () => {
    render(Pareto, paretoProps());
    const entry = screen.getByRole('button', { name: /^Blackwell/ });
    await fireEvent.click(entry);
    expect(entry).toHaveAttribute('aria-pressed', 'false');
    expect(Chart.drawn[0]!.data.datasets[0]!.data).toHaveLength(points.length - 1);
    await fireEvent.click(entry);
    expect(Chart.drawn[0]!.data.datasets[0]!.data).toHaveLength(points.length);
  });

  test('plus zooms around the point, the button resets, and a zoom given is drawn', async () => {
    const { rerender } = render(Pareto, paretoProps());
    expect(screen.queryByRole('button', { name: 'Reset zoom' })).toBeNull();
    await fireEvent.keyDown(slider(), { key: '+' });
    await fireEvent.click(screen.getByRole('button', { name: 'Reset zoom' }));
    expect(screen.queryByRole('button', { name: 'Reset zoom' })).toBeNull();
    await rerender(paretoProps({ zoom: { x: { metricId: 'speed_per_user', min: 50, max: 60 }, y: null } }));
    const scales = () =>
      (Chart.drawn[0]!.config.options as unknown as { scales: { x: { min: number; max: number } } }).scales;
    expect([scales().x.min, scales().x.max]).toEqual([50, 60]);
    // Another metric on x leaves that zoom without effect.
    await rerender(
      paretoProps({ xMetric: 'room', zoom: { x: { metricId: 'speed_per_user', min: 50, max: 60 }, y: null } }),
    );
    expect(scales().x.max).toBeLessThan(50);
  });

  test('frozen axes hold still until a point falls outside', async () => {
    const scales = () => (Chart.drawn[0]!.config.options as unknown as { scales: { y: { max: number } } }).scales;
    const { rerender } = render(Pareto, paretoProps({ isFrozen: true }));
    const before = scales().y.max;
    await rerender(paretoProps({ isFrozen: true, points: points.slice(0, 2) }));
    expect(scales().y.max).toBe(before);
    const dear = { ...points[0]!, id: 'dear', value: (id: string) => (points[0]!.value(id) ?? 0) * 50 };
    await rerender(paretoProps({ isFrozen: true, points: [...points, dear] }));
    expect(scales().y.max).toBeGreaterThan(before);
    await rerender(paretoProps({ isFrozen: false, points: points.slice(0, 2) }));
    expect(scales().y.max).toBeLessThan(before);
  });

  test('empty, stale and broken are told in words', async () => {
    const { rerender } = render(Pareto, paretoProps({ points: [] }));
    expect(screen.getByText('No points match.')).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Copy data' })).toBeNull();
    await rerender(paretoProps({ isStale: true }));
    expect(screen.getByRole('figure')).toHaveAttribute('aria-busy', 'true');
    expect(slider()).toBeInTheDocument();
    await rerender(paretoProps({ error: 'The run was deleted.' }));
    expect(screen.getByRole('alert')).toHaveTextContent('The run was deleted.');
  });

  test('the canvas goes with the chart', () => {
    const { unmount } = render(Pareto, paretoProps());
    unmount();
    expect(Chart.drawn[0]!.isDestroyed).toBe(true);
  });
});

test('LoadCurve: sentence, latency switch, keys, table twin', async () => {
  const curve = loadCurve({ planned: 10, capacity: 25, saturation: 30 });
  render(LoadCurve, { curve, targets: targetRows({ ttft_p95: 500 }), themeRevision: 0 });
  expect(screen.getByRole('img')).toHaveAccessibleName(/2.5× the load; it saturates at 30.0 requests\/s/);
  await fireEvent.keyDown(slider(), { key: 'ArrowRight' });
  expect(slider()).toHaveAttribute('aria-valuetext', '10.0 requests/s: TTFT P50 60 ms, P95 90 ms, P99 120 ms');
  await fireEvent.keyDown(slider(), { key: 'ArrowRight' });
  expect(slider()).toHaveAttribute('aria-valuetext', expect.stringContaining('20.0 requests/s'));
  await fireEvent.click(screen.getByRole('radio', { name: 'TPOT' }));
  await waitFor(() => expect(screen.getByRole('img')).toHaveAccessibleName(/TPOT there is P50 15 ms/));
  await fireEvent.keyDown(slider(), { key: 't' });
  expect(within(screen.getByRole('table')).getAllByRole('row')).toHaveLength(curve.points.length + 1);
});

test('LoadCurve: closed form by name where the answer is simulated', () => {
  const curve = loadCurve({ planned: 10, capacity: 25, saturation: 30 });
  render(LoadCurve, { curve, targets: [], themeRevision: 0, isAnswerSimulated: true });
  expect(screen.getByText('TTFT P95, closed form')).toBeVisible();
  expect(screen.getByText(/^Lines are the closed form; the figures of the table are simulated\.$/)).toBeVisible();
});

test('Roofline: sentence, keys start at the planned batch, table twin', async () => {
  render(Roofline, { roofline: ROOFLINE, themeRevision: 0 });
  expect(screen.getByRole('img')).toHaveAccessibleName(/decode at 12.0 FLOP per byte is limited by memory/);
  await fireEvent.keyDown(slider(), { key: 'ArrowRight' });
  expect(slider()).toHaveAttribute('aria-valuetext', 'decode, 29 running: 12.0 FLOP per byte, 17.0 TFLOP/s');
  await fireEvent.keyDown(slider(), { key: 'End' });
  expect(slider()).toHaveAttribute('aria-valuetext', expect.stringMatching(/^prefill, 250 tokens/));
  await fireEvent.keyDown(slider(), { key: 't' });
  expect(within(screen.getByRole('table')).getAllByRole('row')).toHaveLength(ROOFLINE.points.length + 1);
});

describe('HeatMap', () => {
  const props = (onopen: (place: { row: string; column: string }) => void) => ({
    rows: { label: 'GPU', keys: ['l4', 'h100'].map((key) => ({ key, label: key.toUpperCase() })) },
    columns: { label: 'Users', keys: ['25', '60'].map((key) => ({ key, label: key })) },
    cells: [
      { row: 'l4', column: '25', value: 0.4, reason: null, state: 'done' as const },
      { row: 'l4', column: '60', value: null, reason: 'needs 70 instances', state: 'empty' as const },
      { row: 'h100', column: '25', value: 2, reason: null, state: 'done' as const },
    ],
    metricId: 'usd_per_1m_output_tokens',
    onopen,
  });
  const spot = (name: RegExp) => screen.getByRole('gridcell', { name });

  test('arrow keys move, one place is in the tab order, the reason is said and shown, Enter opens', async () => {
    const onopen = vi.fn();
    render(HeatMap, props(onopen));
    expect(screen.getAllByRole('gridcell').filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(1);
    spot(/L4, 25/).focus();
    await fireEvent.keyDown(spot(/L4, 25/), { key: 'ArrowRight' });
    expect(spot(/L4, 60 users: needs 70 instances/)).toHaveFocus();
    expect(screen.getByText('L4, 60 users: needs 70 instances')).toBeVisible();
    await fireEvent.keyDown(spot(/L4, 60/), { key: 'Enter' });
    expect(onopen).toHaveBeenLastCalledWith({ row: 'l4', column: '60' });
    await fireEvent.keyDown(spot(/L4, 60/), { key: 'ArrowDown' });
    expect(spot(/H100, 60 users: still to come/)).toHaveFocus();
    await fireEvent.keyDown(spot(/H100, 60/), { key: 'Enter' });
    expect(onopen).toHaveBeenCalledOnce();
  });

  test('a click opens; T shows the table twin', async () => {
    const onopen = vi.fn();
    render(HeatMap, props(onopen));
    await fireEvent.click(spot(/H100, 25/));
    expect(onopen).toHaveBeenLastCalledWith({ row: 'h100', column: '25' });
    await fireEvent.keyDown(spot(/H100, 25/), { key: 't' });
    expect(within(screen.getByRole('table')).getAllByRole('row')).toHaveLength(5);
  });
});
