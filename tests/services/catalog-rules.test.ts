import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundledCatalogsFolder } from '../../src-main/catalogs/load.ts';
import type { CatalogFileDraft } from '../../src-worker/protocol/catalog-api.ts';
import type { CloudFile } from '../../src-worker/protocol/catalog-files.ts';
import { startService, temporaryFolder, valueOf } from './service.ts';

/** The bundled file of Lambda as somebody may hand it in, with one price changed. */
function lambdaWith(usdPerHour: number): CatalogFileDraft {
  const file = JSON.parse(readFileSync(join(bundledCatalogsFolder(), 'clouds/lambda.json'), 'utf8')) as CloudFile;
  const [offer] = file.instances.find(({ name }) => name === 'gpu_1x_gh200')?.offers ?? [];
  (offer ?? expect.fail('no GH200 at Lambda')).on_demand_usd_per_hour = usdPerHour;
  return { fileName: 'lambda.json', text: JSON.stringify(file), format: null, provider: null };
}

describe('rules over imports and corrections', () => {
  test('a preview says what is doubtful in a file, and nothing of what the bundled catalogs have', async () => {
    const { api } = startService(temporaryFolder());
    const notesOf = async (price: number) => valueOf(await api.previewCatalog(lambdaWith(price))).notes.join('\n');
    expect(await notesOf(2.4)).not.toMatch(/Doubtful|Cannot be right/);
    expect(await notesOf(0.9)).toContain('Doubtful: lambda/gpu_1x_gh200/global: on_demand_usd_per_hour is 0.9: ');
    // A month's price.
    expect(await notesOf(1671.7)).toContain('Cannot be right: lambda/gpu_1x_gh200/global: on_demand_usd_per_hour is ');
  });

  test('what is in force is checked: an import, then a correction over it', async () => {
    const service = startService(temporaryFolder());
    expect(service.checkCatalogLayers()).toEqual([]);
    valueOf(await service.api.importCatalog(lambdaWith(1671.7), false));
    expect(service.checkCatalogLayers()).toMatchObject([
      { rule: 'price-band', severity: 'error', entry: 'lambda/gpu_1x_gh200/global', value: 1671.7 },
    ]);
    const price = { subject: 'price', id: 'lambda/gpu_1x_gh200/global', key: 'on_demand_usd_per_hour' } as const;
    valueOf(await service.api.correctFact({ ...price, value: 2.29, note: 'per hour' }));
    expect(service.checkCatalogLayers()).toEqual([]);
    const bandwidth = { subject: 'gpu', id: 'nvidia-l4', key: 'memory_bandwidth_gb_per_s' } as const;
    valueOf(await service.api.correctFact({ ...bandwidth, value: 3000, note: '' }));
    expect(service.checkCatalogLayers()).toContainEqual(
      expect.objectContaining({ rule: 'memory-bandwidth', entry: 'nvidia-l4', field: bandwidth.key, value: 3000 }),
    );
  });
});
