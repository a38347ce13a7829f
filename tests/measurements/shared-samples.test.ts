import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { readBenchmarkText } from '../../src-main/measurements/formats/registry.ts';
import { MEASUREMENT_COLUMNS } from '../../src-worker/protocol/measurement-columns.ts';

/**
 * Files that the real tools wrote, with the rows they must give (`expected.csv`: an empty cell is not judged, a dash must be
 * empty, row 0 = no row). They lie outside of this repository.
 */
const SAMPLES = join(import.meta.dirname, '../../../shared/data/imports');
const hasSamples = existsSync(join(SAMPLES, 'expected.csv'));
/** Formats that are read; the others are told by name. */
const READ_FORMATS = ['vllm-bench', 'guidellm', 'inference-perf'];
const TOLERANCE = 0.005;

interface Expected {
  file: string;
  row: string;
  format: string;
  cells: [string, string][];
}

const expected: Expected[] = hasSamples
  ? parse<Record<string, string>>(readFileSync(join(SAMPLES, 'expected.csv'), 'utf8'), { columns: true }).map(
      ({ file = '', row = '', format = '', ...cells }) => ({ file, row, format, cells: Object.entries(cells) }),
    )
  : [];

const read = (file: string) => {
  const path = join(SAMPLES, file);
  const config = join(dirname(path), 'config.yaml');
  const beside = existsSync(config) ? [{ fileName: config, text: readFileSync(config, 'utf8') }] : [];
  return readBenchmarkText({ fileName: path, text: readFileSync(path, 'utf8'), beside });
};

describe.skipIf(!hasSamples)(
  `files as the tools wrote them${hasSamples ? '' : ' (skipped: no ../shared/data)'}`,
  () => {
    it.each(expected.filter(({ format }) => READ_FORMATS.includes(format)))('$file gives row $row', (one) => {
      const { format, runs } = read(one.file);
      expect(format).toBe(one.format);
      expect(runs).toHaveLength(expected.filter(({ file, row }) => file === one.file && row !== '0').length);
      const run = runs[Number(one.row) - 1];
      for (const [name, cell] of one.cells) {
        const column = MEASUREMENT_COLUMNS.find((known) => known === name);
        if (!column) throw new Error(`expected.csv has the unknown column ${name}`);
        if (cell === '') continue;
        const value = run?.row[column] ?? null;
        if (cell === '-') expect(value, name).toBeNull();
        else if (Number.isNaN(Number(cell))) expect(value, name).toBe(cell);
        else {
          expect(value, name).toBeTypeOf('number');
          expect(Math.abs(Number(value) / Number(cell) - 1), `${name}: ${value} for ${cell}`).toBeLessThan(TOLERANCE);
        }
      }
    });

    it.each([...new Set(expected.filter(({ format }) => !READ_FORMATS.includes(format)).map(({ file }) => file))])(
      '%s is told by name, not read',
      (file) => {
        expect(() => read(file)).toThrow(/ is (?:an? )\w.*and is not read yet/);
      },
    );

    it('a summary over several stages gives no row', () => {
      for (const folder of ['kubecon-batch-size', 'blis-llama-2-7b-codegen']) {
        const { runs, skipped } = read(`inference-perf/${folder}/summary_lifecycle_metrics.json`);
        expect(runs).toEqual([]);
        expect(skipped.join()).toMatch(/several stages/);
      }
    });

    it('the newest keys of inference-perf, as YAML: TPOT is taken as it is reported', () => {
      const [run] = read('inference-perf/main-2026-08/summary_lifecycle_metrics.yaml').runs;
      expect(run?.row).toMatchObject({
        workload_kind: 'open_loop',
        request_rate_rps: 1,
        num_prompts: 3,
        tpot_ms_p50: 7.966101695,
      });
    });
  },
);
