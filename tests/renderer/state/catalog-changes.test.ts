import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { toasts } from '../../../src-renderer/components/toasts.svelte.ts';
import { whileShown } from '../../../src-renderer/platform/while-shown.ts';
import { CatalogShelf } from '../../../src-renderer/state/catalog-shelf.svelte.ts';
import { PlanDetail } from '../../../src-renderer/state/plan-detail.svelte.ts';
import { Session } from '../../../src-renderer/state/session.svelte.ts';
import { SolvedExamples } from '../../../src-renderer/state/solved-examples.svelte.ts';
import { Workspace } from '../../../src-renderer/state/workspace.svelte.ts';
import type { AppApi } from '../../../src-worker/protocol/app-api.ts';
import type { FactCorrectionDraft } from '../../../src-worker/protocol/catalog-api.ts';
import { failure, success } from '../../../src-worker/protocol/result.ts';
import { CATALOG, fakeApi, fakeHost, INFO } from '../fixtures/app.ts';
import { keptCatalogs } from '../fixtures/catalogs.ts';
import { MODELS, sizeDocument } from '../fixtures/documents.ts';

const DRAFT: FactCorrectionDraft = {
  ...{ subject: 'price', id: 'aws/g6e.xlarge/us-east-1', key: 'on_demand_usd_per_hour', value: 1.5, note: '' },
};
const refused = (message: string) => failure({ family: 'file', code: 'refused', message, details: {} });

async function opened(answers: Partial<AppApi> = {}) {
  const session = new Session(fakeHost(fakeApi({ ...keptCatalogs(), ...answers })).connect);
  await session.start();
  return { session, shelf: new CatalogShelf(session) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  toasts.dismiss();
  vi.useRealTimers();
});

describe('once the catalogs change', () => {
  test('the lists of forms and the dates of prices are read anew', async () => {
    const listCatalog = vi.fn<AppApi['listCatalog']>(() => Promise.resolve(success(CATALOG)));
    const priceDates = { oldest: '2026-11-28', newest: '2026-11-28' };
    const info = vi.fn<AppApi['info']>(() => Promise.resolve(success(INFO)));
    const { session, shelf } = await opened({ listCatalog, info });
    expect(session.catalogRevision).toBe(0);
    info.mockResolvedValue(success({ ...INFO, priceDates }));
    listCatalog.mockResolvedValue(success({ ...CATALOG, providers: [{ id: 'lab', name: 'Lab', hasZones: false }] }));
    expect(await shelf.correct(DRAFT, 'It', null)).toBe('');
    expect(session.catalogRevision).toBe(1);
    expect(session.info?.priceDates).toEqual(priceDates);
    expect(session.catalog?.providers.map(({ id }) => id)).toEqual(['lab']);
    expect(shelf.ownEntries).toBe(1);
  });

  test('a refusal changes nothing and asks nothing anew', async () => {
    const { session, shelf } = await opened({ correctFact: () => Promise.resolve(refused('Too high.')) });
    expect(await shelf.correct(DRAFT, 'It', null)).toBe('Too high.');
    expect(session.catalogRevision).toBe(0);
    expect(toasts.current).toBeNull();
  });

  test('a correction of a correction is taken back to the one before', async () => {
    const kept = keptCatalogs();
    const { shelf } = await opened(kept);
    await shelf.correct(DRAFT, 'It', null);
    await shelf.correct({ ...DRAFT, value: 1.2 }, 'It', DRAFT);
    toasts.undo();
    await vi.waitFor(() => expect(kept.correctFact).toHaveBeenLastCalledWith(DRAFT));
    expect(kept.restoreFact).not.toHaveBeenCalled();
  });

  test('an answer to a slower question about the catalogs is passed over', async () => {
    const kept = keptCatalogs();
    const late = Promise.withResolvers<Awaited<ReturnType<AppApi['browseCatalog']>>>();
    const browseCatalog = vi.fn<AppApi['browseCatalog']>(kept.browseCatalog).mockReturnValueOnce(late.promise);
    const { shelf } = await opened({ browseCatalog });
    const first = shelf.load();
    await shelf.load();
    expect(shelf.book).not.toBeNull();
    late.resolve(refused('Too late.'));
    await first;
    expect(shelf.problem).toBe('');
  });

  test('a saved answer is no longer the answer on screen', async () => {
    const workspace = new Workspace(fakeHost(fakeApi(keptCatalogs())).connect);
    await workspace.session.start();
    await workspace.restore();
    await workspace.saveAnswer();
    expect(workspace.savedRun?.id).toBe(7);
    await workspace.catalogs.correct(DRAFT, 'It', null);
    expect(workspace.savedRun).toBeNull();
  });

  test('examples are solved anew, and stand as they were meanwhile', async () => {
    const size = vi.fn<AppApi['size']>(() => Promise.resolve(success(sizeDocument())));
    const examples = new SolvedExamples((call) => call(fakeApi({ size })));
    await examples.solve(MODELS, 0);
    await examples.solve(MODELS, 0);
    expect(size).toHaveBeenCalledTimes(1);
    const solving = examples.solve(MODELS, 1);
    expect(examples.solutions['chat']?.kind).toBe('solved');
    await solving;
    expect(size).toHaveBeenCalledTimes(2);
  });

  test('the detail of a configuration is asked anew', async () => {
    const detail = vi.fn<AppApi['detail']>(() => Promise.resolve(refused('Not prepared.')));
    const plan = new PlanDetail((call) => call(fakeApi({ detail })));
    await plan.request({ model: 'm' }, 'a', 0);
    await plan.request({ model: 'm' }, 'a', 1);
    expect(detail).toHaveBeenCalledTimes(2);
  });
});

