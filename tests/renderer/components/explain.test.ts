import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../../../src-renderer/App.svelte';
import { ExplainPanel } from '../../../src-renderer/components/explain/explain-panel.svelte.ts';
import { explanationText } from '../../../src-worker/protocol/explanation-words.ts';
import { explainReport } from '../../../src-main/cli/report/explain-report.ts';
import type { AppApi } from '../../../src-worker/protocol/app-api.ts';
import type { ExplainDocument, Explanation } from '../../../src-worker/protocol/documents.ts';
import { failure, success } from '../../../src-worker/protocol/result.ts';
import { fakeApi, fakeHost, stubBrowser } from '../fixtures/app.ts';
import { Chart } from '../fixtures/chart.ts';
import { stubClipboard } from '../fixtures/clipboard.ts';
import { ROWS, sizeDocument } from '../fixtures/documents.ts';

vi.mock('chart.js', () => import('../fixtures/chart.ts'));

const TTFT: Explanation = {
  metric: 'ttft_p95',
  label: 'TTFT P95',
  unit: 'ms',
  value: 71.2,
  interval: [58.2, 87.4],
  kind: 'predicted',
  formula: 'Waiting, plus computing the prompt.',
  calculation: '44 (waiting) + 28 (prompt) = 71 ms',
  parts: [
    { label: 'waiting', value: 43.6, unit: 'ms', source: 'queueing model of one replica' },
    { label: 'prompt', value: 27.6, unit: 'ms', source: 'step time of the engine' },
  ],
  inputs: [
    { label: 'mean prompt', value: 1250, unit: 'tokens', source: 'workload chat' },
    { label: 'compute, reached', value: 0.2644, unit: 'TFLOP/s', source: 'calibration default' },
  ],
  sensitivities: [
    { input: 'prompt length', change: '+10 %', delta: 4.9 },
    { input: 'memory bandwidth', change: '+10 %', delta: -1.26 },
  ],
  assumptions: ['Arrivals are Poisson: requests come independently of each other.'],
};

const COST: Explanation = {
  metric: 'usd_per_hour',
  label: 'Cost',
  unit: 'US$/h',
  value: 1.861,
  interval: null,
  kind: 'computed',
  formula: 'Instances times the hourly price of one.',
  calculation: '1 × $1.86 = $1.86',
  parts: [],
  inputs: [{ label: 'price of an instance', value: 1.861, unit: 'US$/h', source: 'aws, as of 20 Jul 2026' }],
  sensitivities: [],
  assumptions: [],
};

const explained = (configuration: string): ExplainDocument => ({
  schema_version: 1,
  input: {},
  configuration: { id: configuration, name: '1 × g6e.xlarge', rank: 1 },
  explanations: [TTFT, COST],
  versions: { configiq: '0.1.0', engine: '0.1.0', catalog: '2026-11-09', calibration: 'default' },
});

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

describe('the words', () => {
  test.each([TTFT, COST])('copied of $metric are those configiq explain prints', (entry) => {
    const report = explainReport({ ...explained('a'), explanations: [entry] });
    const printed = report.slice(report.indexOf(`${entry.label}: `));
    expect(oneLine(explanationText(entry))).toBe(oneLine(printed));
    expect(explanationText(entry)).toContain(entry === COST ? 'Cost: $1.86/h (usd_per_hour' : 'TTFT P95: 71 ms');
    const range = 'Likely 58 ms to 87 ms: about four in five measured values lie within such a range.';
    expect(explanationText(entry).includes(range)).toBe(entry === TTFT);
  });
});

