import '@testing-library/jest-dom/vitest';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../../../src-renderer/App.svelte';
import type { AppApi } from '../../../src-worker/protocol/app-api.ts';
import type { SizeInputDraft } from '../../../src-worker/protocol/requests.ts';
import { failure, success } from '../../../src-worker/protocol/result.ts';
import { fakeApi, fakeHost, stubBrowser, WORKLOADS } from '../fixtures/app.ts';
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
      set: { sla: { ttft_p95: 640 } },
      id: 'aws/g6.xlarge/us-east-1/tp1pp1/fp16',
      instance: 'g6.xlarge',
      instances: 1,
      gpu: 'nvidia-l4',
      tensor_parallel: 1,
      pipeline_parallel: 1,
      quantization: 'fp16',
      usd_per_hour: 0.8,
      capacity_share: 0.9,
      ttft_p95_ms: 620,
      targets: 3,
      tightest: 'TPOT P50 48 of 50 ms',
      note: null,
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

describe('the answer', () => {
  test('before the first one the screen has a heading for those who listen', async () => {
    open({ size: () => new Promise(() => undefined) });
    await fireEvent.click(await screen.findByRole('button', { name: 'Size' }));
    expect(await screen.findByRole('heading', { level: 1 })).toHaveTextContent('Size');
  });

  test('is a sentence, figures, targets, best of and the command', async () => {
    const { asked } = open();
    expect(await verdict()).toHaveTextContent('1 × g6e.xlarge meets all 3 targets for $1.86 an hour');
    expect(asked[0]).toMatchObject({ model: MODELS[0]!.id, workload: 'chat', users: 100, top: 100_000 });
    expect(screen.getByText('Planned load').parentElement).toHaveTextContent('13.1');
    const targets = screen.getByRole('table', { name: 'Predicted latency against targets' });
    expect(within(targets).getByRole('row', { name: /E2E P50/ })).toHaveTextContent(
      /E2E P50, mean 150 tokens; target for 512.*not gating/,
    );
    expect(within(targets).getByRole('row', { name: /TTFT P95/ })).toHaveTextContent('Met');
    expect(
      within(screen.getByTestId('best-of')).getAllByRole('button', { name: /^(Cheapest|Fastest|Most)/ }),
    ).toHaveLength(4);
    expect(screen.getByText(/4 of 8 configurations meet the targets/)).toBeVisible();
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
    await fireEvent.click(screen.getByRole('button', { name: 'See all results' }));
    expect(await screen.findByRole('row', { current: true })).toHaveTextContent('1 × p5.4xlarge');
  });
});

