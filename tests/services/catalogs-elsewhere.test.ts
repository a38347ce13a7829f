import { expect, test } from 'vitest';
import { databaseFile } from '../../src-main/services/data-folder.ts';
import { bundledCatalogsFolder, loadBundled } from '../../src-main/catalogs/load.ts';
import { openStore } from '../../src-main/store/open.ts';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

// Two programs with one database: a window, and the command line beside it.

const LAB = {
  fileName: 'lab.json',
  text: JSON.stringify({
    metadata: { provider: 'lab', last_updated: '2026-11-01' },
    vm_instances: [
      {
        name: 'bench-l40s',
        gpus: [{ type: 'nvidia-l40s', count: 1 }],
        ondemand_price_usd: 0.9,
        available_zones: ['a'],
      },
    ],
  }),
  format: null,
  provider: null,
};
const PRICE = { subject: 'price', id: 'aws/g6e.xlarge/us-east-1', key: 'on_demand_usd_per_hour' } as const;

function startBoth() {
  const folder = temporaryFolder();
  return { folder, window: startService(folder, { host: 'browser' }).api, command: startService(folder).api };
}

test('an import, a correction and their removal by another program are in force once they are looked for', async () => {
  const { window, command } = startBoth();
  const revision = async () => valueOf(await window.catalogRevision());
  const clouds = async () => valueOf(await window.listCatalog()).providers.map(({ id }) => id);
  const price = async () =>
    valueOf(await window.browseCatalog()).prices.find(({ id }) => id === PRICE.id)?.onDemandUsdPerHour;
  expect(await revision()).toBe(0);
  const before = await price();

  const { id } = valueOf(await command.importCatalog(LAB, false));
  expect(await revision()).toBe(1);
  expect(await clouds()).toContain('lab');
  expect(valueOf(await window.browseCatalog()).imports.map((entry) => entry.id)).toEqual([id]);

  valueOf(await command.correctFact({ ...PRICE, value: 1.5, note: 'contract' }));
  expect(await revision()).toBe(2);
  expect(await price()).toBe(1.5);

  valueOf(await command.restoreFact(PRICE.subject, PRICE.id, null));
  valueOf(await command.removeCatalogImport(id));
  expect(await revision()).toBe(3);
  expect(await price()).toBe(before);
  expect(await clouds()).not.toContain('lab');
  expect(await revision()).toBe(3);
});

test('answers are given with what another program changed', async () => {
  const { window, command } = startBoth();
  const request = { model: 'meta-llama/Llama-3.1-8B-Instruct', users: 10, provider: ['aws'], gpu: ['nvidia-l40s'] };
  valueOf(await command.correctFact({ ...PRICE, value: 1.5, note: '' }));
  expect(valueOf(await window.catalogRevision())).toBe(1);
  const [cheapest] = valueOf(await window.size(request)).recommendations;
  expect(cheapest?.cost.usd_per_hour_instance).toBe(1.5);
});

test('what it writes otherwise, and what oneself changes, is counted once or not at all', async () => {
  const { folder, window, command } = startBoth();
  const revision = async () => valueOf(await window.catalogRevision());
  valueOf(await command.writeNote('window/draft', 'a note'));
  expect(await revision()).toBe(0);
  valueOf(await window.correctFact({ ...PRICE, value: 1.4, note: '' }));
  expect(await revision()).toBe(1);
  valueOf(await command.writeNote('window/draft', 'another'));
  expect(await revision()).toBe(1);
  const { store } = openStore(databaseFile(folder));
  const seen = store.dataVersion();
  valueOf(await window.writeNote('window/draft', 'mine'));
  expect(store.dataVersion()).not.toBe(seen);
  store.close();
});

/** A GPU of one's own, as a file. */
function ownGpuFile() {
  const [first] = loadBundled(bundledCatalogsFolder()).layers.flatMap(({ content }) => content.gpus);
  const gpu = { ...first?.facts, id: 'nvidia-x1', name: 'NVIDIA X1', aliases: [] };
  return { ...LAB, fileName: 'x1.json', text: JSON.stringify({ schema_version: 1, gpus: [gpu] }) };
}
const OWN_TDP = { subject: 'gpu', id: 'nvidia-x1', key: 'tdp_watts', note: '' } as const;

test('what is changed here is checked against what another program made of the catalogs', async () => {
  const { window, command } = startBoth();
  const { id } = valueOf(await command.importCatalog(ownGpuFile(), false));
  expect(errorOf(await window.importCatalog(ownGpuFile(), false))).toMatchObject({ code: 'catalog_kept_already' });
  valueOf(await command.removeCatalogImport(id));
  expect(errorOf(await window.correctFact({ ...OWN_TDP, value: 300 }))).toMatchObject({ code: 'unknown_entry' });
});

test('questions and lists are answered from what another program made of the catalogs', async () => {
  const { window, command } = startBoth();
  valueOf(await command.correctFact({ ...PRICE, value: 1.5, note: '' }));
  const request = { model: 'meta-llama/Llama-3.1-8B-Instruct', users: 10, provider: ['aws'], gpu: ['nvidia-l40s'] };
  expect(valueOf(await window.size(request)).recommendations[0]?.cost.usd_per_hour_instance).toBe(1.5);
  valueOf(await command.importCatalog(LAB, false));
  expect(valueOf(await window.listCatalog()).providers.map((one) => one.id)).toContain('lab');
});

test('a correction of a GPU that went with its import is told until it is taken back, and changes no version', async () => {
  const { command } = startBoth();
  const info = async () => valueOf(await command.info());
  const bundled = (await info()).versions.catalog;
  const { id } = valueOf(await command.importCatalog(ownGpuFile(), false));
  valueOf(await command.correctFact({ ...OWN_TDP, value: 300 }));
  expect((await info()).notices).toEqual([]);
  valueOf(await command.removeCatalogImport(id));
  expect((await info()).notices).toEqual([
    'Your correction of nvidia-x1 is not in force: no catalog has that entry now. Import its file again, or take it back: configiq catalog restore nvidia-x1 tdp_watts',
  ]);
  expect((await info()).versions.catalog).toBe(bundled);
  valueOf(await command.restoreFact('gpu', 'nvidia-x1', 'tdp_watts'));
  expect((await info()).notices).toEqual([]);
});
