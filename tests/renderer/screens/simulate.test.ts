import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../../../src-renderer/App.svelte';
import type { PredictDocument } from '../../../src-worker/protocol/documents.ts';
import type { SimulateInputDraft, TraceFile } from '../../../src-worker/protocol/requests.ts';
import { failure, success, type Result } from '../../../src-worker/protocol/result.ts';
import { draftOn, fakeApi, fakeHost, stubBrowser } from '../fixtures/app.ts';
import { Chart } from '../fixtures/chart.ts';
import { simulatedDocument } from '../fixtures/simulation.ts';

vi.mock('chart.js', () => import('../fixtures/chart.ts'));

interface Asked {
  request: SimulateInputDraft;
  trace: TraceFile | null;
  taskId: string | null | undefined;
}

/** The window on Simulate; `answer` says what becomes of a question. */
function open(
  answer: (asked: Asked, index: number) => Result<PredictDocument> | Promise<Result<PredictDocument>>,
  draft: Record<string, unknown> = {},
): Asked[] {
  const asked: Asked[] = [];
  const host = fakeHost({
    ...fakeApi({}, draftOn('simulate', draft)),
    simulate: (request, trace, taskId) => {
      asked.push({ request, trace, taskId });
      return Promise.resolve(answer({ request, trace, taskId }, asked.length - 1));
    },
    cancelTask: (taskId) => {
      cancelled.push(taskId);
      return Promise.resolve(success(null));
    },
  });
  render(App, { connect: host.connect });
  return asked;
}

/** Tasks that the window ended. */
let cancelled: string[] = [];

const rate = () => screen.findByRole('textbox', { name: 'Requests per second' });
const type = async (text: string) => fireEvent.input(await rate(), { target: { value: text } });
const result = () => screen.findByTestId('simulation');
const refused = (message: string): Result<PredictDocument> =>
  failure({ family: 'invalid_input', code: 'x', message, details: {} });

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
  Chart.drawn = [];
  cancelled = [];
});