describe('editing', () => {
  test('an edit asks again by itself and shows what was understood', async () => {
    const { asked } = open();
    await verdict();
    await fireEvent.input(users(), { target: { value: '1.5k' } });
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ users: 1500 }));
    expect(screen.getByText('= 1,500 users.')).toBeVisible();
  });

  test('what the answer says about load and headroom stands there only for the values it was given for', async () => {
    let answer: () => void = () => undefined;
    let isHeld = false;
    open({
      size: async (request) => {
        if (isHeld) await new Promise<void>((resolve) => (answer = resolve));
        return success(sizeDocument({ input: { ...request } }));
      },
    });
    await verdict();
    const form = within(screen.getByRole('form', { name: 'What to size' }));
    const load = () => form.queryByText(/0\.2 s to the first token/);
    const headroom = () => form.queryByText(/^Plans for 75 %/);
    expect(load()).toBeVisible();
    isHeld = true;
    await fireEvent.click(screen.getByRole('radio', { name: '50 %' }));
    expect(headroom()).toBeNull();
    expect(load()).toBeVisible();
    answer();
    await waitFor(() => expect(headroom()).toBeVisible());
    await fireEvent.input(users(), { target: { value: '250' } });
    expect(load()).not.toBeVisible();
    expect(headroom()).toBeVisible();
    await fireEvent.input(users(), { target: { value: 'many' } });
    expect(headroom()).toBeNull();
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
    await fireEvent.click(screen.getByRole('button', { name: 'Reset Tokens' }));
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ input_tokens: null }));
    expect(prompt).toHaveValue('');
  });

  test('a row says where its value comes from; its reset is one step that undo takes back', async () => {
    const { asked } = open();
    await verdict();
    const row = () => screen.getByRole('textbox', { name: 'Answer tokens' }).closest<HTMLElement>('.field')!;
    expect(row()).toHaveTextContent(/^Tokens ?preset/);
    expect(within(row()).queryByRole('button', { name: /^Reset/ })).toBeNull();
    await fireEvent.input(screen.getByRole('textbox', { name: 'Answer tokens' }), { target: { value: '8k' } });
    expect(row()).toHaveTextContent(/^Tokens ?yours.*= 8,000 tokens\. For 8,192 type 8Ki\.$/);
    const reset = within(row()).getByRole('button', { name: 'Reset Tokens' });
    reset.focus();
    await fireEvent.click(reset);
    expect(row()).toHaveTextContent(/^Tokens ?preset/);
    expect(row()).toContainElement(document.activeElement as HTMLElement);
    await fireEvent.click(screen.getByRole('button', { name: /^Undo/ }));
    expect(screen.getAllByText(/Undid: reset Tokens/)).not.toHaveLength(0);
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ output_tokens: 8000 }));
    expect(row()).toHaveTextContent(/^Tokens ?yours/);
  });

  test('a section folds to one line of what it holds, and is found folded when the window opens again', async () => {
    const notes: string[] = [];
    const writeNote = (_name: string, text: string) => {
      notes.push(text);
      return Promise.resolve(success(null));
    };
    open({ writeNote });
    await verdict();
    const section = () => screen.getByRole('region', { name: 'Workload' });
    expect(section()).not.toHaveTextContent('250 + 150 tokens');
    await fireEvent.click(within(section()).getByRole('heading', { name: 'Workload' }));
    expect(await within(section()).findByText('Chat, 100 users, 250 + 150 tokens')).toBeVisible();
    await waitFor(() => expect(notes.at(-1)).toContain('"size.folds":{"workload":false}'), { timeout: 3000 });
    cleanup();
    open({ readNote: () => Promise.resolve(success(notes.at(-1)!)) });
    await verdict();
    expect(section().querySelector('details')).not.toHaveAttribute('open');
    expect(screen.getByRole('region', { name: 'Policy' }).querySelector('details')).toHaveAttribute('open');
  });

  test('spot where nothing is sold as spot stays where it is and says why', async () => {
    const { asked } = open();
    await verdict();
    const spot = screen.getByRole('radio', { name: 'Spot' });
    await fireEvent.focusIn(spot);
    expect(spot).toHaveAccessibleDescription('No instance of the catalog has a known price as spot.');
    await fireEvent.click(spot);
    expect(screen.getByRole('radio', { name: 'On-demand' })).toBeChecked();
    expect(asked.every(({ pricing }) => pricing === 'ondemand')).toBe(true);
  });

  test('a section that was just opened stays open, however soon something in it is edited', async () => {
    open();
    await verdict();
    const section = screen.getByRole('region', { name: 'Advanced' }).querySelector('details')!;
    // The browser tells of the opening later; a busy one after the next input.
    screen.getByRole('heading', { name: 'Advanced' }).click();
    const target = screen.getByLabelText<HTMLInputElement>('TTFT P95 target, ms');
    target.value = '300';
    target.dispatchEvent(new Event('input', { bubbles: true }));
    flushSync();
    expect(section).toHaveAttribute('open');
    await screen.findByText('1 field changed');
    expect(section).toHaveAttribute('open');
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

  test('a target that cannot be read says beside the field what would work', async () => {
    const { asked } = open();
    await verdict();
    const target = screen.getByLabelText('TPOT P95 target, ms');
    await fireEvent.input(target, { target: { value: 'soon' } });
    expect(target).toHaveAccessibleDescription(/^TPOT P95 takes 0\.1 to/);
    expect(screen.getByLabelText('TTFT P95 target, ms')).not.toHaveAccessibleDescription();
    await fireEvent.input(target, { target: { value: '0.05s' } });
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ sla: { tpot_p95: 50 } }));
    expect(target).toHaveAccessibleDescription('P95 = 50 ms.');
  });

  test('a place nobody knows names the nearest of the chosen clouds, which one click takes', async () => {
    const { asked } = open();
    await verdict();
    await fireEvent.click(screen.getByRole('radio', { name: 'Zone' }));
    const zone = screen.getByRole('combobox', { name: 'Zone' });
    await fireEvent.input(zone, { target: { value: 'us-centrall1-b' } });
    expect(zone).toHaveAccessibleDescription('No zone is called that; the nearest is us-central1-b.');
    await fireEvent.click(screen.getByRole('button', { name: 'AWS' }));
    expect(zone).toHaveAccessibleDescription(/^No zone of the chosen clouds is called that/);
    expect(screen.queryByRole('button', { name: /^Use us-central1/ })).toBeNull();
    await fireEvent.click(screen.getByRole('button', { name: 'AWS' }));
    await fireEvent.click(screen.getByRole('button', { name: 'Use us-central1-b' }));
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ zone: 'us-central1-b' }));
  });

  test('without a load the field is marked, says what to do, and the old answer stays', async () => {
    open();
    await verdict();
    const users = screen.getByRole('textbox', { name: 'Users' });
    await fireEvent.input(users, { target: { value: '' } });
    expect(users).toHaveAttribute('aria-invalid', 'true');
    expect(users).toHaveAccessibleDescription('Say how many users to serve.');
    expect(await screen.findByText(/The answer below is for the values before/)).toBeVisible();
  });

  test('targets that are shown and exclude nothing stand in brackets, with the reason', async () => {
    open({
      listWorkloads: () =>
        Promise.resolve(
          success(
            WORKLOADS.map((entry, index) =>
              index > 0
                ? entry
                : { ...entry, targets: [{ metric: 'ttft_p99' as const, targetMs: 2000, gating: false }] },
            ),
          ),
        ),
    });
    await verdict();
    const target = screen.getByLabelText('TTFT P99 target, ms');
    expect(target).toHaveAttribute('placeholder', '(2,000)');
    expect(target).toHaveAccessibleDescription('In brackets: shown, not a gate.');
    await fireEvent.input(target, { target: { value: '1500' } });
    expect(target).not.toHaveAccessibleDescription();
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
      'config.json was not imported. num_layers is -1. Nothing was changed.',
    );
    expect(asked.at(-1)?.model).toBe(MODELS[0]!.id);
    await fireEvent.change(input, { target: { files: [file] } });
    await waitFor(() => expect(asked.at(-1)?.model).toBe('my/model'));
    expect(importModel).toHaveBeenLastCalledWith({ text: '{}', fileName: 'config.json', id: null });
  });

  test('what is said about a config.json goes with the next edit, and undo takes the import back', async () => {
    const bad = failure({ family: 'file', code: 'config_invalid', message: 'num_layers is -1.', details: {} });
    const importModel = vi.fn<AppApi['importModel']>().mockResolvedValueOnce(bad);
    importModel.mockResolvedValueOnce(success(modelDocument('my/model')));
    open({ importModel });
    await verdict();
    const paste = () =>
      fireEvent.paste(document.body, { clipboardData: { files: [], getData: () => '{"model_type":"llama"}' } });
    await paste();
    expect(await screen.findByRole('alert')).toHaveTextContent(/^The pasted text was not imported/);
    await fireEvent.click(screen.getByRole('radio', { name: '50 %' }));
    expect(screen.queryByRole('alert')).toBeNull();
    await paste();
    expect(await screen.findByText(/^Imported\. /)).toBeVisible();
    await fireEvent.click(screen.getByRole('button', { name: /^Undo/ }));
    await waitFor(() => expect(screen.getByRole('combobox', { name: 'Model' })).toHaveValue(MODELS[0]!.id));
    expect(await screen.findByText(/8\.03B parameters/)).toBeVisible();
    expect(screen.queryByText(/Imported\./)).toBeNull();
  });
});