describe('catalogs that are changed elsewhere', () => {
  /** A host whose count of changes somebody else moves on. */
  async function watched(answers: Partial<AppApi> = {}) {
    let revision = 5;
    const catalogRevision = vi.fn<AppApi['catalogRevision']>(() => Promise.resolve(success(revision)));
    const browseCatalog = vi.fn<AppApi['browseCatalog']>(keptCatalogs().browseCatalog);
    const { session, shelf } = await opened({ catalogRevision, browseCatalog, ...answers });
    return { session, shelf, browseCatalog, moveOn: () => (revision += 1) };
  }

  test('are read anew, and every question is another one', async () => {
    const { session, shelf, browseCatalog, moveOn } = await watched();
    expect(await shelf.follow()).toBe(false);
    expect(await shelf.follow()).toBe(false);
    expect(browseCatalog).not.toHaveBeenCalled();
    moveOn();
    expect(await shelf.follow()).toBe(true);
    expect(browseCatalog).toHaveBeenCalledOnce();
    expect(session.catalogRevision).toBe(1);
    expect(await shelf.follow()).toBe(false);
  });

  test('are told from changes of this window', async () => {
    let moveOn = (): number => 0;
    const kept = keptCatalogs();
    const correctFact: AppApi['correctFact'] = (draft) => {
      moveOn();
      return kept.correctFact(draft);
    };
    const window = await watched({ ...kept, correctFact });
    moveOn = window.moveOn;
    await window.shelf.follow();
    const [, wasElsewhere] = await Promise.all([window.shelf.correct(DRAFT, 'It', null), window.shelf.follow()]);
    expect(wasElsewhere).toBe(false);
    expect(await window.shelf.follow()).toBe(false);
    expect(window.session.catalogRevision).toBe(1);
  });

  test('are no news of a host that counts from the start', async () => {
    const { shelf, moveOn } = await watched();
    await shelf.follow();
    shelf.forgetHost();
    moveOn();
    expect(await shelf.follow()).toBe(false);
  });
});

test('somebody who looks at a window looks again when the focus comes back, and every few seconds', () => {
  const look = vi.fn();
  const stop = whileShown(3000, look);
  expect(look).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(3000);
  window.dispatchEvent(new Event('focus'));
  expect(look).toHaveBeenCalledTimes(3);
  const hidden = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  vi.advanceTimersByTime(9000);
  expect(look).toHaveBeenCalledTimes(3);
  hidden.mockRestore();
  stop();
  vi.advanceTimersByTime(9000);
  window.dispatchEvent(new Event('focus'));
  expect(look).toHaveBeenCalledTimes(3);
});
