import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerSize } from '../../src-worker/answers/size.ts';
import { familyOf } from '../../src-worker/engine/calibration/lookup.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
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

/** Whoever followed the recipe to the letter has it already. */
function copyWithoutX1(options = {}): string {
  const folder = copyOfCatalogs(options);
  edit(folder, 'gpus.json', (file) => {
    file.gpus = (file.gpus as { id: string }[]).filter(({ id }) => id !== 'nvidia-x1');
  });
  return folder;
}

function sized(question: object, facts: Facts): ReturnType<typeof answerSize> {
  const model = readBundledModel(bundledCatalogsFolder(), 'meta-llama/Llama-2-7b-hf') ?? expect.fail('not bundled');
  return answerSize(sizeInputSchema.parse({ model: model.id, users: 20, ...question }), model, facts);
}

describe('the recipes of catalogs/README.md work as they are printed', () => {
  test('a GPU: one entry, without an issue, and its answers say that they extrapolate from its chip’s family', () => {
    const folder = copyWithoutX1({ withConfigs: true });
    const before = checkCatalogs(folder);
    edit(folder, 'gpus.json', ({ gpus }) => gpus.push(gpu));
    expect(checkCatalogs(folder)).toEqual({ ...before, gpus: before.gpus + 1 });

    const facts = loadFacts(folder);
    const added = facts.gpus.find(({ id }) => id === 'nvidia-x1') ?? expect.fail('not loaded');
    expect(added).toMatchObject({ memoryBandwidthBytesPerS: 3e12 });
    const own = { gpuId: 'nvidia-x1', gpuCount: 1, name: 'x1-box' };
    const h100 = facts.instances.find(({ gpuId, gpuCount }) => gpuId === 'nvidia-h100-80gb' && gpuCount === 1);
    const asked = { ...facts, instances: [{ ...(h100 ?? expect.fail('no H100 alone')), ...own }] };
    const { recommendations } = sized({ gpu: ['x1'] }, asked);
    expect(recommendations[0]).toMatchObject({ instance: 'x1-box', gpu: 'nvidia-x1' });
    expect(recommendations[0]?.warnings.map(({ code }) => code)).toContain('extrapolated_gpu');
    const profile = facts.calibrations.find(({ name }) => name === 'default') ?? expect.fail('no profile');
    expect(familyOf(profile, added)).toMatchObject({ name: 'dc_hopper', isMeasured: false });
  });

  test('a family of its own, which then wins over its chip’s', () => {
    const folder = copyWithoutX1();
    edit(folder, 'gpus.json', ({ gpus }) => gpus.push(gpu));
    for (const profile of ['default', 'seed']) {
      edit(folder, `calibration/${profile}.json`, ({ families }) => Object.assign(families, family));
    }
    const { gpus, calibrations } = loadFacts(folder);
    const added = gpus.find(({ id }) => id === 'nvidia-x1') ?? expect.fail('not loaded');
    for (const profile of calibrations) expect(familyOf(profile, added).name, profile.name).toBe('x1');
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
    const { recommendations } = sized({ workload: 'summaries', provider: ['gcp'], gpu: ['nvidia-h100-80gb'] }, facts);
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
