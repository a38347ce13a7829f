import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../../../../src-renderer/App.svelte';
import { oldPricesSentence } from '../../../../src-renderer/screens/start/old-prices.ts';
import type { AppApi, RunEntry } from '../../../../src-worker/protocol/app-api.ts';
import type { SizeInputDraft } from '../../../../src-worker/protocol/requests.ts';
import { failure, success } from '../../../../src-worker/protocol/result.ts';
import { CATALOG, fakeApi, fakeHost, RUN, RUN_DETAIL, stubBrowser } from '../../fixtures/app.ts';
import { MODELS, modelDocument, sizeDocument } from '../../fixtures/documents.ts';

vi.mock('chart.js', () => import('../../fixtures/chart.ts'));

function open(answers: Partial<AppApi> = {}) {
  const asked: SizeInputDraft[] = [];
  const api = fakeApi(answers, null);
  const size = api.size.bind(api);
  api.size = (request) => {
    asked.push(request);
    return size(request);
  };
  render(App, { connect: fakeHost(api).connect });
  return { asked };
}

const title = () => screen.findByRole('heading', { level: 1, name: 'What do you want to serve?' });
const users = () => screen.findByRole('textbox', { name: 'Users' });
const paste = (text: string) =>
  fireEvent.paste(document.body, { clipboardData: { files: [], getData: () => text } as unknown as DataTransfer });

const SIZE_RUN: RunEntry = {
  ...RUN,
  id: 9,
  kind: 'size',
  name: 'Support chat',
  question: 'chat, 260 users',
  answer: null,
  usdPerHour: null,
};

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
});
afterEach(() => void vi.unstubAllGlobals());

describe('solved examples', () => {
  test('are computed, show verdict, price and tightest target, and open as one step', async () => {
    const { asked } = open();
    const card = await screen.findByTestId('example-chat');
    await waitFor(() => expect(card).toHaveTextContent(/Met\s*1 × g6e\.xlarge\s*\$1\.86\/h/));
    // 18 of 50 is 36 % of its target, more than 71 of 500 or 35.5 of 200.
    expect(card).toHaveTextContent('TPOT P50 18 of 50 ms');
    expect(asked).toContainEqual({
      model: MODELS[0]!.id,
      workload: 'chat',
      users: 100,
      top: 1,
      simulation_check: false,
    });
    await fireEvent.click(card);
    expect(await users()).toHaveValue('100');
    expect(screen.getByTestId('path')).toHaveTextContent('Size');
  });

  test('are left out where their model is not there', async () => {
    open();
    await screen.findByTestId('example-chat');
    expect(screen.queryByTestId('example-rag')).toBeNull();
  });

  test('one without an answer says so and what stands in the way', async () => {
    open({ size: () => Promise.resolve(success(sizeDocument({ recommendations: [], num_passing: 0 }))) });
    const card = await screen.findByTestId('example-chat');
    await waitFor(() => expect(card).toHaveTextContent(/No answer/));
  });

  test('one that could not be computed says why', async () => {
    const broken = failure({ family: 'bug', code: 'worker', message: 'The worker stopped.', details: {} });
    open({ size: () => Promise.resolve(broken) });
    const card = await screen.findByTestId('example-chat');
    await waitFor(() => expect(card).toHaveTextContent('Not solved. The worker stopped.'));
  });
});

describe('recent runs', () => {
  test('none yet: says what belongs here', async () => {
    open({ listRuns: () => Promise.resolve(success([])) });
    expect(await screen.findByText('Answers you save and sweeps you run are kept here.')).toBeVisible();
  });

  test('list name, model, question, outcome and cost; a saved question opens in Size', async () => {
    const showRun = vi.fn<AppApi['showRun']>(() =>
      Promise.resolve(
        success({ ...RUN_DETAIL, entry: SIZE_RUN, input: { model: MODELS[0]!.id, workload: 'rag', users: 260 } }),
      ),
    );
    const { asked } = open({ listRuns: () => Promise.resolve(success([SIZE_RUN, RUN])), showRun });
    const table = await screen.findByTestId('recent-runs');
    const row = within(table).getByRole('row', { name: /Support chat/ });
    expect(row).toHaveTextContent(/Llama-3\.1-8B-Instruct.*chat, 260 users.*No answer/s);
    expect(within(table).getByRole('row', { name: /Llama over users/ })).toHaveTextContent('2 points');
    await fireEvent.click(within(row).getByRole('button', { name: 'Support chat' }));
    expect(await users()).toHaveValue('260');
    expect(showRun).toHaveBeenCalledWith(9);
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ workload: 'rag', users: 260 }));
  });

  test('a question that cannot be read is said, and nothing is changed', async () => {
    open({
      listRuns: () => Promise.resolve(success([SIZE_RUN])),
      showRun: () => Promise.resolve(success({ ...RUN_DETAIL, entry: SIZE_RUN, input: { colour: 'red' } })),
    });
    await fireEvent.click(await screen.findByRole('button', { name: 'Support chat' }));
    expect(await screen.findByText(/Run 9 holds a question that this version cannot read/)).toBeVisible();
    expect(await title()).toBeVisible();
  });

  test('a sweep opens under Runs', async () => {
    open();
    await fireEvent.click(await screen.findByRole('button', { name: 'Llama over users' }));
    const nav = within(screen.getByRole('navigation', { name: 'Screens' }));
    await waitFor(() => expect(nav.getByRole('button', { name: 'Runs' })).toHaveAttribute('aria-current', 'page'));
  });

  test('a store that cannot be read is a sentence with a way to try again', async () => {
    const broken = failure({ family: 'file', code: 'database', message: 'The database is locked.', details: {} });
    const listRuns = vi.fn<AppApi['listRuns']>(() => Promise.resolve(broken));
    open({ listRuns });
    expect(await screen.findByText(/The database is locked\./)).toBeVisible();
    await fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(listRuns.mock.calls.length).toBeGreaterThan(1));
  });
});

