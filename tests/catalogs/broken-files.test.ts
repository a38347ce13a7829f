import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { breakFile, copyOfCatalogs, errorOf } from './folder.ts';

/** Breaks one place of a copy of the catalogs and returns what loading it says. */
function messageAfter(path: string, search: string | RegExp, replacement: string): string {
  const folder = copyOfCatalogs();
  breakFile(folder, path, search, replacement);
  const error = errorOf(() => loadFacts(folder));
  expect(error.family).toBe('file');
  expect(error.message.length).toBeLessThan(600);
  expect(error.message).not.toContain('\n');
  return error.message;
}

describe('a catalog that cannot be right is refused with file, field and value', () => {
  test('the untouched copy loads and gives the same facts', () => {
    expect(loadFacts(copyOfCatalogs())).toEqual(loadFacts(bundledCatalogsFolder()));
  });

  test('what is written between two readings is read; a text that was right before is right again', () => {
    const folder = copyOfCatalogs();
    const before = loadFacts(folder);
    const path = join(folder, 'workloads', 'seed.json');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"name": "chat"', '"name": 7'));
    expect(errorOf(() => loadFacts(folder)).message).toMatch(/^workloads\/seed\.json: .*name: /);
    writeFileSync(path, text);
    expect(loadFacts(folder)).toEqual(before);
  });

  test('malformed JSON', () => {
    expect(messageAfter('clouds/gcp.json', '"provider": "gcp",', '"provider": "gcp"')).toMatch(
      /^clouds\/gcp\.json is not valid JSON .*mend it/,
    );
  });

  test('an empty file and one that is no object', () => {
    const folder = copyOfCatalogs();
    writeFileSync(join(folder, 'gpus.json'), '');
    expect(errorOf(() => loadFacts(folder)).message).toContain('gpus.json is not valid JSON');
    writeFileSync(join(folder, 'gpus.json'), '[]');
    expect(errorOf(() => loadFacts(folder)).message).toMatch(/^gpus\.json: file: /);
  });

  test('a missing file and a missing folder', () => {
    const folder = copyOfCatalogs();
    rmSync(join(folder, 'engines'), { recursive: true });
    expect(errorOf(() => loadFacts(folder)).message).toMatch(/engines\/ cannot be read .*ENOENT/);
    rmSync(join(folder, 'gpus.json'));
    expect(errorOf(() => loadFacts(folder)).message).toMatch(/gpus\.json cannot be read .*ENOENT/);
  });

  test('a number written as text: the entry goes by its name', () => {
    const message = messageAfter('gpus.json', '"memory_usable_gib": 7.33', '"memory_usable_gib": "7.33"');
    expect(message).toMatch(/^gpus\.json: gpus\[nvidia-p4\]\.memory_usable_gib: must be a number, got "7\.33"/);
  });

  test('a negative price', () => {
    const message = messageAfter('clouds/aws.json', /"on_demand_usd_per_hour": [\d.]+/, '"on_demand_usd_per_hour": -1');
    expect(message).toMatch(
      /^clouds\/aws\.json: instances\[.+\]\.offers\[.+\]\.on_demand_usd_per_hour: must be above 0, got -1;/,
    );
  });

  test('a price of zero: unknown is null, never 0', () => {
    const message = messageAfter('clouds/oci.json', /"on_demand_usd_per_hour": [\d.]+/, '"on_demand_usd_per_hour": 0');
    expect(message).toContain('on_demand_usd_per_hour');
  });

  test('a misspelt key is refused, not ignored', () => {
    const message = messageAfter('gpus.json', '"tdp_watts"', '"tdp_wats"');
    expect(message).toMatch(/^gpus\.json: gpus\[nvidia-p4\]\.tdp_watts: is missing: give a number \(and 1 more\)/);
  });

  test('an instance of an unknown GPU names the nearest', () => {
    const message = messageAfter('clouds/gcp.json', '"gpu": "nvidia-l4"', '"gpu": "nvidia-l44"');
    expect(message).toMatch(/^clouds\/gcp\.json: instances.*unknown GPU "nvidia-l44": did you mean "nvidia-l4/);
  });

  test('a family or an engine that names an unknown GPU', () => {
    expect(messageAfter('calibration/default.json', '"nvidia-h200"', '"nvidia-h2000"')).toMatch(
      /calibration\/default\.json: .*unknown GPU "nvidia-h2000"/,
    );
    expect(messageAfter('engines/vllm.json', '"nvidia-a100-40gb"', '"nvidia-a100"')).toMatch(
      /engines\/vllm\.json: versions\[0\.22\]\.small_gpus: unknown GPU "nvidia-a100"/,
    );
  });

  test('a price source that the file does not list', () => {
    expect(messageAfter('clouds/lambda.json', '"source": "p1"', '"source": "p9"')).toMatch(
      /clouds\/lambda\.json: instances\[.+\]\.offers\[global\]\.source: "p9" is not in the file's "sources"/,
    );
  });

  test('a price without a date', () => {
    expect(messageAfter('clouds/lambda.json', /"as_of": "[\d-]+", "source"/, '"as_of": null, "source"')).toContain(
      '"as_of"',
    );
  });

  test('a date that is none', () => {
    expect(messageAfter('clouds/lambda.json', /"as_of": "[\d-]+"/, '"as_of": "yesterday"')).toMatch(
      /as_of.*YYYY-MM-DD/,
    );
  });

  test('host memory in two units, or in none', () => {
    expect(
      messageAfter('clouds/gcp.json', '"host_memory_gib": 16', '"host_memory_gib": 16, "host_memory_gb": 16'),
    ).toMatch(/instances\[g2-standard-4\]: needs exactly one of host_memory_gib and host_memory_gb/);
    expect(messageAfter('clouds/gcp.json', '"host_memory_gib": 16,', '')).toContain('exactly one of host_memory_gib');
  });

  test('the same GPU, alias, instance or workload twice', () => {
    expect(messageAfter('gpus.json', '"id": "nvidia-p100"', '"id": "nvidia-p4"')).toMatch(/"nvidia-p4" already means/);
    expect(messageAfter('gpus.json', '"aliases": ["p100"]', '"aliases": ["p4"]')).toMatch(
      /gpus\[nvidia-p100\]: "p4" already means nvidia-p4/,
    );
    expect(messageAfter('clouds/gcp.json', '"name": "g2-standard-8"', '"name": "g2-standard-4"')).toContain(
      '"gcp/g2-standard-4" is there twice',
    );
    expect(messageAfter('workloads/seed.json', '"name": "rag"', '"name": "chat"')).toContain('"chat" is there twice');
  });

  test('a calibration that lacks the generation an engine needs', () => {
    expect(messageAfter('calibration/seed.json', '"vllm-v1b": {', '"vllm-v1x": {')).toMatch(
      /calibration\/seed\.json: generations: has no "vllm-v1b", which vllm 0\.14 names: did you mean/,
    );
  });

  test('a calibration that forgets a precision', () => {
    expect(
      messageAfter(
        'calibration/default.json',
        /"precisionComputeFactors": \{\s*"fp16": 1,/,
        '"precisionComputeFactors": {',
      ),
    ).toMatch(/precisionComputeFactors\.fp16/);
  });
});

describe('catalog version', () => {
  const versionOf = (folder: string): string => loadFacts(folder).versions.catalog;

  test('newest price date and a short hash of the content', () => {
    expect(versionOf(bundledCatalogsFolder())).toMatch(/^\d{4}-\d\d-\d\d\+[0-9a-f]{8}$/);
  });

  test('changes with the content, not with the folder or the line ends', () => {
    const folder = copyOfCatalogs();
    const before = versionOf(folder);
    expect(before).toBe(versionOf(bundledCatalogsFolder()));
    breakFile(folder, 'workloads/seed.json', /\n/g, '\r\n');
    expect(versionOf(folder)).toBe(before);
    breakFile(folder, 'clouds/lambda.json', /"on_demand_usd_per_hour": [\d.]+/, '"on_demand_usd_per_hour": 1.23');
    expect(versionOf(folder)).not.toBe(before);
  });
});
