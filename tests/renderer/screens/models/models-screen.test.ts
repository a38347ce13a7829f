import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../../../../src-renderer/App.svelte';
import { toasts } from '../../../../src-renderer/components/toasts.svelte.ts';
import type { AppApi } from '../../../../src-worker/protocol/app-api.ts';
import type { ModelDocument, ModelListEntry } from '../../../../src-worker/protocol/documents.ts';
import { failure, success, type Result } from '../../../../src-worker/protocol/result.ts';
import { draftOn, fakeApi, fakeHost, stubBrowser } from '../../fixtures/app.ts';
import { modelDocument, modelFits, MODELS } from '../../fixtures/documents.ts';

vi.mock('chart.js', () => import('../../fixtures/chart.ts'));

const [LLAMA, MISTRAL, DEEPSEEK] = MODELS as [ModelListEntry, ModelListEntry, ModelListEntry];
const MINE: ModelListEntry = {
  ...MISTRAL,
  id: 'me/mine',
  origin: 'imported',
  estimated: true,
  source: 'config.json',
  revision: null,
  added_at: '2026-01-05T09:00:00.000Z',
};

const table = () => screen.findByTestId('models-table');
const inspector = () => screen.getByTestId('model-inspector');
const nameOf = async (id: string | RegExp) => within(await table()).findByRole('rowheader', { name: id });
const names = async () =>
  within(await table())
    .queryAllByRole('rowheader')
    .map(({ textContent }) => textContent.trim());
const refused = (message: string) => failure({ family: 'file', code: 'refused', message, details: {} });

async function open(answers: Partial<AppApi> = {}) {
  const api = fakeApi({ listModels: () => Promise.resolve(success([...MODELS, MINE])), ...answers }, draftOn('models'));
  render(App, { connect: fakeHost(api).connect });
  await screen.findByTestId('models');
  return api;
}

async function choose(id: string): Promise<void> {
  await fireEvent.click(await nameOf(new RegExp(id)));
  await waitFor(() => expect(within(inspector()).getByRole('heading', { level: 2, name: id })).toBeVisible());
}

const configFile = (name: string) => new File(['{"model_type":"llama"}'], name, { type: 'application/json' });

const estimated = (id: string): ModelDocument => ({
  ...modelDocument(id),
  estimated: true,
  assumptions: ['Read as a plain decoder.'],
});

/** A store of models as the host keeps it: what is imported, removed and put back is listed so. */
function keptModels() {
  let stored = [MINE];
  let removed: ModelListEntry[] = [];
  const listModels: AppApi['listModels'] = () => Promise.resolve(success([...MODELS, ...stored]));
  const keep = (id: string): Result<ModelDocument> => {
    removed = [...removed, ...stored.filter((model) => model.id === id)];
    stored = [...stored.filter((model) => model.id !== id), { ...MINE, id }];
    return success(estimated(id));
  };
  const removeModel = vi.fn<AppApi['removeModel']>((id) => {
    removed = stored.filter((model) => model.id === id);
    stored = stored.filter((model) => model.id !== id);
    return Promise.resolve(success(null));
  });
  const restoreModel = vi.fn<AppApi['restoreModel']>((id) => {
    const back = removed.filter((model) => model.id === id);
    stored = [...stored.filter((model) => model.id !== id), ...back];
    return Promise.resolve(success(null));
  });
  const importModel = vi.fn<AppApi['importModel']>(({ id, fileName }) =>
    Promise.resolve(keep(id ?? fileName.replace(/\.json$/, '').replace('__', '/'))),
  );
  const pullModel = vi.fn<AppApi['pullModel']>(({ id }) => {
    const kept = keep(id);
    return Promise.resolve(kept.ok ? success({ model: kept.value, notes: [] }) : kept);
  });
  const showModel: AppApi['showModel'] = (id) =>
    Promise.resolve(success(id.startsWith('me/') ? estimated(id) : modelDocument(id)));
  return { showModel, listModels, removeModel, restoreModel, importModel, pullModel };
}

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
});
afterEach(() => {
  toasts.dismiss();
  vi.unstubAllGlobals();
});

