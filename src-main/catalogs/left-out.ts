import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { leftOutFileSchema } from '../../src-worker/protocol/catalog-files.ts';
import type { LeftOutPrediction } from '../../src-worker/protocol/left-out.ts';
import { readCatalogFile } from './files.ts';

/** What was predicted of measurements while their group was left out of the fit of a bundled profile; null = not kept. */
export function leftOutOf(catalogsFolder: string, profile: string): LeftOutPrediction[] | null {
  const path = `left-out/${profile}.json`;
  if (!existsSync(join(catalogsFolder, path))) return null;
  const { columns, rows } = readCatalogFile(catalogsFolder, path, leftOutFileSchema).content;
  return rows.map(([pointId, metric, predicted, factor, novelty]) => ({
    point_id: pointId,
    metric: columns.metrics[metric] ?? 'tpot',
    predicted,
    factor,
    novelty: columns.novelties[novelty] ?? 'group_new',
  }));
}
