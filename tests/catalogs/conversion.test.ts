import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { convertAll } from '../../scripts/convert-catalogs.ts';
import { collapseNames } from '../../scripts/convert/quantization.ts';
import { bundledCatalogsFolder } from '../../src-main/catalogs/load.ts';

const script = join(import.meta.dirname, '../../scripts/convert-catalogs.ts');
const dataFolder = join(import.meta.dirname, '../../../shared/data');
const hasData = existsSync(join(dataFolder, 'hardware/gpus.csv'));

const checkedIn = (path: string): unknown => JSON.parse(readFileSync(join(bundledCatalogsFolder(), path), 'utf8'));

/** A file's entries by name, so that entries added by hand beside the converted ones do not count as a difference. */
function entriesOf(path: string, file: unknown): Map<string, unknown> {
  const list = /^(gpus|workloads|models\/index|clouds)/.exec(path)?.[0];
  if (list === undefined) return new Map([[path, file]]);
  const key = list === 'clouds' ? 'instances' : list === 'models/index' ? 'models' : list;
  const entries = (file as Record<string, { id?: string; name?: string }[]>)[key] ?? [];
  return new Map(entries.map((entry) => [`${path}: ${entry.id ?? entry.name}`, entry]));
}

describe('converting the collected data', () => {
  const skipped = hasData ? '' : ' (skipped: no ../shared/data beside the repository)';

  test.skipIf(!hasData)(`gives the entries that are checked in${skipped}`, () => {
    const { files, notes } = convertAll(dataFolder);
    let compared = 0;
    for (const [path, text] of files) {
      if (path.endsWith('.csv')) {
        expect(readFileSync(join(bundledCatalogsFolder(), path), 'utf8'), path).toBe(text);
        compared += 1;
        continue;
      }
      const bundled = entriesOf(path, checkedIn(path));
      for (const [name, entry] of entriesOf(path, JSON.parse(text))) {
        expect(bundled.get(name), name).toEqual(entry);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(700);
    expect(notes.join('\n')).toContain('MiniMax-M3');
  });

  test.skipIf(!hasData)(`gives the same bytes twice${skipped}`, () => {
    expect(convertAll(dataFolder).files).toEqual(convertAll(dataFolder).files);
  });

  test.skipIf(!hasData)(`is a command that writes where it is told${skipped}`, () => {
    const target = mkdtempSync(join(tmpdir(), 'configiq-converted-'));
    onTestFinished(() => rmSync(target, { recursive: true, force: true }));
    const output = execFileSync(process.execPath, [script, dataFolder, target], { encoding: 'utf8' });
    expect(output).toContain('gpus.json: 47 GPUs');
    expect(output).toContain('measurements/accelmark.csv: 214 rows');
    expect(existsSync(join(target, 'models/configs/meta-llama__Llama-2-7b-hf.json'))).toBe(true);
  });

  test('without a folder it prints its usage and exits 2', () => {
    const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain('Usage:');
  });

  test('with a folder that is none, or another one, it says so in a sentence and exits 4', () => {
    const missing = spawnSync(process.execPath, [script, '/no/such/folder'], { encoding: 'utf8' });
    expect(missing.status).toBe(4);
    expect(missing.stderr.trim()).toBe(
      '"/no/such/folder" is not a folder: give the folder that holds hardware/, models/ and seed/.',
    );
    const other = spawnSync(process.execPath, [script, import.meta.dirname], { encoding: 'utf8' });
    expect(other.status).toBe(4);
    expect(other.stderr).toContain('has no hardware/gpus.csv');
  });
});

describe('module lists become patterns that match the same modules', () => {
  const depth = { text: 4, vision: 2 };
  const everyLayer = (module: string, layers: number[]): string[] =>
    layers.map((layer) => `model.layers.${layer}.${module}`);

  test('all layers: a star', () => {
    expect(collapseNames(['lm_head', ...everyLayer('self_attn', [0, 1, 2, 3])], depth)).toEqual([
      'lm_head',
      'model.layers.*.self_attn',
    ]);
  });

  test('some layers: an expression that names them', () => {
    const [pattern = ''] = collapseNames(everyLayer('self_attn*', [3, 1]), depth);
    expect(pattern).toBe('re:^model\\.layers\\.(1|3)\\.self_attn.*$');
    const expression = new RegExp(pattern.slice('re:'.length));
    expect(expression.test('model.layers.3.self_attn.q_proj')).toBe(true);
    expect(expression.test('model.layers.13.self_attn.q_proj')).toBe(false);
  });

  test('experts first, then layers; the vision tower has its own depth', () => {
    const experts = [0, 1, 2, 3].flatMap((layer) => [0, 1].map((expert) => `layers.${layer}.mlp.experts.${expert}.w1`));
    expect(collapseNames(experts, depth)).toEqual(['layers.*.mlp.experts.*.w1']);
    expect(collapseNames(['vision_model.layers.0.q', 'vision_model.layers.1.q'], depth)).toEqual([
      'vision_model.layers.*.q',
    ]);
  });

  test('a single name and an expression stay as they are', () => {
    expect(collapseNames(['model.layers.1.mlp', 're:.*self_attn.*'], depth)).toEqual([
      'model.layers.1.mlp',
      're:.*self_attn.*',
    ]);
  });
});