describe('the list of models', () => {
  test('has every model with its figures, marks what is estimated or not supported, and counts', async () => {
    await open();
    await waitFor(async () => expect(await names()).toHaveLength(4));
    const row = (await nameOf(LLAMA.id)).closest('[role=row]');
    expect(row).toHaveTextContent(/8\.03.*8\.03.*GQA 32\/8.*128.*15\.0.*131,072.*Bundled/);
    expect(await nameOf(/me\/mine/)).toHaveTextContent('estimated');
    expect(await nameOf(/DeepSeek/)).toHaveTextContent('not supported');
    expect(screen.getByText('4 models, 3 bundled')).toBeVisible();
  });

  test('is searched by name, family and attention; where nothing is found there are ways on', async () => {
    await open();
    const search = await screen.findByRole('searchbox', { name: /Search models/ });
    await fireEvent.input(search, { target: { value: 'mistral' } });
    expect(await names()).toEqual([MISTRAL.id]);
    expect(screen.getByText('1 of 4 models')).toBeVisible();
    await fireEvent.input(search, { target: { value: 'nothing' } });
    expect(screen.getByText('No model matches.')).toBeVisible();
    await fireEvent.click(screen.getByRole('button', { name: 'Show all models' }));
    expect(await names()).toHaveLength(4);
    expect(search).toHaveValue('');
  });

  test('that cannot be read says why and tries again', async () => {
    let isThere = false;
    await open({
      listModels: () => Promise.resolve(isThere ? success(MODELS) : refused('models/index.json is damaged.')),
    });
    const list = screen.getByRole('region', { name: 'List of models' });
    expect(await within(list).findByText('models/index.json is damaged.')).toBeVisible();
    isThere = true;
    await fireEvent.click(within(list).getByRole('button', { name: 'Try again' }));
    expect(await nameOf(LLAMA.id)).toBeVisible();
  });

  test('without any model: what belongs here and how it comes', async () => {
    await open({ listModels: () => Promise.resolve(success([])) });
    expect(await screen.findByText(/There is none yet/)).toBeVisible();
    const list = screen.getByRole('region', { name: 'List of models' });
    await fireEvent.click(within(list).getByRole('button', { name: 'Import a model' }));
    expect(await screen.findByTestId('import-dialog')).toBeVisible();
  });
});

