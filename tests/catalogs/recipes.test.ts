import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerSize } from '../../src-worker/answers/size.ts';
import { sizeInputSchema } from '../../src-worker/protocol/requests.ts';
import { checkCatalogs } from '../../src-main/catalogs/check.ts';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { copyOfCatalogs } from './folder.ts';
import { instanceIn, over, read } from './formats/reading.ts';

/** The examples of catalogs/README.md, in its order. */
const [gpu, family, instance, provider, workload] = [
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

  test('a family of its own, without which the check reports the GPU', () => {
    const folder = copyOfCatalogs({ withConfigs: true });
    edit(folder, 'gpus.json', ({ gpus }) => gpus.push(gpu));
    expect(checkCatalogs(folder).problems).toEqual([expect.stringContaining('"nvidia-x1"')]);
    for (const profile of ['default', 'seed']) {
      edit(folder, `calibration/${profile}.json`, ({ families }) => Object.assign(families, family));
    }
    expect(checkCatalogs(folder).problems).toEqual([]);
    for (const { families } of loadFacts(folder).calibrations) expect(families['x1']?.gpuIds).toEqual(['nvidia-x1']);
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
    const facts = loadFacts(folder);
    expect(facts.workloads.map(({ name }) => name)).toContain('summaries');
    const model = readBundledModel(bundledCatalogsFolder(), 'meta-llama/Llama-2-7b-hf') ?? expect.fail('not bundled');
    const question = {
      model: model.id,
      workload: 'summaries',
      users: 20,
      provider: ['gcp'],
      gpu: ['nvidia-h100-80gb'],
    };
    const { recommendations } = answerSize(sizeInputSchema.parse(question), model, facts);
    expect(recommendations.some(({ meets_sla }) => meets_sla)).toBe(true);
  });
});

describe('the recipes of CONTRIBUTING.md work as they are printed', () => {
  const [provider = ''] = [
    ...readFileSync(join(bundledCatalogsFolder(), '../CONTRIBUTING.md'), 'utf8').matchAll(/```json\r?\n([\s\S]*?)```/g),
  ].map(([, text = '']) => text);

  test('a provider from a file, in the form of the seed', () => {
    const found = read(provider);
    expect(found).toMatchObject({ format: 'seed', problems: [] });
    expect(instanceIn(over(found), 'aws', 'p4d.24xlarge')).toMatchObject({
      layer: 'file',
      offers: [{ facts: { region: 'us-east-1', on_demand_usd_per_hour: 21.96, zones: ['us-east-1a'] } }],
    });
  });

  test('a GPU from a file, with the entry of catalogs/README.md', () => {
    const found = read({ schema_version: 1, gpus: [gpu] });
    expect(found).toMatchObject({ format: 'configiq', problems: [] });
    expect(over(found).gpus.at(-1)).toMatchObject({ layer: 'file', facts: { id: 'nvidia-x1' } });
  });
});
