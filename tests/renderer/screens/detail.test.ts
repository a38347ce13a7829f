import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../../../src-renderer/App.svelte';
import type {
  DetailDocument,
  SimulationCheck,
  SimulationCheckAnswer,
  SimulationCheckRow,
} from '../../../src-worker/protocol/documents.ts';
import type { PlanQuestionDraft } from '../../../src-worker/protocol/requests.ts';
import { failure, success, type Result } from '../../../src-worker/protocol/result.ts';
import { draftOn, fakeApi, fakeHost, stubBrowser } from '../fixtures/app.ts';
import { Chart } from '../fixtures/chart.ts';
import { stubClipboard } from '../fixtures/clipboard.ts';
import { ROWS, sizeDocument } from '../fixtures/documents.ts';

vi.mock('chart.js', () => import('../fixtures/chart.ts'));

function detailOf(id: string): DetailDocument {
  const row = ROWS.find((entry) => entry.id === id) ?? null;
  return {
    schema_version: 1,
    input: {},
    id,
    name: row?.instance ?? id,
    recommendation: row,
    exclusion: null,
    load_curve: null,
    roofline: null,
    memory: row?.memory ?? null,
    kv_use: null,
    serve_command: row?.vllm_command ?? null,
    command_flags: [{ flag: '--max-num-seqs', value: '256', why: 'The profile says 256.' }],
    safe_command: row?.vllm_commands.safe ?? null,
    safe_command_flags: [{ flag: '--max-num-seqs', value: '8', why: 'The cache holds eight.' }],
    serve_command_reason: row?.vllm_command_reason ?? null,
    serve_command_replicas: 1,
    bench_command: null,
    cheaper: [
      { name: '3 × g2-standard-8', usd_per_hour: 0.5, why: 'It misses TTFT P95.' },
      { name: '9 × dear', usd_per_hour: 500, why: 'Next in price.' },
    ],
    versions: sizeDocument().versions,
  };
}

function open(detailId: string, isFailing = false): PlanQuestionDraft[] {
  const asked: PlanQuestionDraft[] = [];
  const api = fakeApi({}, draftOn('size', { sizeView: 'detail', detailId }));
  const bug = failure({ family: 'bug', code: 'x', message: 'The curve broke.', details: {} });
  const host = fakeHost({
    ...api,
    detail: (question) => {
      asked.push(question);
      return Promise.resolve(isFailing ? bug : success(detailOf(question.configuration)));
    },
  });
  render(App, { connect: host.connect });
  return asked;
}

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
  Chart.drawn = [];
});

test('the configuration that is open is asked about, and why nothing cheaper does', async () => {
  const id = ROWS[1]?.id ?? '';
  const asked = open(id);
  const cheaper = await screen.findByRole('region', { name: 'Why not cheaper?' });
  expect(within(cheaper).getByRole('listitem')).toHaveTextContent('3 × g2-standard-8, $0.50/h: It misses TTFT P95.');
  const dearer = screen.getByRole('region', { name: 'What comes next in price' });
  expect(within(dearer).getByRole('listitem')).toHaveTextContent('9 × dear, $500.00/h: Next in price.');
  expect(asked.map(({ configuration }) => configuration)).toEqual([id]);
});

test('Next opens the configuration of the next rank', async () => {
  const asked = open(ROWS[0]?.id ?? '');
  const next = await screen.findByRole('button', { name: 'Next' });
  next.click();
  expect(await screen.findByText(`Rank 2 of ${ROWS.length}`)).toBeVisible();
  await vi.waitFor(() => expect(asked.at(-1)?.configuration).toBe(ROWS[1]?.id));
});

test('both commands stand with what their flags follow from, each to be copied', async () => {
  open(ROWS[0]?.id ?? '');
  const sized = await screen.findByRole('region', { name: 'vLLM command' });
  const safe = await screen.findByRole('region', { name: 'Safe vLLM command' });
  expect(sized.querySelector('pre')?.textContent).toBe(
    'vllm serve meta-llama/Llama-3.1-8B-Instruct \\\n  --tensor-parallel-size 1 # g6e.xlarge',
  );
  expect(sized).toHaveTextContent('one replica, flags of vLLM');
  expect(safe).toHaveTextContent('vllm serve m \\ --max-num-seqs 8');
  const writeText = vi.fn(() => Promise.resolve());
  stubClipboard(writeText);
  await fireEvent.click(within(safe).getByRole('button', { name: 'Copy safe vLLM command' }));
  expect(writeText).toHaveBeenCalledExactlyOnceWith('vllm serve m \\\n  --max-num-seqs 8');
  expect(within(sized).getByRole('button', { name: 'Copy vLLM command' })).toBeVisible();
  expect(within(safe).getByRole('button', { name: 'Copy safe vLLM command' })).toBeVisible();
  expect(await screen.findByText('The profile says 256.')).toBeInTheDocument();
  expect(screen.getByText('The cache holds eight.')).toBeInTheDocument();
});