describe('the state', () => {
  type Asked = Parameters<AppApi['explain']>[0];

  function panelOf(explain: AppApi['explain']) {
    const asked: Asked[] = [];
    const api = fakeApi({
      explain: (request) => {
        asked.push(request);
        return explain(request);
      },
    });
    const shown = { question: { model: 'm', users: 100 } as Record<string, unknown> | null };
    const panel = new ExplainPanel(
      (call) => call(api),
      () => shown.question,
    );
    return { panel, asked, shown };
  }
  const anchor = document.createElement('button');
  const isTold = (panel: ExplainPanel) => vi.waitFor(() => expect(panel.current?.told.kind).not.toBe('asked'));
  const answering: AppApi['explain'] = ({ configuration }) => Promise.resolve(success(explained(configuration)));

  test('asks once for all figures of a configuration, and anew for another or another question', async () => {
    const { panel, asked, shown } = panelOf(answering);
    panel.open('ttft_p95', 'a', anchor);
    panel.open('usd_per_hour', 'a', anchor);
    await isTold(panel);
    expect(panel.current?.told).toMatchObject({ kind: 'explained', explanation: { metric: 'usd_per_hour' } });
    expect(asked).toEqual([{ question: { model: 'm', users: 100 }, configuration: 'a' }]);
    panel.open('ttft_p95', 'b', anchor);
    shown.question = { model: 'm', users: 101 };
    panel.open('ttft_p95', 'a', anchor);
    expect(asked.slice(1)).toEqual([
      { question: { model: 'm', users: 100 }, configuration: 'b' },
      { question: { model: 'm', users: 101 }, configuration: 'a' },
    ]);
  });

  test('an answer that comes late is not shown for the figure opened since', async () => {
    const late = Promise.withResolvers<Awaited<ReturnType<AppApi['explain']>>>();
    const { panel } = panelOf((request) => (request.configuration === 'late' ? late.promise : answering(request)));
    panel.open('ttft_p95', 'late', anchor);
    panel.open('ttft_p95', 'soon', anchor);
    await isTold(panel);
    late.resolve(success(explained('late')));
    await late.promise;
    await Promise.resolve();
    expect(panel.current?.told).toMatchObject({ configuration: { id: 'soon' } });
  });

  test('a failure is a sentence and is asked again', async () => {
    const problem = failure({ family: 'invalid_input', code: 'gone', message: 'It has no figures.', details: {} });
    const { panel, asked } = panelOf(() => Promise.resolve(problem));
    panel.open('ttft_p95', 'a', anchor);
    await isTold(panel);
    expect(panel.current?.told).toEqual({ kind: 'problem', sentence: 'It has no figures.' });
    panel.open('ttft_p95', 'a', anchor);
    expect(asked).toHaveLength(2);
  });

  test('what is pinned stays, and is known to be of an earlier question', async () => {
    const { panel, shown } = panelOf(answering);
    panel.open('ttft_p95', 'a', anchor);
    panel.pin();
    await vi.waitFor(() => expect(panel.pinned.map(({ told }) => told.kind)).toEqual(['explained']));
    expect([panel.isOpen, panel.pinned.map((one) => panel.isOfShownAnswer(one))]).toEqual([false, [true]]);
    shown.question = { model: 'm', users: 101 };
    expect(panel.pinned.map((one) => panel.isOfShownAnswer(one))).toEqual([false]);
  });

  test('once the catalogs change, what is open and what is pinned is asked anew', async () => {
    const { panel, asked } = panelOf(answering);
    panel.open('ttft_p95', 'a', anchor);
    panel.pin();
    panel.open('ttft_p95', 'b', anchor);
    await isTold(panel);
    panel.refresh();
    expect(asked.map(({ configuration }) => configuration)).toEqual(['a', 'b', 'b', 'a']);
    await vi.waitFor(() => expect(panel.pinned.map(({ told }) => told.kind)).toEqual(['explained']));
  });

  test('without an answer on screen nothing is asked', () => {
    const { panel, asked, shown } = panelOf(answering);
    shown.question = null;
    panel.open('ttft_p95', 'a', anchor);
    expect(panel.current?.told.kind).toBe('problem');
    expect(asked).toEqual([]);
  });
});

