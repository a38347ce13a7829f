import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkCatalogs } from '../../src-main/catalogs/check.ts';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { breakFile, copyOfCatalogs } from './folder.ts';

const LLAMA_CONFIG = 'models/configs/meta-llama__Llama-2-7b-hf.json';

/** The problems of a full copy after `damage`. */
function problemsAfter(damage: (folder: string) => void): string[] {
  const folder = copyOfCatalogs({ withConfigs: true });
  damage(folder);
  return checkCatalogs(folder).problems;
}

describe('checking a catalogs folder', () => {
  test('the bundled one is in order, and its counts are those of its files', () => {
    const folder = bundledCatalogsFolder();
    const facts = loadFacts(folder);
    const check = checkCatalogs(folder);
    expect(check).toMatchObject({
      gpus: facts.gpus.length,
      instances: facts.instances.length,
      workloads: facts.workloads.length,
      models: readdirSync(join(folder, 'models/configs')).length,
      problems: [],
    });
    expect(check.unsupportedModels).toBe(0);
  });

  test('a config that is malformed, missing, or lacks a field is a problem that names its file', () => {
    const problems = problemsAfter((folder) => {
      writeFileSync(join(folder, LLAMA_CONFIG), '{ "model_type": ');
      rmSync(join(folder, 'models/configs/Qwen__Qwen3-8B.json'));
      breakFile(folder, 'models/configs/Qwen__Qwen3-14B.json', '"hidden_size"', '"hidden_sizes"');
    });
    expect(problems.sort()).toEqual([
      expect.stringMatching(/Qwen__Qwen3-8B\.json cannot be read/),
      expect.stringMatching(/^models\/configs\/Qwen__Qwen3-14B\.json: .*hidden_size/),
      expect.stringMatching(/^models\/configs\/meta-llama__Llama-2-7b-hf\.json is not valid JSON/),
    ]);
  });

  test('a kind of model that is not supported yet is counted, not reported', () => {
    const folder = copyOfCatalogs({ withConfigs: true });
    const before = checkCatalogs(folder).unsupportedModels;
    breakFile(folder, LLAMA_CONFIG, '"model_type": "llama"', '"model_type": "bert"');
    expect(checkCatalogs(folder)).toMatchObject({ unsupportedModels: before + 1, problems: [] });
  });

  test('an alias to nowhere, a config that no entry lists', () => {
    expect(
      problemsAfter((folder) => {
        const path = join(folder, 'models/aliases.json');
        const file = JSON.parse(readFileSync(path, 'utf8')) as { aliases: Record<string, string> };
        writeFileSync(path, JSON.stringify({ ...file, aliases: { ...file.aliases, 'me/alias': 'me/nowhere' } }));
      }),
    ).toEqual([expect.stringContaining('aliases.me/alias: "me/nowhere"')]);
    expect(
      problemsAfter((folder) => {
        writeFileSync(join(folder, 'models/configs/me__stray.json'), '{}');
      }),
    ).toEqual(['models/configs/me__stray.json: is not in models/index.json: list it there or remove it.']);
  });

  test('a GPU that no family lists is in order: its chip’s family stands for it', () => {
    expect(
      problemsAfter((folder) => {
        breakFile(folder, 'calibration/default.json', '"nvidia-h200", ', '');
      }),
    ).toEqual([]);
  });

  test('rules are part of it', () => {
    const folder = copyOfCatalogs({ withConfigs: true });
    breakFile(folder, 'gpus.json', '"supports_bf16": false', '"supports_bf16": true');
    const { problems, issues } = checkCatalogs(folder);
    expect(problems).toEqual([]);
    expect(issues.filter(({ severity }) => severity === 'error')).toMatchObject([{ rule: 'bf16-capability' }]);
  });

  test('several broken files are all reported, each once', () => {
    const problems = problemsAfter((folder) => {
      writeFileSync(join(folder, 'clouds/gcp.json'), '{}');
      writeFileSync(join(folder, 'models/index.json'), '');
    });
    expect(problems).toEqual([
      expect.stringMatching(/^clouds\/gcp\.json: /),
      expect.stringMatching(/^models\/index\.json /),
    ]);
  });

  test('a folder that is none is a list of problems', () => {
    const { gpus, models, problems } = checkCatalogs(join(bundledCatalogsFolder(), 'nowhere'));
    expect({ gpus, models }).toEqual({ gpus: 0, models: 0 });
    expect(problems[0]).toMatch(/gpus\.json cannot be read/);
  });
});

describe('an installation with a piece missing', () => {
  test('the folder is found while two of its landmarks are there, so that the missing file is named', () => {
    const parent = copyOfCatalogs();
    const catalogs = join(parent, 'catalogs');
    const start = join(parent, 'out', 'main', 'chunks');
    mkdirSync(start, { recursive: true });
    mkdirSync(join(catalogs, 'clouds'), { recursive: true });
    expect(() => bundledCatalogsFolder(start)).toThrow(/missing from this installation/);
    mkdirSync(join(catalogs, 'models'));
    expect(bundledCatalogsFolder(start)).toBe(catalogs);
    expect(() => loadFacts(catalogs)).toThrow(/gpus\.json cannot be read/);
  });

  test.each([
    ['calibration/default.json', /^calibration\/: profile: "default".* restore calibration\/default\.json/],
    ['engines/vllm.json', /^engines\/: engine: "vllm".* restore engines\/vllm\.json/],
    ['workloads/seed.json', /^workloads\/: workload: "chat".* restore workloads\/seed\.json/],
  ])('without %s it is the installation that is refused, not the question', (path, sentence) => {
    const folder = copyOfCatalogs();
    rmSync(join(folder, path));
    expect(() => loadFacts(folder)).toThrow(
      expect.objectContaining({ family: 'file', message: expect.stringMatching(sentence) as string }),
    );
  });
});
