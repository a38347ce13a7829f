import { beforeEach, describe, expect, test, vi } from 'vitest';
import { DraftKeeper } from '../../../src-renderer/state/draft-keeper.svelte.ts';
import { draftText, readDraft, type Draft } from '../../../src-renderer/state/draft-format.ts';
import { defaultFormValues } from '../../../src-renderer/state/form-reading.ts';
import { defaultSimulateValues } from '../../../src-renderer/state/simulate-form.ts';
import { defaultAxes, withoutAxis } from '../../../src-renderer/state/sweep-axes.ts';
import { failure, type Result } from '../../../src-worker/protocol/result.ts';
import type { AppApi } from '../../../src-worker/protocol/app-api.ts';
import { fakeApi } from '../fixtures/app.ts';

const DEFAULTS: Draft = {
  form: defaultFormValues(),
  axes: defaultAxes(),
  simulation: defaultSimulateValues(),
  screen: 'start',
  sizeView: 'answer',
  detailId: null,
  selectedId: null,
  view: {},
};
const EDITED: Draft = {
  form: {
    ...defaultFormValues(),
    model: 'mistralai/Mistral-7B-v0.1',
    texts: { ...defaultFormValues().texts, users: 'many' },
    quantization: ['fp8'],
    targets: { ttft_p95: '640' },
  },
  axes: {
    users: { kind: 'list', values: ['1..8*2', '100'] },
    quantization: { kind: 'list', values: ['fp16'] },
    gpu: { kind: 'all' },
    tp: { kind: 'list', values: ['1', '2'] },
    zone: { kind: 'list', values: ['us-east-1a'] },
    sla_ttft_p95_ms: { kind: 'list', values: ['200', 'soon'] },
  },
  simulation: {
    ...defaultSimulateValues(),
    model: 'a/b',
    loadKind: 'trace',
    traceName: 'day.csv',
    texts: { ...defaultSimulateValues().texts, rate: 'fast' },
    quantization: 'fp8',
  },
  screen: 'size',
  sizeView: 'detail',
  detailId: 'aws/g6e.xlarge/us-east-1/tp1pp1/fp8',
  selectedId: 'aws/g6e.xlarge/us-east-1/tp1pp1/fp8',
  view: { results: { sorting: [{ id: 'cost', desc: true }] } },
};
const EMPTY_OLDER = { users: [], quantization: [], zones: { kind: 'none' }, gpus: { kind: 'none' }, tp: [] };
const GONE = failure({ family: 'interrupted', code: 'connection_lost', message: 'Gone.', details: {} });

describe('what a draft holds', () => {
  test('comes back as it was, bad text included', () => {
    expect(readDraft(draftText(EDITED), DEFAULTS)).toEqual(EDITED);
  });

  test('keys that an older window did not write stand at their defaults', () => {
    const older = JSON.stringify({ version: 1, form: { model: 'a/b', texts: { users: '7' } }, screen: 'sweep' });
    const draft = readDraft(older, DEFAULTS);
    expect(draft?.form.texts).toEqual({ ...DEFAULTS.form.texts, users: '7' });
    expect(draft).toMatchObject({ screen: 'sweep', axes: DEFAULTS.axes, form: { model: 'a/b', headroom: 25 } });
  });

  test('users of a sweep that an older window kept as one text are the same users', () => {
    const older = JSON.stringify({ version: 1, axes: { usersText: '10, 50 1k', quantization: ['fp8'] } });
    expect(readDraft(older, DEFAULTS)?.axes).toEqual({
      users: { kind: 'list', values: ['10', '50', '1k'] },
      quantization: { kind: 'list', values: ['fp8'] },
    });
  });

  test('axes as windows before the menu of axes kept them are the same axes', () => {
    const older = JSON.stringify({
      version: 1,
      axes: {
        users: ['1..8*2', '100'],
        quantization: ['fp16'],
        zones: { kind: 'list', names: ['us-east-1a'] },
        gpus: { kind: 'all' },
        tp: ['1', '2'],
      },
    });
    const five = withoutAxis(EDITED.axes, 'sla_ttft_p95_ms');
    expect(readDraft(older, DEFAULTS)?.axes).toEqual(five);
    const held = JSON.stringify({ version: 1, axes: { ...EMPTY_OLDER, users: ['5'] } });
    expect(readDraft(held, DEFAULTS)?.axes).toEqual({ users: { kind: 'list', values: ['5'] } });
  });

  test('axes that were all taken out stay out', () => {
    expect(readDraft(draftText({ ...EDITED, axes: {} }), DEFAULTS)?.axes).toEqual({});
  });

  test.each([
    ['half a file', draftText(EDITED).slice(0, 200)],
    ['another version', JSON.stringify({ ...EDITED, version: 2 })],
    ['a number where text is kept', JSON.stringify({ version: 1, form: { texts: { users: 5 } } })],
    ['a precision there is none of', JSON.stringify({ version: 1, form: { quantization: ['fp3'] } })],
    ['a router there is none of', JSON.stringify({ version: 1, simulation: { router: 'best' } })],
    ['an arrival process there is none of', JSON.stringify({ version: 1, simulation: { arrival: 'steady' } })],
    ['a list of zones without names', JSON.stringify({ version: 1, axes: { zones: { kind: 'list' } } })],
    ['an axis there is none of', JSON.stringify({ version: 1, axes: { color: { kind: 'all' } } })],
    ['an axis of another kind', JSON.stringify({ version: 1, axes: { users: { kind: 'list', values: [5] } } })],
    ['a screen there is none of', JSON.stringify({ version: 1, screen: 'settings' })],
    ['no object', '[]'],
    ['nothing', ''],
  ])('is refused whole: %s', (_, text) => {
    expect(readDraft(text, DEFAULTS)).toBeNull();
  });
});