describe('method simulation', () => {
  const CANCELLED = failure({ family: 'interrupted', code: 'cancelled', message: 'Cancelled.', details: {} });
  const region = () => screen.getByTestId('verdict').closest<HTMLElement>('[data-region]')!;
  const card = async () => within(await screen.findByTestId('still-running'));
  const press = (key: string, init: object = {}) => fireEvent.keyDown(users(), { key, ...init });

  /** An answer on screen, and a question that is simulated for as long as the test wants. */
  async function simulating(answers: Partial<AppApi> = {}) {
    const tasks: string[] = [];
    const waiting: ((result: Awaited<ReturnType<AppApi['size']>>) => void)[] = [];
    const cancelTask = vi.fn<AppApi['cancelTask']>(() => {
      waiting.shift()?.(CANCELLED);
      return Promise.resolve(success(null));
    });
    const api = fakeApi({ ...answers, cancelTask });
    const host = fakeHost({
      ...api,
      size: (request, taskId = '') => {
        if (request.method !== 'simulation') return api.size(request);
        tasks.push(taskId);
        return new Promise((resolve) => waiting.push(resolve));
      },
    });
    render(App, { connect: host.connect });
    await verdict();
    await fireEvent.click(screen.getByRole('heading', { name: 'Advanced' }));
    await fireEvent.click(screen.getByRole('radio', { name: 'Simulation' }));
    await waitFor(() => expect(tasks).toHaveLength(1));
    const tell = (done: number, total: number) =>
      host.push({
        type: 'configiq:progress',
        taskId: tasks.at(-1)!,
        phase: 'computing',
        done,
        total,
        best: null,
        live: [],
        excluded: {},
        notes: [],
      });
    return { tasks, cancelTask, tell, answer: () => waiting.shift()?.(success(sizeDocument())) };
  }

  test('says how far it is from the start; the answer before stays as easy to read as ever', async () => {
    const { tell } = await simulating();
    tell(0, 100);
    expect(await (await card()).findByText('Simulating: 0 of 100 plans')).toBeVisible();
    expect((await card()).getByText('Above: the values before')).toBeVisible();
    const picture = screen.getByTestId('verdict').closest('.picture');
    expect(picture).toHaveClass('old');
    expect(picture).not.toHaveClass('updating');
  });

  test('is stopped by its button, at once: calmly, with a way to go on, and the focus stays there', async () => {
    const { tasks, cancelTask, tell, answer } = await simulating();
    tell(61, 100);
    const stop = (await card()).getByRole('button', { name: 'Stop' });
    stop.focus();
    await fireEvent.click(stop);
    expect(cancelTask).toHaveBeenCalledExactlyOnceWith(tasks[0]);
    expect(await screen.findByText('Stopped.')).toBeVisible();
    expect(screen.queryByTestId('still-running')).toBeNull();
    expect(screen.queryByRole('alert')).toBeNull();
    await waitFor(() => expect(region()).toHaveFocus());
    await fireEvent.click(screen.getByRole('button', { name: 'Simulate again' }));
    await waitFor(() => expect(tasks).toHaveLength(2));
    expect(screen.queryByText('Stopped.')).toBeNull();
    tell(1, 100);
    expect(await (await card()).findByText('Simulating: 1 of 100 plans')).toBeVisible();
    answer();
    await waitFor(() => expect(screen.queryByTestId('still-running')).toBeNull());
    expect(screen.getByTestId('verdict').closest('.picture')).not.toHaveClass('old');
  });

  test('is stopped by Escape, in a field too; elsewhere Escape leaves it alone', async () => {
    const { cancelTask, tell } = await simulating();
    tell(61, 100);
    await card();
    await fireEvent.click(screen.getByRole('button', { name: 'Runs' }));
    await fireEvent.keyDown(document.body, { key: 'Escape' });
    expect(cancelTask).not.toHaveBeenCalled();
    await fireEvent.click(screen.getByRole('button', { name: 'Size' }));
    await press('Escape');
    expect(cancelTask).toHaveBeenCalledOnce();
    expect(await screen.findByText('Stopped.')).toBeVisible();
  });

  test('is saved once its answer is shown, and not before: Save says why', async () => {
    const saveSizeRun = vi.fn<AppApi['saveSizeRun']>((...args) => fakeApi().saveSizeRun(...args));
    const { tasks, tell, answer } = await simulating({ saveSizeRun });
    const save = () => screen.getByRole('button', { name: 'Save run' });
    tell(61, 100);
    expect(save()).toBeDisabled();
    expect(save()).toHaveAttribute('title', 'Not saved: this question is still being simulated');
    await press('s', { ctrlKey: true });
    const said = () => screen.getByTestId('status-bar');
    await waitFor(() => expect(said()).toHaveTextContent('Not saved: this question is still being simulated'));
    await press('Escape');
    await press('s', { ctrlKey: true });
    await waitFor(() => expect(said()).toHaveTextContent('Not saved: the simulation of this question was stopped'));
    expect(save()).toBeDisabled();
    await fireEvent.click(screen.getByRole('button', { name: 'Simulate again' }));
    await waitFor(() => expect(tasks).toHaveLength(2));
    answer();
    await waitFor(() => expect(save()).toBeEnabled());
    expect(saveSizeRun).not.toHaveBeenCalled();
    await press('s', { ctrlKey: true });
    expect(saveSizeRun.mock.calls.map(([request]) => request.method)).toEqual(['simulation']);
  });
});