describe('a simulation', () => {
  test('opens with an example: latencies with their half widths, the course, the command', async () => {
    const asked = open(() => success(simulatedDocument()));
    expect(
      await screen.findByRole('heading', {
        level: 1,
        name: 'Half of the answers begin within 57 ms, 19 in 20 within 119 ms',
      }),
    ).toBeVisible();
    expect(asked).toHaveLength(1);
    expect(asked[0]?.request).toMatchObject({ gpu: 'nvidia-h100-80gb', rate: 10, input_tokens: 1000 });
    const table = within(screen.getByRole('table', { name: 'Simulated latency' }));
    expect(table.getByRole('row', { name: /^TTFT/ })).toHaveTextContent('57 ± 0.50');
    expect(screen.getByRole('figure', { name: 'How did it go over time?' })).toHaveAccessibleDescription(
      /preempted 6 times/,
    );
    expect(screen.getByText('Simulated in steady state, seed 1.')).toBeVisible();
    expect(within(screen.getByRole('region', { name: 'Command' })).getByText(/configiq simulate/)).toHaveTextContent(
      '--rate 10',
    );
  });

  test('an edit asks anew; of several in a row only the last is asked, and only its answer is shown', async () => {
    const answers: ((value: Result<PredictDocument>) => void)[] = [];
    const asked = open((_, index) =>
      index === 0 ? success(simulatedDocument()) : new Promise((resolve) => answers.push(resolve)),
    );
    await screen.findByTestId('latency-table');
    await type('11');
    await type('12');
    await waitFor(() => expect(asked).toHaveLength(2));
    expect(asked[1]?.request.rate).toBe(12);
    await type('13');
    await new Promise((resolve) => setTimeout(resolve, 300));
    // The host ends the one under way, of the same task; whatever comes of it is passed over.
    await waitFor(() => expect(asked).toHaveLength(3));
    expect(asked[2]).toMatchObject({ request: { rate: 13 }, taskId: asked[1]?.taskId });
    expect(await result()).toHaveAttribute('aria-busy', 'true');
    answers[0]!(success(simulatedDocument({ input: { gpu: 'nvidia-h100-80gb', rate: 12 } })));
    await Promise.resolve();
    expect(screen.queryByText(/12 requests\/s/)).toBeNull();
    answers[1]!(success(simulatedDocument({ input: { gpu: 'nvidia-h100-80gb', rate: 13 } })));
    expect(await screen.findByText(/13 requests\/s/)).toBeVisible();
    expect(await result()).toHaveAttribute('aria-busy', 'false');
  });

  test('one that takes long says so, and is stopped by its button; the result before stays, and it can be asked again', async () => {
    const asked = open((_, index) => (index === 1 ? new Promise(() => undefined) : success(simulatedDocument())));
    await screen.findByTestId('latency-table');
    expect(screen.queryByTestId('still-running')).toBeNull();
    await type('11');
    const strip = within(await screen.findByTestId('still-running', {}, { timeout: 2000 }));
    await fireEvent.click(strip.getByRole('button', { name: 'Stop' }));
    expect(cancelled).toEqual([asked[1]?.taskId]);
    expect(await screen.findByText('Stopped.')).toBeVisible();
    expect(screen.queryByTestId('still-running')).toBeNull();
    expect(await result()).toHaveAttribute('aria-busy', 'false');
    expect(screen.getByTestId('latency-table')).toBeInTheDocument();
    await fireEvent.click(screen.getByRole('button', { name: 'Simulate again' }));
    await waitFor(() => expect(asked).toHaveLength(3));
    expect(asked[2]?.request.rate).toBe(11);
    await waitFor(() => expect(screen.queryByText('Stopped.')).toBeNull());
  });

  test('Escape stops it, in a field too; the first one leaves nothing to show but a way on', async () => {
    const asked = open((_, index) => (index === 0 ? new Promise(() => undefined) : success(simulatedDocument())));
    await waitFor(() => expect(asked).toHaveLength(1));
    await fireEvent.keyDown(await rate(), { key: 'Escape' });
    expect(cancelled).toEqual([asked[0]?.taskId]);
    expect(await screen.findByText('The simulation was stopped before it had anything to show.')).toBeVisible();
    // Another question is asked by itself.
    await type('12');
    expect(await screen.findByTestId('latency-table')).toBeVisible();
    await fireEvent.keyDown(await rate(), { key: 'Escape' });
    expect(cancelled).toHaveLength(1);
  });

  test('what cannot be asked any more is ended', async () => {
    const asked = open((_, index) => (index === 0 ? success(simulatedDocument()) : new Promise(() => undefined)));
    await screen.findByTestId('latency-table');
    await type('12');
    await waitFor(() => expect(asked).toHaveLength(2));
    await type('fast');
    await waitFor(() => expect(cancelled).toEqual([asked[1]?.taskId]));
    // Nor is the result on screen asked for again.
    await type('10');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(asked).toHaveLength(2);
    expect(await result()).toHaveAttribute('aria-busy', 'false');
  });

  test('saturated: no figures, the cause, what helps, and a way on', async () => {
    const asked = open(({ request }) =>
      success(
        request.replicas === 2
          ? simulatedDocument()
          : simulatedDocument({
              saturated: true,
              saturation: { kind: 'kv', sentence: 'The KV cache is full before the load is carried.' },
              simulation: null,
              timeline: null,
            }),
      ),
    );
    await screen.findByRole('heading', { level: 1, name: '1 × H100 80GB cannot keep up with 10 requests/s' });
    expect(screen.getByText(/The KV cache is full before the load is carried/)).toBeVisible();
    expect(screen.getByText(/FP8 KV cache/)).toBeVisible();
    expect(screen.queryByTestId('latency-table')).toBeNull();
    await fireEvent.click(screen.getByRole('button', { name: 'Twice the replicas' }));
    await waitFor(() => expect(asked.at(-1)?.request.replicas).toBe(2));
    expect(await screen.findByTestId('latency-table')).toBeVisible();
  });

  test('what does not fit says so, and what helps', async () => {
    const { memory } = simulatedDocument();
    open(() =>
      success(
        simulatedDocument({
          memory: { ...memory, fits: false },
          bottleneck: { kind: 'kv_capacity', sentence: 'The weights need 131.5 GiB.' },
          simulation: null,
          timeline: null,
        }),
      ),
    );
    await screen.findByRole('heading', { level: 1, name: '1 × H100 80GB cannot hold the model' });
    expect(screen.getByText('The weights need 131.5 GiB.')).toBeVisible();
    expect(screen.getByText(/smaller weights \(FP8, INT4\)/)).toBeVisible();
  });

  test('a refusal is the sentence of the host; the result before stays, marked as such', async () => {
    open(({ request }) =>
      request.rate === 99 ? refused('rate 99 is refused: give 98.') : success(simulatedDocument()),
    );
    await screen.findByTestId('latency-table');
    await type('99');
    expect(await screen.findByText(/rate 99 is refused: give 98/)).toHaveTextContent('for the values before');
    expect(screen.getByTestId('latency-table')).toBeInTheDocument();
    // Taken back, the old question needs no new answer and the sentence goes.
    await type('10');
    await waitFor(() => expect(screen.queryByText(/is refused/)).toBeNull());
  });

  test('a refusal is forgotten where the form is back at what is on screen, by way of what cannot be read, too', async () => {
    const asked = open(({ request }) =>
      request.rate === 99 ? refused('99 is refused.') : success(simulatedDocument()),
    );
    await screen.findByTestId('latency-table');
    await type('99');
    await screen.findByText(/99 is refused/);
    await type('fast');
    await within(await result()).findByText(/Rate takes/);
    await type('10');
    await waitFor(() => expect(screen.queryByText(/99 is refused/)).toBeNull());
    expect(asked).toHaveLength(2);
  });

  test('what broke can be tried again', async () => {
    const broken: Result<PredictDocument> = failure({ family: 'bug', code: 'x', message: 'It broke.', details: {} });
    const asked = open((_, index) => (index === 0 ? broken : success(simulatedDocument())));
    await fireEvent.click(await screen.findByRole('button', { name: 'Try again' }));
    expect(await screen.findByTestId('latency-table')).toBeVisible();
    expect(asked).toHaveLength(2);
  });

  test('what cannot be read asks nothing and stays as it was typed', async () => {
    const asked = open(() => success(simulatedDocument()));
    await screen.findByTestId('latency-table');
    await type('fast');
    expect(await within(await result()).findByText(/Rate takes/)).toBeVisible();
    expect(await rate()).toHaveValue('fast');
    expect(await rate()).toHaveAttribute('aria-invalid', 'true');
    expect(asked).toHaveLength(1);
  });

  test('an emptied field says what it takes, where it is described', async () => {
    open(() => success(simulatedDocument()));
    await type('');
    expect(await rate()).toHaveAttribute('aria-invalid', 'true');
    const described = document.getElementById((await rate()).getAttribute('aria-describedby') ?? '');
    expect(described).toHaveTextContent('Rate takes a number, for example 10.');
  });
});