describe('keeping it', () => {
  let api: AppApi;
  let ask: <Value>(call: (to: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;
  let isGone: boolean;
  beforeEach(() => {
    vi.useFakeTimers();
    isGone = false;
    api = fakeApi({}, null);
    ask = (call) => (isGone ? Promise.resolve(GONE) : call(api));
    return () => vi.useRealTimers();
  });
  const stored = async (name = 'window/draft'): Promise<string | null> => {
    const note = await api.readNote(name);
    return note.ok ? note.value : null;
  };

  test('is written 300 ms after the last edit, once', async () => {
    const writeNote = vi.spyOn(api, 'writeNote');
    const keeper = new DraftKeeper(ask);
    keeper.keep(DEFAULTS);
    await vi.advanceTimersByTimeAsync(250);
    keeper.keep(EDITED);
    await vi.advanceTimersByTimeAsync(290);
    expect(writeNote).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(20);
    expect(writeNote).toHaveBeenCalledOnce();
    expect(await stored()).toBe(draftText(EDITED));
    expect(keeper.state).toBe('kept');
  });

  test('is written at once when the page goes', async () => {
    const keeper = new DraftKeeper(ask);
    keeper.keep(EDITED);
    await keeper.flush();
    expect(await stored()).toBe(draftText(EDITED));
  });

  test('is written when the host is back, with what was edited meanwhile', async () => {
    const keeper = new DraftKeeper(ask);
    isGone = true;
    keeper.keep(DEFAULTS);
    await vi.advanceTimersByTimeAsync(400);
    expect(keeper.state).toBe('waiting');
    expect(keeper.problem).toBe('Gone.');
    keeper.keep(EDITED);
    await vi.advanceTimersByTimeAsync(400);
    isGone = false;
    await keeper.flush();
    expect(await stored()).toBe(draftText(EDITED));
    expect(keeper).toMatchObject({ state: 'kept', problem: '' });
  });

  test('an edit during a write is written after it', async () => {
    const keeper = new DraftKeeper(ask);
    keeper.keep(DEFAULTS);
    const first = keeper.flush();
    keeper.keep(EDITED);
    await keeper.flush();
    await first;
    await vi.advanceTimersByTimeAsync(400);
    expect(await stored()).toBe(draftText(EDITED));
  });

  test('one that cannot be read is kept under another name, and that is said', async () => {
    await api.writeNote('window/draft', '{"version":1,"form":{"headroom":"much"}}');
    const found = await new DraftKeeper(ask).find(DEFAULTS);
    expect(found).toMatchObject({
      kind: 'damaged',
      sentence: expect.stringMatching(/could not be read.*kept under another name/) as string,
    });
    expect(await stored('window/draft-set-aside')).toBe('{"version":1,"form":{"headroom":"much"}}');
  });

  test('without a host it is not known whether there is one; with one there is none', async () => {
    isGone = true;
    expect(await new DraftKeeper(ask).find(DEFAULTS)).toEqual({ kind: 'unknown' });
    isGone = false;
    expect(await new DraftKeeper(ask).find(DEFAULTS)).toEqual({ kind: 'none' });
  });
});
