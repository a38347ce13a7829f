import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../../../src-renderer/App.svelte';
import type { AppApi } from '../../../src-worker/protocol/app-api.ts';
import type { SizeInputDraft } from '../../../src-worker/protocol/requests.ts';
import { failure, success } from '../../../src-worker/protocol/result.ts';
import { fakeApi, fakeHost, stubBrowser } from '../fixtures/app.ts';
import { Chart } from '../fixtures/chart.ts';
import { exclusion, MODELS, modelDocument, ROWS, sizeDocument } from '../fixtures/documents.ts';

vi.mock('chart.js', () => import('../fixtures/chart.ts'));

const NOTHING = sizeDocument({
  recommendations: [],
  num_passing: 0,
  relaxations: [
    {
      change: 'TTFT P95 500 -> 640 ms',
      from: '500 ms',
      to: '640 ms',
      instance: '1 × g6.xlarge',
      usd_per_hour: 0.8,
      tightest: 'TPOT P50 48 of 50 ms',
    },
  ],
});

function open(answers: Partial<AppApi> = {}) {
  const asked: SizeInputDraft[] = [];
  const api = fakeApi(answers);
  const host = fakeHost({
    ...api,
    size: (request) => {
      asked.push(request);
      return api.size(request);
    },
  });
  render(App, { connect: host.connect });
  return { host, asked };
}

const verdict = () => screen.findByTestId('verdict');
const users = () => screen.getByRole('textbox', { name: 'Users' });

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
  Chart.drawn = [];
});
afterEach(() => void vi.unstubAllGlobals());

describe('first screen', () => {
  test('opens solved: sentence, figures, targets, best of, chart, table, command', async () => {
    const { asked } = open();
    expect(await verdict()).toHaveTextContent('1 × g6e.xlarge meets all 3 targets for $1.86 an hour');
    expect(asked[0]).toMatchObject({ model: MODELS[0]!.id, workload: 'chat', users: 100, top: 100_000 });
    expect(screen.getByText('Planned load').parentElement).toHaveTextContent('13.1');
    const targets = screen.getByRole('table', { name: 'Predicted latency against targets' });
    expect(within(targets).getByRole('row', { name: /E2E P50/ })).toHaveTextContent(
      /E2E P50, mean 150 tokens; target for 512.*not gating/,
    );
    expect(within(targets).getByRole('row', { name: /TTFT P95/ })).toHaveTextContent('Met');
    expect(within(screen.getByTestId('best-of')).getAllByRole('button')).toHaveLength(4);
    expect(screen.getByTestId('pareto')).toHaveAccessibleDescription(/3 of 4 configurations are on the frontier/);
    expect(within(screen.getByTestId('results-table')).getAllByRole('row')).toHaveLength(ROWS.length + 1);
    expect(screen.getByRole('button', { name: 'Copy vLLM command' })).toBeEnabled();
    expect(screen.getByText(/Reading weights sets the pace/)).toBeInTheDocument();
    expect(screen.getByTestId('status-bar')).toHaveTextContent(
      /8 configurations in .* Prices 20 Jul 2026 to 17 Sep 2026.*Engine 0\.1\.0/,
    );
  });

  test('shows the analyzed facts of the model', async () => {
    open();
    await verdict();
    expect(
      await screen.findByText(/8\.03B parameters, context 131,072 tokens, GQA 32 query \/ 8 KV heads; bundled/),
    ).toBeVisible();
  });

  test('a card of the best-of strip selects its row everywhere', async () => {
    open();
    await verdict();
    await fireEvent.click(screen.getByRole('button', { name: /Fastest stream/ }));
    expect(screen.getByTestId('verdict')).toHaveTextContent('1 × p5.4xlarge meets all 3 targets for $6.88 an hour');
    expect(screen.getByText(/vllm serve .*p5\.4xlarge/)).toBeVisible();
    expect(screen.getByRole('button', { name: '1 × p5.4xlarge' })).toHaveAttribute('aria-pressed', 'true');
  });
});

