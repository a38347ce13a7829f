import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../../../src-renderer/App.svelte';
import type { AppApi, RunDetail, RunRow } from '../../../src-worker/protocol/app-api.ts';
import { failure, success } from '../../../src-worker/protocol/result.ts';
import { BREAK_EVENS, COMPARISON, FRONTIER, GOODPUT, LINE, SENSITIVITY } from '../fixtures/answers.ts';
import { fakeApi, fakeHost, RUN_DETAIL, stubBrowser } from '../fixtures/app.ts';

vi.mock('chart.js', () => import('../fixtures/chart.ts'));

const DETAIL: RunDetail = {
  ...RUN_DETAIL,
  input: { base: { model: 'm' }, axes: { users: [10, 20, 40, 80], pricing: ['ondemand', 'spot'] } },
};

async function openResult(answers: Partial<AppApi> = {}): Promise<HTMLElement> {
  const host = fakeHost(
    fakeApi({
      startSweep: () =>
        Promise.resolve(
          success({ runId: 7, status: 'done', points: 4, donePoints: 4, rows: 12, passingRows: 9, problems: [] }),
        ),
      showRun: () => Promise.resolve(success(DETAIL)),
      ...answers,
    }),
  );
  render(App, { connect: host.connect });
  await screen.findByTestId('verdict');
  await fireEvent.click(screen.getByRole('button', { name: 'Sweep' }));
  await fireEvent.click(screen.getByRole('button', { name: /^Start sweep/ }));
  const result = await screen.findByTestId('sweep-result');
  await within(result).findByRole('radiogroup', { name: 'Answers over the sweep' });
  return result;
}

const choose = (result: HTMLElement, name: string) => fireEvent.click(within(result).getByRole('radio', { name }));

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
});
afterEach(() => void vi.unstubAllGlobals());

/** Rows of the fixture's loads, as the host has them; the middling one is on no frontier. */
const ROWS: RunRow[] = [
  ...[0, 1].map((pointId) => ({ point_id: pointId, rank: 1, instance: 'small', tpot: [10, 20][pointId]!, usd: 1 })),
  ...[0, 1].map((pointId) => ({ point_id: pointId, rank: 2, instance: 'middling', tpot: 25, usd: 2 })),
  { point_id: 1, rank: 3, instance: 'big', tpot: 12.5, usd: 3 },
].map(({ tpot, usd, instance, ...row }) => ({
  ...row,
  ...DETAIL.bestRows[0],
  ...row,
  users: [10, 20][row.point_id]!,
  id: `aws/${instance}/r/tp1pp1/fp16`,
  instance,
  meets_sla: 1,
  tpot_ms_p50: tpot,
  cost_usd_per_1m_output_tokens: usd,
}));
const runRows = vi.fn<AppApi['runRows']>(({ filters = [] }) => {
  const users = filters.find(({ column }) => column === 'users')?.expression;
  const rows = ROWS.filter((row) => users === `${String(row['users'])}..${String(row['users'])}`);
  return Promise.resolve(success({ rows, places: rows.map((_, index) => index), total: rows.length, columns: [] }));
});
const bestRows = ROWS.filter(({ rank }) => rank === 1);