describe('when the answer is no', () => {
  test('the verdict names the limit and the nearest, relaxations and exclusions follow', async () => {
    open({ size: () => Promise.resolve(success(NOTHING)) });
    expect(await verdict()).toHaveTextContent('Nothing in the catalog serves 100 users on demand');
    expect(await verdict()).toHaveAttribute('data-verdict', 'none');
    expect(screen.getByRole('row', { name: /TTFT P95 500 → 640 ms/ })).toHaveTextContent('$0.80');
    expect(screen.getByRole('heading', { name: /Excluded: all 4/ })).toBeVisible();
    expect(screen.queryByTestId('results-table')).toBeNull();
  });

  test('a relaxation is one edit of the form, and undo takes it back', async () => {
    const asked: SizeInputDraft[] = [];
    open({
      size: (request) => {
        asked.push(request);
        return Promise.resolve(success(request.sla?.ttft_p95 === 640 ? sizeDocument() : NOTHING));
      },
    });
    await verdict();
    await fireEvent.click(screen.getByRole('button', { name: /TTFT P95 500 → 640 ms/ }));
    await waitFor(() => expect(screen.getByTestId('verdict')).toHaveAttribute('data-verdict', 'met'));
    expect(asked.at(-1)).toMatchObject({ sla: { ttft_p95: 640 } });
    await fireEvent.click(screen.getByRole('button', { name: /^Undo/ }));
    await waitFor(() => expect(screen.getByTestId('verdict')).toHaveAttribute('data-verdict', 'none'));
  });

  test('a near miss is amber and says by how much', async () => {
    const excluded = [exclusion('g6.xlarge', 'sla_missed', { metric: 'ttft_p95', value: 560, limit: 500, unit: 'ms' })];
    open({ size: () => Promise.resolve(success({ ...NOTHING, excluded })) });
    expect(await verdict()).toHaveAttribute('data-verdict', 'near');
    expect(await verdict()).toHaveTextContent('g6.xlarge misses a target by 12 %');
  });

  test('excluded rows open by reason, with the size of each miss', async () => {
    open({ size: () => Promise.resolve(success(NOTHING)) });
    await verdict();
    const group = screen.getByText('Do not fit in memory').closest('details')!;
    group.open = true;
    await fireEvent(group, new Event('toggle'));
    const rows = within(group).getAllByRole('row');
    expect(rows[1]).toHaveTextContent(/g4dn\.2xlarge.*us-east-1.*L4.*FP16.*131\.5 GiB, limit 120/);
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
    expect(await screen.findByText(/^The catalog has no model yet/)).toBeVisible();
  });
});