describe('the facts of a model', () => {
  test('begin with the model of the question', async () => {
    await open();
    expect(await within(inspector()).findByText('8,030,261,248')).toBeVisible();
    expect(within(inspector()).getByRole('heading', { level: 2 })).toHaveTextContent(LLAMA.id);
    expect(screen.getByTestId('model-origin')).toHaveTextContent(/Bundled from Hugging Face hub, revision 0e9e39f/);
    expect(within(inspector()).queryByRole('button', { name: 'Remove' })).toBeNull();
  });

  test('tell layers, KV cache and weights, with the format of the checkpoint', async () => {
    await open();
    const layers = await screen.findByTestId('layer-table');
    expect(layers).toHaveTextContent(/Layers 0–31.*GQA 32 query \/ 8 KV heads, dense.*218M.*4 KiB.*0\.503 GFLOP/);
    expect(screen.getByRole('region', { name: 'KV cache' })).toHaveTextContent(/Per token, 16-bit\s*128 KiB/);
    expect(screen.getByRole('region', { name: 'Weights by precision' })).toHaveTextContent(
      /FP16, as stored\s*14.96 GiB/,
    );
  });

  test('of a mixture of experts: what a token uses, and how kinds of layers take turns', async () => {
    const base = modelDocument('x');
    const moe = { ...base.layers[0]!, count: 1, ffn: 'MoE 4 of 32 experts', active_parameters: 60_000_000 };
    const layers = [moe, { ...moe, attention: 'GQA, window 128', window_tokens: 128 }, moe].map((layer, first) => ({
      ...layer,
      first,
    }));
    await open({ showModel: (id) => Promise.resolve(success({ ...modelDocument(id), layers })) });
    const shown = await screen.findByTestId('layer-table');
    expect(within(shown).getByRole('columnheader', { name: 'Active' })).toBeVisible();
    expect(shown).toHaveTextContent(/A: 2 layers.*60\.0M.*B: 1 layer/);
    expect(screen.getByText('In order: ABA.')).toBeVisible();
  });

  test('a model that is estimated says what was assumed; one that is not supported says why', async () => {
    await open({
      showModel: (id) =>
        Promise.resolve(success({ ...modelDocument(id), estimated: true, assumptions: ['Heads are plain.'] })),
    });
    await choose('me/mine');
    expect(await within(inspector()).findByText(/Heads are plain\./)).toBeVisible();
    expect(within(inspector()).getByText('Estimated.')).toBeVisible();
    await choose(DEEPSEEK.id);
    expect(within(inspector()).getByText(/multi-head latent attention is not supported yet/)).toBeVisible();
    expect(within(inspector()).getByRole('button', { name: 'Size this model' })).toBeDisabled();
    expect(within(inspector()).getByRole('button', { name: 'View config' })).toBeEnabled();
  });

  test('what the stored tensors say stands there where it is known', async () => {
    const safetensors = {
      elements_by_dtype: { BF16: 8_030_261_248 },
      stored_parameters: 8_030_261_248,
      counted_parameters: 8_030_261_248,
      difference_fraction: 0,
      sentence: 'The stored tensors hold exactly what was counted.',
    };
    await open({ showModel: (id) => Promise.resolve(success({ ...modelDocument(id), safetensors })) });
    expect(await screen.findByTestId('safetensors')).toHaveTextContent(/exactly what was counted.*BF16\s*8\.03B/);
  });

  test('the answer about a model that was left is passed over', async () => {
    const finish: Record<string, (result: Result<ModelDocument>) => void> = {};
    await open({ showModel: (id) => new Promise((resolve) => (finish[id] = resolve)) });
    await choose(MISTRAL.id);
    await choose('me/mine');
    finish['me/mine']?.(success({ ...modelDocument('me/mine'), num_layers: 77 }));
    expect(await within(inspector()).findByText('77')).toBeVisible();
    finish[MISTRAL.id]?.(success({ ...modelDocument(MISTRAL.id), num_layers: 66 }));
    await Promise.resolve();
    expect(within(inspector()).queryByText('66')).toBeNull();
  });

  test('that cannot be had are a sentence with a way to try again', async () => {
    let isThere = false;
    await open({
      showModel: (id) => Promise.resolve(isThere ? success(modelDocument(id)) : refused('The worker stopped.')),
    });
    expect(await within(inspector()).findByText(/The worker stopped\./)).toBeVisible();
    isThere = true;
    await fireEvent.click(within(inspector()).getByRole('button', { name: 'Try again' }));
    expect(await screen.findByTestId('layer-table')).toBeVisible();
  });
});

describe('what fits on which GPU', () => {
  const fits = () => screen.findByTestId('fits-table');

  test('lists the fewest GPUs with the requests they hold, and why others do not', async () => {
    await open();
    const rows = within(await fits())
      .getAllByRole('row')
      .slice(1);
    const cells = rows.map((row) => [...row.children].map(({ textContent }) => textContent.trim()));
    expect(cells).toEqual([
      ['L4', '1', '30,000', '7'],
      ['T4', '2', '60,000', '14'],
    ]);
    await fireEvent.click(within(inspector()).getByText('1 GPU does not serve it so'));
    expect(within(inspector()).getByText(/compute capability 7\.0; NVIDIA Tesla P4 has 6\.1/)).toBeVisible();
  });

  test('asks for the length that is typed; one beyond the context is a sentence and asks nothing', async () => {
    const asked = vi.fn<AppApi['modelFits']>(({ id, tokens }) =>
      Promise.resolve(success(modelFits(id, tokens ?? undefined))),
    );
    await open({ modelFits: asked });
    await fits();
    const field = screen.getByRole('textbox', { name: 'Tokens of one request' });
    await fireEvent.input(field, { target: { value: '32Ki' } });
    expect(await screen.findByText(/Requests of 32,768 tokens at once/)).toBeVisible();
    expect(asked).toHaveBeenLastCalledWith({ id: LLAMA.id, tokens: 32_768 });
    const calls = asked.mock.calls.length;
    await fireEvent.input(field, { target: { value: '200000' } });
    expect(field).toBeInvalid();
    expect(screen.getByText(/A request takes whole numbers from 1 to 131,072 tokens/)).toBeVisible();
    expect(asked).toHaveBeenCalledTimes(calls);
  });

  test('where none holds it, that is the answer', async () => {
    const nothing = modelFits(LLAMA.id);
    const gpus = nothing.gpus.map((gpu) => ({ ...gpu, fits: [], sentence: 'Too small.' }));
    await open({ modelFits: () => Promise.resolve(success({ ...nothing, gpus })) });
    expect(await screen.findByText('No GPU of the catalog holds it, not even 8 of them.')).toBeVisible();
  });

  test('a failure is a sentence with a way to try again', async () => {
    const asked = vi.fn<AppApi['modelFits']>(() => Promise.resolve(refused('The catalogs are gone.')));
    await open({ modelFits: asked });
    expect(await screen.findByText('The catalogs are gone.')).toBeVisible();
    const calls = asked.mock.calls.length;
    await fireEvent.click(within(inspector()).getByRole('button', { name: 'Try again' }));
    expect(asked).toHaveBeenCalledTimes(calls + 1);
  });
});