describe('the frontier of a sweep', () => {
  const analyzeRun = vi.fn<AppApi['analyzeRun']>(() => Promise.resolve(success(FRONTIER)));
  const open = () =>
    openResult({ analyzeRun, runRows, showRun: () => Promise.resolve(success({ ...DETAIL, bestRows })) });
  const table = async (result: HTMLElement) => {
    const chart = within(result).getByTestId('sweep-pareto');
    const toTable = within(chart).getByTitle(/^Show as/);
    if (toTable.getAttribute('aria-pressed') === 'false') await fireEvent.click(toTable);
    const rows = within(await within(chart).findByRole('table'))
      .getAllByRole('row')
      .slice(1);
    return rows.map((row) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent.trim()));
  };

  test('is the one of the first load, with every configuration of it as a point', async () => {
    const result = await open();
    expect(analyzeRun).toHaveBeenCalledWith({
      kind: 'frontier',
      runId: 7,
      x: 'speed_per_user',
      y: 'usd_per_1m_output_tokens',
    });
    await waitFor(() => expect(result).toHaveTextContent('Every configuration that meets the targets with users 10'));
    expect((await table(result)).map(([name, , , isOn]) => [name, isOn])).toEqual([
      ['1 × middling, L40S FP16', 'no'],
      ['1 × small, L40S FP16', 'yes'],
    ]);
  });

  test('follows the load that is picked, and the point that is chosen', async () => {
    const result = await open();
    const picker = await within(result).findByLabelText('Situation: users');
    expect(picker).toHaveTextContent('users 10');
    await fireEvent.click((await within(result).findAllByRole('rowheader', { name: /small/ }))[1]!);
    await waitFor(() => expect(within(result).getByLabelText('Situation: users')).toHaveTextContent('users 20'));
    await waitFor(async () =>
      expect((await table(result)).map(([name, , , isOn]) => [name, isOn])).toEqual([
        ['1 × middling, L40S FP16', 'no'],
        ['1 × small, L40S FP16', 'yes'],
        ['1 × big, L40S FP16', 'yes'],
      ]),
    );
  });
});

describe('the heat map of a sweep over safety, too', () => {
  const USD: Record<number, number> = { 10: 1.28, 50: 2.55 };
  const safe: RunDetail = {
    ...RUN_DETAIL,
    input: { base: { model: 'm' }, axes: { users: [10, 20], quantization: ['fp16', 'fp8'], headroom: [10, 50] } },
    bestRows: [10, 50].flatMap((headroom, level) =>
      [10, 20].flatMap((users, load) =>
        ['fp16', 'fp8'].map((quantization, form) => ({
          ...RUN_DETAIL.bestRows[0],
          ...{ point_id: level * 4 + load * 2 + form, users, quantization, headroom },
          cost_usd_per_hour: USD[headroom]! * (load + 1) * (form + 1),
        })),
      ),
    ),
  };
  const open = () =>
    openResult({
      showRun: () => Promise.resolve(success(safe)),
      runRows: () => Promise.resolve(success({ rows: [], places: [], total: 0, columns: [] })),
    });
  const spots = (map: HTMLElement) =>
    within(map)
      .getAllByRole('gridcell')
      .map((spot) => spot.textContent);

  test('is that of the headroom which is picked above both charts, and says so', async () => {
    const result = await open();
    const map = await within(result).findByTestId('heat-map');
    expect(spots(map)).toEqual(['1.28', '2.56', '2.56', '5.12']);
    expect(map).toHaveTextContent('With headroom 10 %.');
    const both = within(result).getByRole('group', { name: 'Situation, Both charts with' });
    const picker = within(both).getByLabelText('Situation: headroom');
    await fireEvent.keyDown(picker, { key: 'ArrowDown' });
    expect(await screen.findByRole('option', { name: 'headroom 50 %' })).toBeVisible();
    await fireEvent.keyDown(picker, { key: 'ArrowDown' });
    await fireEvent.keyDown(picker, { key: 'Enter' });
    await waitFor(() => expect(spots(map)).toEqual(['2.55', '5.10', '5.10', '10.20']));
    expect(map).toHaveTextContent('With headroom 50 %.');
  });

  test('leads to the row of that headroom; the load, which it shows itself, is picked for the other chart alone', async () => {
    const result = await open();
    const map = await within(result).findByTestId('heat-map');
    const chart = within(result).getByTestId('sweep-pareto');
    expect(within(chart).getByLabelText('Situation: users')).toHaveTextContent('users 10');
    expect(within(result).getAllByLabelText(/^Situation: /)).toHaveLength(2);
    await fireEvent.click(within(map).getAllByRole('gridcell')[3]!);
    await waitFor(() => expect(within(chart).getByLabelText('Situation: users')).toHaveTextContent('users 20'));
    expect(within(result).getByLabelText('Situation: headroom')).toHaveTextContent('headroom 10 %');
    expect(result).toHaveTextContent('1 × g6e.xlarge, FP8 (AWS) for 20 users, headroom 10');
  });
});