describe('replicas', () => {
  test('have a router to choose once there are two, and the verdict says which', async () => {
    const asked = open(
      ({ request }) => {
        const { replicas = 1, router = 'random' } = request;
        const simulation = { ...simulatedDocument().simulation!, router: replicas === 1 ? null : router };
        return success(simulatedDocument({ input: { ...request }, simulation }));
      },
      { view: { 'simulate.advanced': true } },
    );
    await screen.findByTestId('latency-table');
    const router = within(await screen.findByRole('radiogroup', { name: 'Router' }));
    const inTurn = () => router.getByRole('radio', { name: /^In turn/ });
    expect(inTurn()).toHaveAttribute('aria-disabled', 'true');
    await fireEvent.click(inTurn());
    expect(router.getByRole('radio', { name: 'Random' })).toBeChecked();
    // Said all the time, as there is nothing else to choose.
    expect(screen.getAllByText('With one replica there is nothing to choose.')).toHaveLength(1);
    expect(within(await result()).queryByText(/replicas/)).toBeNull();

    await fireEvent.input(screen.getByRole('textbox', { name: 'Replicas' }), { target: { value: '4' } });
    await vi.waitFor(() => expect(inTurn()).not.toHaveAttribute('aria-disabled'));
    await fireEvent.click(inTurn());
    expect(await within(await result()).findByText(/requests dealt in turn over 4 replicas/)).toBeVisible();
    expect(asked.at(-1)?.request).toMatchObject({ replicas: 4, router: 'round_robin' });
    const command = within(screen.getByRole('region', { name: 'Command' })).getByText(/configiq simulate/);
    expect(command).toHaveTextContent('--router round_robin');
  });
});