describe('what can be done with a model', () => {
  test('it is sized: the question has it, and undo brings the other back', async () => {
    await open();
    await choose(MISTRAL.id);
    await fireEvent.click(within(inspector()).getByRole('button', { name: 'Size this model' }));
    expect(screen.getByRole('button', { name: 'Size' })).toHaveAttribute('aria-current', 'page');
    const model = await screen.findByRole('combobox', { name: 'Model' });
    expect(model).toHaveValue(MISTRAL.id);
    await fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
    expect(model).toHaveValue(LLAMA.id);
  });

  test('its config is shown and copied whole', async () => {
    const writeText = vi.fn<(text: string) => Promise<void>>(() => Promise.resolve());
    vi.stubGlobal('navigator', Object.assign(navigator, { clipboard: { writeText } }));
    const text = `{\n  "model_type": "llama",\n  "padding": "${'x'.repeat(120_000)}"\n}`;
    await open({ readModelConfig: () => Promise.resolve(success(text)) });
    await choose(MISTRAL.id);
    await fireEvent.click(within(inspector()).getByRole('button', { name: 'View config' }));
    const dialog = await screen.findByTestId('config-dialog');
    expect(within(dialog).getByRole('heading', { name: `config.json of ${MISTRAL.id}` })).toBeVisible();
    expect(await within(dialog).findByText(/"model_type": "llama"/)).toBeVisible();
    expect(within(dialog).getByText(/more characters are not shown/)).toBeVisible();
    await fireEvent.click(within(dialog).getByRole('button', { name: 'Copy config.json' }));
    expect(writeText).toHaveBeenCalledExactlyOnceWith(text);
    expect(await within(dialog).findByText('Copied')).toBeVisible();
  });

  test('an imported one is removed and comes back by Undo', async () => {
    const kept = keptModels();
    await open(kept);
    await choose('me/mine');
    await fireEvent.click(within(inspector()).getByRole('button', { name: 'Remove' }));
    await waitFor(async () => expect(await names()).toHaveLength(3));
    expect(kept.removeModel).toHaveBeenCalledExactlyOnceWith('me/mine');
    const toast = await screen.findByTestId('toast');
    expect(toast).toHaveTextContent('Removed me/mine.');
    await fireEvent.click(within(toast).getByRole('button', { name: /Undo/ }));
    expect(kept.restoreModel).toHaveBeenCalledExactlyOnceWith('me/mine');
    await waitFor(() => expect(within(inspector()).getByRole('heading', { level: 2 })).toHaveTextContent('me/mine'));
  });

  test('a removal that is refused leaves it there and says why', async () => {
    await open({ removeModel: () => Promise.resolve(refused('The database is locked.')) });
    await choose('me/mine');
    await fireEvent.click(within(inspector()).getByRole('button', { name: 'Remove' }));
    expect(await screen.findByText('me/mine was not removed. The database is locked.')).toBeVisible();
    expect(await names()).toHaveLength(4);
  });
});