describe('editing', () => {
  test('an edit asks again by itself and shows what was understood', async () => {
    const { asked } = open();
    await verdict();
    await fireEvent.input(users(), { target: { value: '1.5k' } });
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ users: 1500 }));
    expect(screen.getByText('= 1,500 users')).toBeVisible();
  });

  test('bad text stays, says what would work, and the last answer stays with it', async () => {
    const { asked } = open();
    await verdict();
    const before = asked.length;
    await fireEvent.input(users(), { target: { value: 'many' } });
    expect(users()).toHaveValue('many');
    expect(users()).toBeInvalid();
    expect(users()).toHaveAccessibleDescription(/Users takes whole numbers from 1/);
    expect(screen.getByTestId('verdict')).toBeVisible();
    expect(screen.getByText(/The answer below is for the values before/)).toBeVisible();
    expect(asked).toHaveLength(before);
  });

  test('a preset stands in the field until it is changed, and comes back on reset', async () => {
    const { asked } = open();
    await verdict();
    await fireEvent.click(screen.getByRole('radio', { name: 'RAG' }));
    const prompt = screen.getByRole('textbox', { name: 'Prompt tokens' });
    expect(prompt).toHaveAttribute('placeholder', '6,000');
    await fireEvent.input(prompt, { target: { value: '8k' } });
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ workload: 'rag', input_tokens: 8000 }));
    await fireEvent.click(screen.getByRole('button', { name: 'Reset to preset' }));
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ input_tokens: null }));
    expect(prompt).toHaveValue('');
  });

  test('Advanced counts what was changed and puts it back', async () => {
    const { asked } = open();
    await verdict();
    await fireEvent.input(screen.getByLabelText('TTFT P95 target, ms'), { target: { value: '300' } });
    await fireEvent.click(screen.getByRole('checkbox', { name: 'Prefix caching on' }));
    expect(screen.getByText('2 fields changed')).toBeInTheDocument();
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ sla: { ttft_p95: 300 }, prefix_cache: false }));
    await fireEvent.click(screen.getByText('Reset all to defaults'));
    expect(screen.getByText('all at their defaults')).toBeInTheDocument();
  });

  test('models are found by words; one that is not supported shows why and cannot be chosen', async () => {
    const { asked } = open();
    await verdict();
    const before = asked.length;
    const picker = screen.getByRole('combobox', { name: 'Model' });
    await fireEvent.input(picker, { target: { value: 'deepseek' } });
    const option = screen.getByRole('option', { name: /DeepSeek-R1/ });
    expect(option).toHaveAttribute('aria-disabled', 'true');
    expect(option).toHaveTextContent('multi-head latent attention is not supported yet');
    await fireEvent.click(option);
    await fireEvent.input(picker, { target: { value: 'mistral' } });
    await fireEvent.keyDown(picker, { key: 'Enter' });
    await waitFor(() => expect(asked.slice(before).map((request) => request.model)).toEqual([MODELS[1]!.id]));
    expect(picker).toHaveAttribute('aria-expanded', 'false');
  });

  test('a config.json is imported and chosen; a bad one leaves everything as it was', async () => {
    const bad = failure({ family: 'file', code: 'config_invalid', message: 'num_layers is -1.', details: {} });
    const importModel = vi.fn<AppApi['importModel']>().mockResolvedValueOnce(bad);
    importModel.mockResolvedValueOnce(success(modelDocument('my/model')));
    const { asked } = open({
      importModel,
      listModels: () => Promise.resolve(success([...MODELS, { ...MODELS[0]!, id: 'my/model', origin: 'imported' }])),
    });
    await verdict();
    const input = screen.getByLabelText(/Choose config.json/);
    const file = new File(['{}'], 'config.json');
    await fireEvent.change(input, { target: { files: [file] } });
    expect(await screen.findByRole('alert')).toHaveTextContent(
      'config.json was not imported. num_layers is -1. Your inputs are unchanged.',
    );
    expect(asked.at(-1)?.model).toBe(MODELS[0]!.id);
    await fireEvent.change(input, { target: { files: [file] } });
    await waitFor(() => expect(asked.at(-1)?.model).toBe('my/model'));
    expect(importModel).toHaveBeenLastCalledWith({ text: '{}', fileName: 'config.json', id: null });
  });
});