describe('a trace', () => {
  const ROWS = 'arrival_s,input_tokens,output_tokens\n0,1,2\n';
  const replayed = (file: string) =>
    simulatedDocument({
      trace: {
        file,
        format: 'configiq',
        requests: 1,
        duration_s: 0,
        requests_per_s: null,
        mean_input_tokens: 1,
        mean_output_tokens: 2,
        notes: ['Hits are not replayed from it.'],
        skipped_rows: 1,
        skipped: [{ line: 3, reason: 'output_tokens is missing.' }],
      },
    });
  const drop = async (file: File) =>
    fireEvent.drop(await screen.findByRole('group', { name: 'Simulate; a trace can be dropped here' }), {
      dataTransfer: { files: [file] },
    });

  test('is dropped anywhere on the screen and replayed, with its notes and the rows left out', async () => {
    const asked = open(({ trace }) => success(trace ? replayed(trace.name) : simulatedDocument()));
    await screen.findByTestId('latency-table');
    await drop(new File([ROWS], 'day.csv'));
    const facts = await screen.findByTestId('trace-facts');
    expect(facts).toHaveTextContent('Hits are not replayed from it.');
    expect(facts).toHaveTextContent('Line 3: output_tokens is missing.');
    expect(asked.at(-1)?.trace).toEqual({ name: 'day.csv', text: ROWS });
    expect(asked.at(-1)?.request).not.toHaveProperty('input_tokens');
    expect(screen.getByRole('radio', { name: 'Trace' })).toBeChecked();
    // The same name with another content is another question.
    await drop(new File([`${ROWS}1,1,2\n`], 'day.csv'));
    await waitFor(() => expect(asked.at(-1)?.trace?.text).toBe(`${ROWS}1,1,2\n`));
  });

  test('is pasted', async () => {
    const asked = open(({ trace }) => success(trace ? replayed(trace.name) : simulatedDocument()));
    await screen.findByTestId('latency-table');
    await fireEvent.paste(document.body, { clipboardData: { files: [], getData: () => ROWS } });
    await screen.findByTestId('trace-facts');
    expect(asked.at(-1)?.trace).toEqual({ name: 'pasted trace', text: ROWS });
  });

  test('that is too large to travel is refused with the line that takes it', async () => {
    const asked = open(() => success(simulatedDocument()), { simulation: { loadKind: 'trace' } });
    const file = new File([ROWS], 'year.csv');
    Object.defineProperty(file, 'size', { value: 80_000_000 });
    await drop(file);
    expect(await screen.findByText(/year\.csv has 80 MB.*configiq simulate --trace year\.csv/)).toBeVisible();
    expect(asked).toEqual([]);
  });

  test('of last time has to be chosen again', async () => {
    open(() => success(simulatedDocument()), { simulation: { loadKind: 'trace', traceName: 'day.csv' } });
    expect(await screen.findByText('Choose day.csv again: its name was kept, its content was not.')).toBeVisible();
  });
});
