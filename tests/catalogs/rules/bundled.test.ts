import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkHardware } from '../../../src-main/catalogs/check.ts';
import { checkedCatalog } from '../../../src-main/catalogs/judge.ts';
import { stack } from '../../../src-main/catalogs/layers.ts';
import { bundledCatalogsFolder, factsOf, loadBundled } from '../../../src-main/catalogs/load.ts';
import { checkFacts } from '../../../src-main/catalogs/rules/check.ts';
import { RULES } from '../../../src-main/catalogs/rules/registry.ts';
import { copyOfCatalogs } from '../folder.ts';
import { Files, KNOWN_WARNINGS, keyOf } from './breaks.ts';

const layers = loadBundled(bundledCatalogsFolder());
const checked = checkedCatalog(layers, stack(layers.layers));
const bundled = factsOf(layers, stack(layers.layers), []);

describe('the bundled catalogs', () => {
  const { issues, facts } = checkHardware(bundledCatalogsFolder());

  test('break no rule, and what is odd about them is known', () => {
    expect(facts).toEqual(bundled);
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(issues.map(keyOf).sort()).toEqual(Object.keys(KNOWN_WARNINGS).sort());
  });

  test('every rule has a name of its own and says what holds', () => {
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
    for (const { name, sentence, check, checkGpus, checkSheets } of RULES) {
      expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(sentence, name).toMatch(/^[A-Z].{15,120}\.$/);
      expect(check ?? checkGpus ?? checkSheets, name).toBeDefined();
    }
  });

  test('2,400 offers are checked within 50 ms, so that every start can afford it', () => {
    checkFacts(checked);
    const times = [1, 2, 3].map(() => {
      const start = performance.now();
      checkFacts(checked);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });
});

describe('a catalog with several things wrong', () => {
  test('all of them are named, though the files cannot be loaded', () => {
    const folder = copyOfCatalogs();
    const files = new Files(folder);
    files.instance('gcp', 'a2-highgpu-8g', { gpu: 'nvidia-a100-40g' });
    files.instance('gcp', 'a2-highgpu-4g', { gpu: 'nvidia-a100-40g' });
    files.gpu('nvidia-l4', { memory_usable_gib: 24 });
    const problems: string[] = [];
    const { issues, facts } = checkHardware(folder, problems);
    expect(facts).toBeNull();
    expect(problems).toEqual([]);
    expect(issues.map(({ rule, entry }) => `${rule} ${entry}`)).toEqual([
      'references gcp/a2-highgpu-4g',
      'references gcp/a2-highgpu-8g',
      'memory-order nvidia-l4',
    ]);
  });

  test('a file that cannot be read is a problem, not a list of unknown names', () => {
    const folder = copyOfCatalogs();
    writeFileSync(join(folder, 'gpus.json'), '{ "gpus": ');
    const problems: string[] = [];
    expect(checkHardware(folder, problems).issues).toEqual([]);
    expect(problems.join('\n')).toContain('gpus.json is not valid JSON');
  });
});