describe('when the answer is no', () => {
  test('the verdict names the limit and the nearest, relaxations and exclusions follow', async () => {
    open({ size: () => Promise.resolve(success(NOTHING)) });
    expect(await verdict()).toHaveTextContent('Nothing in the catalog serves 100 users on demand');
    expect(await verdict()).toHaveAttribute('data-verdict', 'none');
    expect(screen.getByRole('row', { name: /TTFT P95 500 → 640 ms/ })).toHaveTextContent('$0.80');
    expect(screen.getByRole('tab', { name: 'Excluded 4' })).toHaveAttribute('aria-selected', 'true');
    expect(screen.queryByTestId('results-table')).toBeNull();
  });

  test('a near miss is amber and says by how much', async () => {
    const excluded = [exclusion('g6.xlarge', 'sla_missed', { metric: 'ttft_p95', value: 560, limit: 500, unit: 'ms' })];
    open({ size: () => Promise.resolve(success({ ...NOTHING, excluded })) });
    expect(await verdict()).toHaveAttribute('data-verdict', 'near');
    expect(await verdict()).toHaveTextContent('g6.xlarge misses a target by 12 %');
  });

  test('excluded rows open by reason, with the size of each miss', async () => {
    open();
    await verdict();
    await fireEvent.click(screen.getByRole('tab', { name: 'Excluded 4' }));
    const group = screen.getByText('Do not fit in memory').closest('details')!;
    group.open = true;
    await fireEvent(group, new Event('toggle'));
    const rows = within(group).getAllByRole('row');
    expect(rows[1]).toHaveTextContent(/g4dn\.2xlarge.*L4, FP16, TP 1.*131\.5 of 120 GiB/);
  });

  test('a refused question is a sentence above the old answer', async () => {
    const message = 'unknown zone "us-esat1-b": did you mean us-east1-b?';
    let isRefused = false;
    open({
      size: () =>
        Promise.resolve(
          isRefused
            ? failure({ family: 'invalid_input', code: 'unknown_zone', message, details: {} })
            : success(sizeDocument()),
        ),
    });
    await verdict();
    isRefused = true;
    await fireEvent.click(screen.getByRole('radio', { name: '50 %' }));
    expect(await screen.findByText(new RegExp(message.replace('?', '\\?')))).toBeVisible();
    expect(await verdict()).toBeVisible();
  });

  test('without models it says what to do first', async () => {
    open({ listModels: () => Promise.resolve(success([])) });
    expect(await screen.findByText('Which model do you want to serve?')).toBeVisible();
  });
});

describe('chart and table', () => {
  test('a click on a point selects it, arrow keys move, Enter selects', async () => {
    open();
    await verdict();
    Chart.drawn.at(-1)!.config.options.onClick(null, [{ datasetIndex: 0, index: 2 }]);
    await waitFor(() => expect(screen.getByTestId('verdict')).toHaveTextContent('1 × g7e.2xlarge'));
    const points = screen.getByRole('slider', { name: /Points of the chart/ });
    await fireEvent.keyDown(points, { key: 'End' });
    expect(points).toHaveAttribute('aria-valuetext', expect.stringContaining('p5.4xlarge'));
    await fireEvent.keyDown(points, { key: 'Enter' });
    expect(screen.getByTestId('verdict')).toHaveTextContent('1 × p5.4xlarge');
  });

  test('the chart has a table twin with the same points', async () => {
    open();
    await verdict();
    await fireEvent.click(screen.getByRole('button', { name: 'Show as table' }));
    const twin = screen.getByRole('region', { name: 'Points of the chart as a table' });
    expect(within(twin).getAllByRole('row')).toHaveLength(ROWS.length + 1);
  });

  test('the table sorts on a click and says so; arrow keys walk its rows', async () => {
    open();
    await verdict();
    const table = within(screen.getByTestId('results-table'));
    const names = () => table.getAllByRole('rowheader').map((cell) => cell.textContent.trim());
    await fireEvent.click(table.getByRole('button', { name: /^TTFT P95/ }));
    expect(table.getByRole('columnheader', { name: /TTFT P95/ })).toHaveAttribute('aria-sort', 'ascending');
    expect(names()).toEqual(['1 × p5.4xlarge', '1 × g7e.2xlarge', '1 × g6e.xlarge', '3 × g5.2xlarge']);
    await fireEvent.click(table.getByRole('button', { name: /^TTFT P95/ }));
    expect(names()[0]).toBe('3 × g5.2xlarge');
    const first = table.getByRole('button', { name: '3 × g5.2xlarge' });
    await fireEvent.keyDown(first, { key: 'ArrowDown' });
    expect(table.getByRole('button', { name: '1 × g6e.xlarge' })).toHaveFocus();
    expect(screen.getByTestId('verdict')).toHaveTextContent('1 × g6e.xlarge');
  });

  test('a long list keeps only what is in view in the document', async () => {
    const many = Array.from({ length: 500 }, (_, index) => ({ ...ROWS[0]!, id: `row-${index}`, rank: index + 1 }));
    open({ size: () => Promise.resolve(success(sizeDocument({ recommendations: many }))) });
    await verdict();
    const table = within(screen.getByTestId('results-table')).getByRole('table');
    expect(table).toHaveAttribute('aria-rowcount', '501');
    expect(within(table).getAllByRole('rowheader').length).toBeLessThan(100);
  });
});