describe('in the window', () => {
  const written = vi.fn<(text: string) => Promise<void>>(() => Promise.resolve());

  beforeEach(() => {
    stubBrowser();
    localStorage.clear();
    Chart.drawn = [];
    stubClipboard(written);
  });
  afterEach(() => void vi.unstubAllGlobals());

  const cellsOf = (panel: HTMLElement, table: string): string[] =>
    within(within(panel).getByRole('table', { name: table, hidden: true }))
      .getAllByRole('row', { hidden: true })
      .map(({ children }) => [...children].map((cell) => cell.textContent).join(', '));

  async function figureOf(row: RegExp): Promise<HTMLElement> {
    const explain = vi.fn<AppApi['explain']>(({ configuration }) => Promise.resolve(success(explained(configuration))));
    render(App, { connect: fakeHost(fakeApi({ explain })).connect });
    const targets = await screen.findByRole('table', { name: 'Predicted latency against targets' });
    const figure = within(within(targets).getByRole('row', { name: row })).getByRole('button');
    figure.focus();
    await fireEvent.keyDown(figure, { key: 'e' });
    await screen.findByTestId('explained-figure');
    const { input } = sizeDocument();
    expect(explain).toHaveBeenCalledExactlyOnceWith({ question: input, configuration: ROWS[0]?.id });
    return figure;
  }

  test('E on a focused figure explains it; Escape closes and gives the focus back', async () => {
    const figure = await figureOf(/TTFT P95/);
    const panel = screen.getByRole('dialog', { name: 'Where TTFT P95 comes from' });
    expect(within(panel).getByTestId('explained-figure')).toHaveTextContent('71 ms');
    expect(panel).toHaveTextContent('predicted');
    expect(panel).toHaveTextContent('= 44 (waiting) + 28 (prompt) = 71 ms');
    expect(cellsOf(panel, 'Parts')).toEqual([
      'waiting, 44 ms, queueing model of one replica',
      'prompt, 28 ms, step time of the engine',
    ]);
    expect(cellsOf(panel, 'Inputs and sources')[0]).toBe('mean prompt, 1,250 tokens, workload chat');
    expect(panel).toHaveTextContent('Most sensitive to prompt length: +10 % gives +4.9 ms.');
    expect(panel).toHaveTextContent('Less to memory bandwidth, +10 %: −1.3 ms.');
    expect(panel).toHaveTextContent('Arrivals are Poisson');
    await fireEvent.keyDown(document.activeElement ?? panel, { key: 'Escape' });
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await waitFor(() => expect(figure).toHaveFocus());
  });

  test('copies what the report says', async () => {
    await figureOf(/TTFT P95/);
    await fireEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Copy' }));
    expect(written).toHaveBeenCalledWith(explanationText(TTFT));
    await waitFor(() => expect(screen.getByRole('dialog')).toHaveTextContent('Copied'));
  });

  test('pinned, it stays while another figure is explained, and Escape inside takes it away', async () => {
    const figure = await figureOf(/TTFT P95/);
    await fireEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Pin' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await fireEvent.click(document.querySelector('[data-explain="usd_per_hour"]') as HTMLElement);
    const other = await screen.findByRole('dialog', { name: 'Where Cost comes from' });
    await waitFor(() => expect(within(other).getByTestId('explained-figure')).toHaveTextContent('$1.86/h'));
    const pinned = screen.getByRole('region', { name: 'TTFT P95, pinned' });
    expect(within(pinned).getByTestId('explained-figure')).toHaveTextContent('71 ms');
    await fireEvent.keyDown(within(pinned).getByRole('button', { name: 'Unpin TTFT P95' }), { key: 'Escape' });
    expect(screen.queryByRole('region', { name: 'TTFT P95, pinned' })).toBeNull();
    await waitFor(() => expect(figure).toHaveFocus());
  });

  test('a press outside closes what floats and leaves what is pinned, until all are unpinned', async () => {
    await figureOf(/TTFT P95/);
    await fireEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Pin' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await fireEvent.click(document.querySelector('[data-explain="usd_per_hour"]') as HTMLElement);
    await screen.findByRole('dialog', { name: 'Where Cost comes from' });
    // The popover begins to listen a moment after it has opened.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await fireEvent.pointerDown(screen.getByRole('main'), { button: 0, pointerType: 'mouse' });
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    const pinned = screen.getByRole('region', { name: 'TTFT P95, pinned' });
    // In the flow of the content: in a narrow window it takes room of its own.
    expect(screen.getByRole('main')).toContainElement(pinned);
    await fireEvent.keyDown(document.body, { key: 'k', code: 'KeyK', ctrlKey: true });
    await fireEvent.click(await screen.findByRole('option', { name: /Unpin all explanations/ }));
    await waitFor(() => expect(screen.queryByRole('region', { name: 'TTFT P95, pinned' })).toBeNull());
  });
});