describe('all results', () => {
  async function openResults(answers: Partial<AppApi> = {}) {
    open(answers);
    await verdict();
    await fireEvent.click(screen.getByRole('button', { name: 'See all results' }));
    return within(await screen.findByTestId('results-table'));
  }

  test('the chart says in a sentence what it shows, and has a table twin with the same points', async () => {
    await openResults();
    const chart = within(screen.getByTestId('pareto'));
    expect(chart.getByRole('img')).toHaveAccessibleName(/3 of 4 configurations are on the frontier/);
    await fireEvent.click(chart.getByRole('button', { name: /table/i }));
    expect(chart.getAllByRole('row')).toHaveLength(ROWS.length + 1);
  });

  test('the grid sorts on a click and says so, missing values last', async () => {
    const table = await openResults();
    const names = () => table.getAllByRole('rowheader').map((cell) => cell.textContent.trim());
    await fireEvent.click(table.getByRole('button', { name: /^TTFT P95/ }));
    expect(table.getByRole('columnheader', { name: /TTFT P95/ })).toHaveAttribute('aria-sort', 'ascending');
    expect(names()).toEqual(['1 × p5.4xlarge', '1 × g7e.2xlarge', '1 × g6e.xlarge', '3 × g5.2xlarge']);
    await fireEvent.click(table.getByRole('button', { name: /^TTFT P95/ }));
    expect(names()[0]).toBe('3 × g5.2xlarge');
  });

  test('a click on a row chooses it for the verdict and the chart', async () => {
    const table = await openResults();
    await fireEvent.click(table.getByRole('rowheader', { name: '1 × p5.4xlarge' }));
    expect(screen.getByTestId('pinned')).toHaveTextContent('1 × p5.4xlarge');
  });

  test('passing and excluded add up to what was looked at', async () => {
    await openResults();
    expect(screen.getByRole('tab', { name: 'Meet targets 4' })).toBeVisible();
    expect(screen.getByRole('tab', { name: 'Excluded 4' })).toBeVisible();
  });

  test('a long list keeps only what is in view in the document', async () => {
    const many = Array.from({ length: 500 }, (_, index) => ({ ...ROWS[0]!, id: `row-${index}`, rank: index + 1 }));
    const table = await openResults({ size: () => Promise.resolve(success(sizeDocument({ recommendations: many }))) });
    expect(table.getByRole('grid')).toHaveAttribute('aria-rowcount', '501');
    expect(table.queryAllByRole('rowheader').length).toBeLessThan(100);
  });
});