describe('window', () => {
  test('a lost connection is calm and keeps what was typed', async () => {
    const { host } = open();
    await verdict();
    await fireEvent.input(users(), { target: { value: '250' } });
    host.lose();
    expect(await screen.findByText(/The connection to ConfigIQ was lost\. What you typed is kept/)).toBeVisible();
    expect(users()).toHaveValue('250');
    await fireEvent.click(screen.getByRole('button', { name: 'Try now' }));
    await waitFor(() => expect(screen.queryByText(/Not connected/)).toBeNull());
  });

  test('the theme can be overridden and is kept', async () => {
    open();
    await verdict();
    await fireEvent.change(screen.getByLabelText('Theme'), { target: { value: 'contrast-dark' } });
    expect(document.documentElement.dataset).toMatchObject({ theme: 'dark', contrast: 'more' });
    expect(localStorage.getItem('configiq:theme')).toBe('contrast-dark');
    await fireEvent.change(screen.getByLabelText('Theme'), { target: { value: 'system' } });
    expect(document.documentElement.dataset['theme']).toBeUndefined();
  });

  test('an answer can be kept as a run', async () => {
    const saveSizeRun = vi.fn<AppApi['saveSizeRun']>((...args) => fakeApi().saveSizeRun(...args));
    open({ saveSizeRun });
    await verdict();
    await fireEvent.click(screen.getByRole('button', { name: 'Save run' }));
    expect(await screen.findByText('Saved as run 7')).toBeVisible();
    expect(saveSizeRun.mock.calls[0]?.[0]).toMatchObject({ users: 100 });
  });

  test('what the host survived at its start is told once and can be closed', async () => {
    const info = await fakeApi().info();
    if (!info.ok) throw new Error(info.error.message);
    open({ info: () => Promise.resolve(success({ ...info.value, notices: ['The database was set aside.'] })) });
    const notice = await screen.findByText('The database was set aside.');
    await fireEvent.click(within(notice.parentElement!).getByRole('button', { name: 'Close' }));
    expect(screen.queryByText('The database was set aside.')).toBeNull();
  });
});

describe('keys', () => {
  test('a number opens its screen, but is input inside a field', async () => {
    open();
    await verdict();
    await fireEvent.keyDown(document.body, { key: '3' });
    expect(screen.getByRole('button', { name: 'Runs' })).toHaveAttribute('aria-current', 'page');
    await fireEvent.keyDown(document.body, { key: '1' });
    await verdict();
    const [field] = screen.getAllByRole('textbox');
    await fireEvent.keyDown(field!, { key: '2' });
    expect(screen.getByRole('button', { name: 'Size' })).toHaveAttribute('aria-current', 'page');
  });
});