describe('adding a model', () => {
  test('a config dropped anywhere is imported, shown whatever was searched for, and can be taken back', async () => {
    const kept = keptModels();
    await open(kept);
    await fireEvent.input(screen.getByRole('searchbox', { name: /Search/ }), { target: { value: 'mistral' } });
    await fireEvent.drop(inspector(), { dataTransfer: { files: [configFile('me__new.json')] } });
    await waitFor(() => expect(within(inspector()).getByRole('heading', { level: 2 })).toHaveTextContent('me/new'));
    expect(await within(inspector()).findByText('Estimated.')).toBeVisible();
    expect(screen.getByTestId('toast')).toHaveTextContent('Imported me/new.');
    expect(await names()).toHaveLength(5);
    await fireEvent.keyDown(document.body, { key: 'z', ctrlKey: true });
    await waitFor(() => expect(kept.removeModel).toHaveBeenCalledExactlyOnceWith('me/new'));
    await waitFor(async () => expect(await names()).toHaveLength(4));
  });

  test('one that takes the place of another says so, and Undo brings the other back', async () => {
    const kept = keptModels();
    await open(kept);
    await fireEvent.drop(inspector(), { dataTransfer: { files: [configFile('me__mine.json')] } });
    const toast = await screen.findByTestId('toast');
    expect(toast).toHaveTextContent('Imported me/mine in place of the one before.');
    await fireEvent.click(within(toast).getByRole('button', { name: /Undo/ }));
    expect(kept.restoreModel).toHaveBeenCalledExactlyOnceWith('me/mine');
    expect(kept.removeModel).not.toHaveBeenCalled();
  });

  test('a config that is refused leaves everything as it was, with the sentence', async () => {
    await open({ importModel: () => Promise.resolve(refused('hidden_size is missing.')) });
    await fireEvent.drop(inspector(), { dataTransfer: { files: [configFile('broken.json')] } });
    expect(await screen.findByText(/broken\.json was not imported\. hidden_size is missing\./)).toBeVisible();
    expect(await names()).toHaveLength(4);
  });

  test('the dialog takes a text under a name of one’s own', async () => {
    const kept = keptModels();
    await open(kept);
    await fireEvent.click(screen.getByRole('button', { name: 'Import a model' }));
    const dialog = await screen.findByTestId('import-dialog');
    expect(within(dialog).getByRole('button', { name: 'Import the text' })).toBeDisabled();
    await fireEvent.input(within(dialog).getByLabelText('Name'), { target: { value: ' me/named ' } });
    await fireEvent.input(within(dialog).getByLabelText('or its text'), {
      target: { value: '{"model_type":"llama"}' },
    });
    await fireEvent.click(within(dialog).getByRole('button', { name: 'Import the text' }));
    await waitFor(() => expect(screen.queryByTestId('import-dialog')).toBeNull());
    expect(kept.importModel).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ id: 'me/named', text: '{"model_type":"llama"}' }),
    );
    await waitFor(() => expect(within(inspector()).getByRole('heading', { level: 2 })).toHaveTextContent('me/named'));
  });

  test('the dialog stays with what was typed where it is refused', async () => {
    await open({ importModel: () => Promise.resolve(refused('It is not JSON.')) });
    await fireEvent.click(screen.getByRole('button', { name: 'Import a model' }));
    const dialog = await screen.findByTestId('import-dialog');
    await fireEvent.input(within(dialog).getByLabelText('or its text'), { target: { value: '{' } });
    await fireEvent.click(within(dialog).getByRole('button', { name: 'Import the text' }));
    expect(await within(dialog).findByText(/It is not JSON\./)).toBeVisible();
    expect(within(dialog).getByLabelText('or its text')).toHaveValue('{');
  });

  test('one is pulled from the hub with its revision', async () => {
    const kept = keptModels();
    await open(kept);
    await fireEvent.click(screen.getByRole('button', { name: 'Pull from the hub' }));
    const dialog = await screen.findByTestId('pull-dialog');
    expect(dialog).toHaveTextContent('This uses the network');
    await fireEvent.input(within(dialog).getByLabelText('Model'), { target: { value: 'owner/pulled' } });
    await fireEvent.input(within(dialog).getByLabelText('Revision'), { target: { value: 'v2' } });
    await fireEvent.click(within(dialog).getByRole('button', { name: 'Pull' }));
    await waitFor(() => expect(screen.queryByTestId('pull-dialog')).toBeNull());
    expect(kept.pullModel).toHaveBeenCalledExactlyOnceWith({
      id: 'owner/pulled',
      revision: 'v2',
      taskId: expect.any(String) as string,
    });
    expect(screen.getByTestId('toast')).toHaveTextContent('Pulled owner/pulled.');
    expect(within(inspector()).getByRole('heading', { level: 2 })).toHaveTextContent('owner/pulled');
  });

  test('a pull that fails says why, in the dialog, and asks for the newest where no revision is given', async () => {
    const pullModel = vi.fn<AppApi['pullModel']>(() => Promise.resolve(refused('The hub has no such model.')));
    await open({ pullModel });
    await fireEvent.click(screen.getByRole('button', { name: 'Pull from the hub' }));
    const dialog = await screen.findByTestId('pull-dialog');
    await fireEvent.input(within(dialog).getByLabelText('Model'), { target: { value: 'owner/none' } });
    await fireEvent.click(within(dialog).getByRole('button', { name: 'Pull' }));
    expect(await within(dialog).findByText(/The hub has no such model\./)).toBeVisible();
    expect(pullModel).toHaveBeenCalledExactlyOnceWith({
      id: 'owner/none',
      revision: null,
      taskId: expect.any(String) as string,
    });
    expect(within(dialog).getByLabelText('Model')).toHaveValue('owner/none');
  });
});