describe('a model of one’s own', () => {
  const own = (importModel: AppApi['importModel']) =>
    open({
      importModel,
      listModels: () => Promise.resolve(success([...MODELS, { ...MODELS[0]!, id: 'my/model', origin: 'imported' }])),
    });

  test('pasted as text is imported, chosen and asked', async () => {
    const importModel = vi.fn<AppApi['importModel']>(() => Promise.resolve(success(modelDocument('my/model'))));
    const { asked } = own(importModel);
    await title();
    await paste(' {"model_type":"llama"}');
    await waitFor(() => expect(asked.at(-1)?.model).toBe('my/model'));
    expect(importModel).toHaveBeenCalledWith({
      text: ' {"model_type":"llama"}',
      fileName: expect.stringMatching(/^pasted-\d{4}-\d\d-\d\d-\d\d-\d\d\.json$/) as string,
      id: null,
    });
  });

  test('text of the wrong kind is refused in words, without asking the host', async () => {
    const importModel = vi.fn<AppApi['importModel']>();
    own(importModel);
    await title();
    await paste('Dear all,\nplease find attached');
    expect(await screen.findByText(/neither the name of a model nor a config\.json/)).toBeVisible();
    expect(importModel).not.toHaveBeenCalled();
  });

  test('a file of 50 MB is refused by its size, without being read', async () => {
    const importModel = vi.fn<AppApi['importModel']>();
    own(importModel);
    await title();
    const file = new File(['{}'], 'model.safetensors');
    Object.defineProperty(file, 'size', { value: 50e6 });
    const read = vi.spyOn(file, 'text');
    await fireEvent.drop(screen.getByRole('group', { name: /a config\.json can be dropped here/ }), {
      dataTransfer: { files: [file] },
    });
    expect(await screen.findByText(/model\.safetensors has 50 MB; a config\.json has a few kB/)).toBeVisible();
    expect(read).not.toHaveBeenCalled();
    expect(importModel).not.toHaveBeenCalled();
  });

  test('a config that is refused says why; the screen stays', async () => {
    const message = 'num_key_value_heads is 6: it must divide 32.';
    own(() => Promise.resolve(failure({ family: 'file', code: 'config_invalid', message, details: {} })));
    await title();
    await fireEvent.change(screen.getByLabelText(/choose a/), { target: { files: [new File(['{}'], 'config.json')] } });
    expect(await screen.findByText(new RegExp(`config.json was not imported. ${message}`))).toBeVisible();
    expect(await title()).toBeVisible();
  });
});

describe('prices', () => {
  const now = new Date(2026, 10, 24);
  const dated = (...dates: [string, string][]) => ({
    ...CATALOG,
    instances: dates.map(([provider, priceAsOf]) => ({ ...CATALOG.instances[0]!, provider, priceAsOf })),
  });

  test('that are old name their cloud, date and age', () => {
    expect(oldPricesSentence(dated(['aws', '2026-07-20'], ['gcp', '2026-11-01']), now)).toBe(
      'AWS prices are from 20 Jul 2026, 127 days old.',
    );
    expect(oldPricesSentence(dated(['aws', '2026-07-20'], ['azure', '2026-07-20'], ['gcp', '2026-08-01']), now)).toBe(
      'AWS and Azure prices are from 20 Jul 2026, 127 days old. One more cloud has prices older than 90 days.',
    );
  });

  test('that only say their year are given no age in days', () => {
    expect(oldPricesSentence(dated(['nebius', '2025']), now)).toBe('Nebius prices are from 2025.');
  });

  test('of the last quarter are no news', () => {
    expect(oldPricesSentence(dated(['aws', '2026-08-26']), now)).toBe('');
    expect(oldPricesSentence(null, now)).toBe('');
  });
});
