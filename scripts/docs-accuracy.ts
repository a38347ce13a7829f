import { join } from 'node:path';
import { bundledCatalogsFolder } from '../src-main/catalogs/load.ts';
import { measurementSources } from '../src-main/measurements/bundled.ts';
import { accuracyText } from './accuracy/accuracy-text.ts';
import { writeDocument } from './accuracy/markdown.ts';
import { accuracyOf, BUNDLED, calibrationOf, withService } from './accuracy/service.ts';

/**
 * `npm run docs:accuracy`: writes docs/accuracy.md. A profile is made anew from the measurements that ship with the program, as
 * the bundled one was; every point is then judged by a fit that had not seen its group.
 */
const REFIT = 'refit';

const folder = bundledCatalogsFolder();
const sources = measurementSources(folder);
const files = sources.map(({ source_id: id }) => join(folder, 'measurements', `${id}.csv`));
const text = await withService(async (service) => {
  const bundled = await accuracyOf(service, BUNDLED, files);
  const calibration = await calibrationOf(service, REFIT, null);
  const leftOut = await accuracyOf(service, REFIT, null);
  return accuracyText({ bundled: bundled.value, calibration, leftOut: leftOut.value, sources });
});
await writeDocument('docs/accuracy.md', text);
console.log('Written: docs/accuracy.md');