describe('keys', () => {
  test('7 opens the screen, the slash leads to the search, J to the next model and S to its sizing', async () => {
    await open();
    await fireEvent.keyDown(document.body, { key: '1' });
    expect(screen.queryByTestId('models')).toBeNull();
    await fireEvent.keyDown(document.body, { key: '7' });
    expect(screen.getByRole('button', { name: 'Models' })).toHaveAttribute('aria-current', 'page');
    await table();
    await fireEvent.keyDown(document.body, { key: '/' });
    expect(screen.getByRole('searchbox', { name: /Search models/ })).toHaveFocus();
    await fireEvent.keyDown(document.body, { key: 'j' });
    await waitFor(() => expect(within(inspector()).getByRole('heading', { level: 2 })).toHaveTextContent(MISTRAL.id));
    await fireEvent.keyDown(document.body, { key: 's' });
    expect(await screen.findByRole('combobox', { name: 'Model' })).toHaveValue(MISTRAL.id);
  });

  test('the search leads on: its first match is shown, down to the rows, Enter to the facts of the only one', async () => {
    await open();
    const search = await screen.findByRole('searchbox', { name: /Search models/ });
    const heading = () => within(inspector()).getByRole('heading', { level: 2 });
    await fireEvent.input(search, { target: { value: 'mistral' } });
    await waitFor(() => expect(heading()).toHaveTextContent(MISTRAL.id));
    await fireEvent.keyDown(search, { key: 'ArrowDown' });
    await waitFor(async () => expect(await nameOf(MISTRAL.id)).toHaveFocus());
    await fireEvent.keyDown(search, { key: 'Enter' });
    await waitFor(() => expect(heading()).toHaveFocus());
  });

  test('Enter goes from a row to its facts, Escape back', async () => {
    await open();
    const name = await nameOf(MISTRAL.id);
    await fireEvent.keyDown(name, { key: 'Enter' });
    const heading = () => within(inspector()).getByRole('heading', { level: 2 });
    await waitFor(() => expect(heading()).toHaveFocus());
    expect(heading()).toHaveTextContent(MISTRAL.id);
    await fireEvent.keyDown(heading(), { key: 'Escape' });
    expect(name).toHaveFocus();
  });

  test('the palette imports and pulls from wherever one is', async () => {
    await open();
    await fireEvent.keyDown(document.body, { key: '2' });
    await fireEvent.keyDown(document.body, { key: 'k', ctrlKey: true });
    const palette = await screen.findByTestId('palette');
    await fireEvent.input(within(palette).getByRole('combobox'), { target: { value: '>pull' } });
    await fireEvent.click(within(palette).getByRole('option', { name: /Pull a model from the hub/ }));
    expect(await screen.findByTestId('pull-dialog')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Models', hidden: true })).toHaveAttribute('aria-current', 'page');
  });
});

test('what was searched and chosen is there in the next window', async () => {
  const api = await open();
  await fireEvent.input(await screen.findByRole('searchbox', { name: /Search/ }), { target: { value: 'mistral' } });
  await choose(MISTRAL.id);
  await fireEvent(window, new Event('pagehide'));
  const draft = await api.readNote('window/draft');
  expect(draft).toMatchObject({ ok: true });
  const { view } = JSON.parse((draft as { value: string }).value) as { view: Record<string, unknown> };
  expect(view['models.shown']).toMatchObject({ search: 'mistral', chosen: MISTRAL.id });
});