describe('answers over a sweep', () => {
  test('begin with the frontier', async () => {
    const result = await openResult();
    expect(within(result).getByRole('radio', { name: 'Frontier' })).toBeChecked();
    expect(within(result).getByTestId('sweep-pareto')).toBeVisible();
  });

  test('say where the best choice changes, and which pricing is cheaper', async () => {
    const result = await openResult();
    await choose(result, 'Break-even');
    expect(await within(result).findByText(/^users 20 to 40: from 2 × small/)).toBeVisible();
    expect(within(result).getByTestId('break-even')).toBeVisible();
    expect(await within(result).findByTestId('comparison')).toHaveTextContent(
      'spot is cheaper than on-demand throughout, by 50 % to 60 %: they break even where spot costs 2.00 to 2.50 times what it does. Beside them 1 situation with on-demand alone.',
    );
    expect(within(result).queryByTestId('sweep-pareto')).toBeNull();
  });

  test('have a tornado around a point, and say what has no bar', async () => {
    const sensitivity = vi.fn<AppApi['sensitivity']>(() => Promise.resolve(success(SENSITIVITY)));
    const result = await openResult({ sensitivity });
    await choose(result, 'Sensitivity');
    expect(await within(result).findByTestId('tornado')).toBeVisible();
    expect(sensitivity.mock.calls[0]?.[0]).toMatchObject({ by: 20, question: { model: 'm', users: 10 } });
    expect(result).toHaveTextContent('Without a bar: prefix hit rate.');
    await choose(result, '± 50 %');
    await waitFor(() => expect(sensitivity.mock.calls.at(-1)?.[0]).toMatchObject({ by: 50 }));
  });

  test('take the price factor of the point with them; Size, which has none, says that it has list prices', async () => {
    const sensitivity = vi.fn<AppApi['sensitivity']>(() => Promise.resolve(success(SENSITIVITY)));
    const bestRows = DETAIL.bestRows.map((row) => ({ ...row, price_factor: 0.8 }));
    const result = await openResult({ sensitivity, showRun: () => Promise.resolve(success({ ...DETAIL, bestRows })) });
    await fireEvent.click((await within(result).findAllByRole('rowheader', { name: /g6e/ }))[0]!);
    expect(await within(result).findByText('Size has list prices; this point has them × 0.8.')).toBeVisible();
    await choose(result, 'Sensitivity');
    await waitFor(() => expect(sensitivity.mock.calls[0]?.[0]).toMatchObject({ price_factor: 0.8 }));
  });

  test('say of a point without a price that there is no cost to vary, and ask nothing', async () => {
    const sensitivity = vi.fn<AppApi['sensitivity']>(() => Promise.resolve(success(SENSITIVITY)));
    const bestRows = DETAIL.bestRows.map((row) => ({ ...row, cost_usd_per_hour: null }));
    const result = await openResult({ sensitivity, showRun: () => Promise.resolve(success({ ...DETAIL, bestRows })) });
    await choose(result, 'Sensitivity');
    expect(await within(result).findByText(/has no price, so there is no cost to vary/)).toBeVisible();
    expect(sensitivity).not.toHaveBeenCalled();
  });

  test('open on what is cheapest, not on what comes first', async () => {
    const dear = {
      ...LINE,
      at: { gpu: 'nvidia-h100-80gb' },
      steps: LINE.steps.map((step) => ({ ...step, cost: null })),
    };
    const lines = [dear, { ...LINE, at: { gpu: 'nvidia-l4' } }];
    const [first, second] = DETAIL.bestRows;
    const bestRows = [
      { ...first, cost_usd_per_hour: 9 },
      { ...second, cost_usd_per_hour: 1 },
    ];
    const sensitivity = vi.fn<AppApi['sensitivity']>(() => Promise.resolve(success(SENSITIVITY)));
    const result = await openResult({
      showRun: () => Promise.resolve(success({ ...DETAIL, bestRows })),
      analyzeRun: ({ kind }) =>
        Promise.resolve(success(kind === 'comparison' ? COMPARISON : { ...BREAK_EVENS, lines })),
      sensitivity,
    });
    await choose(result, 'Break-even');
    expect(await within(result).findByLabelText('With')).toHaveTextContent('GPU L4');
    await choose(result, 'Sensitivity');
    await waitFor(() => expect(sensitivity.mock.calls[0]?.[0]).toMatchObject({ question: { users: 20 } }));
  });

  test('list goodput by dollar and GPU, and the loads that are not met', async () => {
    const result = await openResult();
    await choose(result, 'Goodput');
    const row = (await within(result).findByRole('rowheader', { name: '2 × small, TP 1, FP16 (aws)' })).closest('tr');
    expect(row).toHaveTextContent(/14,400\s*4\.00\s*8\.00\s*2 of 4/);
    expect(result).toHaveTextContent('Not every point has an answer at users 80 (0 of 1 point).');
  });

  test('list goodput by what was chosen beside a configuration, in columns', async () => {
    const [group] = GOODPUT.groups;
    const rows = [
      { pricing: 'spot', kv_cache_dtype: 'fp8', provider: 'aws' },
      { pricing: 'ondemand', kv_cache_dtype: 'fp8', provider: 'aws' },
    ].map((chosen, i) => ({ ...group!.rows[0]!, chosen, requests_per_usd: 14.4 / (i + 1) }));
    const document = { ...GOODPUT, groups: [{ ...group!, rows }] };
    const result = await openResult({ analyzeRun: () => Promise.resolve(success(document)) });
    await choose(result, 'Goodput');
    const table = within(await within(result).findByTestId('goodput'));
    const texts = (role: string) => table.getAllByRole(role).map((cell) => cell.textContent.trim());
    expect(texts('columnheader').slice(0, 3)).toEqual(['Configuration', 'pricing', 'KV cache']);
    expect(texts('rowheader')).toEqual(Array(2).fill('2 × small, TP 1, FP16 (aws)'));
    const cells = texts('cell');
    expect([cells.slice(0, 3), cells.slice(6, 9)]).toEqual([
      ['spot', 'fp8', '14.4'],
      ['on-demand', 'fp8', '7.20'],
    ]);
  });

  test('count the loads and the configurations of goodput that have no room', async () => {
    const [group] = GOODPUT.groups;
    const [row] = group!.rows;
    const rows = Array.from({ length: 120 }, (_, index) => ({ ...row!, id: `r${index}` }));
    const loads = Array.from({ length: 7 }, (_, index) => ({
      axis: 'users',
      value: index + 1,
      points: 1,
      points_met: 0,
      reason: null,
    }));
    const result = await openResult({
      analyzeRun: () => Promise.resolve(success({ ...GOODPUT, groups: [{ ...group!, rows }], loads })),
    });
    await choose(result, 'Goodput');
    await waitFor(() => expect(result).toHaveTextContent('users 6 (0 of 1 point) and at 1 further load.'));
    const shown = () => within(within(result).getByTestId('goodput')).getAllByRole('row').length - 1;
    expect(shown()).toBe(50);
    await fireEvent.click(within(result).getByRole('button', { name: 'Show 50 more' }));
    await fireEvent.click(within(result).getByRole('button', { name: 'Show 20 more' }));
    expect(shown()).toBe(120);
    expect(result).not.toHaveTextContent('--json');
  });

  test.each(['Frontier', 'Break-even', 'Sensitivity', 'Goodput'])('%s asks its question once', async (name) => {
    const asked: string[] = [];
    const api = fakeApi({});
    // As from a host: the answer comes later, and what it changes must not ask again.
    const later = <Value>(answer: Value): Promise<Value> =>
      new Promise((resolve) => setTimeout(() => resolve(answer), 5));
    const result = await openResult({
      analyzeRun: async (request) => {
        asked.push(JSON.stringify(request));
        return later(await api.analyzeRun(request));
      },
      sensitivity: async (request) => {
        asked.push(JSON.stringify(request));
        return later(await api.sensitivity(request));
      },
    });
    await choose(result, name);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked).toEqual([...new Set(asked)]);
  });

  test('a failure is a sentence', async () => {
    const broken = failure({ family: 'file', code: 'database', message: 'The database is locked.', details: {} });
    const result = await openResult({ analyzeRun: () => Promise.resolve(broken) });
    await choose(result, 'Goodput');
    expect(await within(result).findByText('The database is locked.')).toBeVisible();
  });
});