test('a failure is a sentence', async () => {
  open(ROWS[0]?.id ?? '', true);
  expect(await screen.findByText('The curve broke.')).toBeVisible();
});

test('a configuration that is gone offers the cheapest', async () => {
  open('aws/gone/us-east-1/tp1pp1/fp16');
  (await screen.findByRole('button', { name: 'Open the cheapest' })).click();
  expect(await screen.findByText(`Rank 1 of ${ROWS.length}`)).toBeVisible();
});

describe('the simulation of the configuration that is open', () => {
  const row = (simulatedMs: number): SimulationCheckRow => ({
    metric: 'ttft_p95',
    target_ms: 500,
    gating: true,
    closed_form_ms: 480,
    simulated_ms: simulatedMs,
    half_width_ms: 12,
    difference_percent: (480 / simulatedMs - 1) * 100,
    status: simulatedMs <= 500 ? 'met' : 'near',
  });
  const checkOf = (status: SimulationCheck['status'], sentence: string, simulatedMs: number): SimulationCheck => ({
    status,
    sentence,
    seed: 1,
    requests: 20_000,
    requests_per_s: 4,
    rows: [row(simulatedMs)],
    enough: null,
  });

  function openChecked(...answers: Result<SimulationCheckAnswer>[]): PlanQuestionDraft[] {
    const asked: PlanQuestionDraft[] = [];
    const id = ROWS[0]?.id ?? '';
    const host = fakeHost({
      ...fakeApi({}, draftOn('size', { sizeView: 'detail', detailId: id })),
      detail: ({ configuration }) => Promise.resolve(success(detailOf(configuration))),
      checkBySimulation: (question) => {
        asked.push(question);
        const answer = answers[asked.length - 1];
        if (!answer) throw new Error('asked more often than answers were prepared');
        return Promise.resolve(answer);
      },
    });
    render(App, { connect: host.connect });
    return asked;
  }
  const simulated = (check: SimulationCheck) =>
    success<SimulationCheckAnswer>({ simulation_check: check, simulation_check_reason: null });

  test('comes after the figures, with every target beside its interval', async () => {
    const asked = openChecked(simulated(checkOf('confirmed', 'All targets are met.', 490)));
    const part = await screen.findByRole('region', { name: 'Simulation' });
    expect(part).toHaveTextContent('Simulating the planned load');
    await vi.waitFor(() => expect(part).toHaveTextContent('Confirmed by simulation. All targets are met.'));
    expect(asked.map(({ configuration }) => configuration)).toEqual([ROWS[0]?.id]);
    const cells = within(part).getAllByRole('cell', { hidden: true });
    expect(cells.map(({ textContent }) => textContent.trim())).toEqual(['500', '490 ± 12', '480', '−2.0', 'Met']);
  });

  test('says where it disagrees', async () => {
    openChecked(simulated(checkOf('refuted', 'The simulation disagrees: TTFT P95 is 550 ± 12 ms.', 550)));
    const part = await screen.findByRole('region', { name: 'Simulation' });
    await vi.waitFor(() => expect(part).toHaveTextContent('Not confirmed by simulation. The simulation disagrees'));
  });

  test('says why there is none', async () => {
    openChecked(success({ simulation_check: null, simulation_check_reason: 'One at a time.' }));
    const part = await screen.findByRole('region', { name: 'Simulation' });
    await vi.waitFor(() => expect(part).toHaveTextContent('One at a time.'));
  });

  test('that broke can be asked for again', async () => {
    const bug = failure({ family: 'bug', code: 'x', message: 'The thread died.', details: {} });
    openChecked(bug, simulated(checkOf('confirmed', 'All targets are met.', 490)));
    const part = await screen.findByRole('region', { name: 'Simulation' });
    await vi.waitFor(() => expect(part).toHaveTextContent('Not simulated: The thread died.'));
    await fireEvent.click(within(part).getByRole('button', { name: 'Try again' }));
    await vi.waitFor(() => expect(part).toHaveTextContent('Confirmed by simulation.'));
  });
});
