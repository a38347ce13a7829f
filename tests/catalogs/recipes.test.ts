import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { copyOfCatalogs } from './folder.ts';

/** The examples of catalogs/README.md, in its order. */
const [gpu, instance, provider, workload] = [
  ...readFileSync(join(bundledCatalogsFolder(), 'README.md'), 'utf8').matchAll(/```json\r?\n([\s\S]*?)```/g),
].map(([, text = '']): unknown => JSON.parse(text));

interface Lists {
  gpus: unknown[];
  instances: unknown[];
  families: Record<string, { gpuIds: string[] }>;
}

function edit(folder: string, path: string, change: (file: Lists) => void): void {
  const file = JSON.parse(readFileSync(join(folder, path), 'utf8')) as Lists;
  change(file);
  writeFileSync(join(folder, path), JSON.stringify(file));
}

describe('the recipes of catalogs/README.md work as they are printed', () => {
  test('a GPU', () => {
    const folder = copyOfCatalogs();
    edit(folder, 'gpus.json', ({ gpus }) => gpus.push(gpu));
    edit(folder, 'calibration/default.json', ({ families }) => families['dc_hopper']?.gpuIds.push('nvidia-x1'));
    edit(folder, 'calibration/seed.json', ({ families }) => families['all']?.gpuIds.push('nvidia-x1'));
    expect(loadFacts(folder).gpus.at(-1)).toMatchObject({ id: 'nvidia-x1', memoryBandwidthBytesPerS: 3e12 });
  });

  test('an instance', () => {
    const folder = copyOfCatalogs();
    edit(folder, 'clouds/gcp.json', ({ instances }) => instances.push(instance));
    const added = loadFacts(folder).instances.find(({ name }) => name === 'x1-standard-8');
    expect(added?.offers).toMatchObject([{ region: 'us-central1', onDemandUsdPerHour: 0.9, spotUsdPerHour: null }]);
  });

  test('a provider', () => {
    const folder = copyOfCatalogs();
    writeFileSync(join(folder, 'clouds/mycloud.json'), JSON.stringify(provider));
    expect(loadFacts(folder).providers).toContainEqual({ id: 'mycloud', name: 'My Cloud', hasZones: false });
  });

  test('a workload', () => {
    const folder = copyOfCatalogs();
    writeFileSync(join(folder, 'workloads/mine.json'), JSON.stringify({ schema_version: 1, workloads: [workload] }));
    expect(loadFacts(folder).workloads.map(({ name }) => name)).toContain('summaries');
  });
});
