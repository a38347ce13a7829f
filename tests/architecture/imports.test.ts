import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';
import { afterEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const require = createRequire(import.meta.url);
// The rules are CommonJS, the only form dependency-cruiser's own command reads them in.
const configuration = require(join(root, '.dependency-cruiser.cjs')) as Required<IFlattenedRuleSet> & {
  options: ICruiseOptions & { enhancedResolveOptions: object };
};

/** `rule: from -> to` for every import that breaks a rule. */
async function violations(baseDir: string): Promise<string[]> {
  const { options, forbidden } = configuration;
  const result = await cruise(
    ['src-main', 'src-worker', 'src-renderer'],
    { ...options, baseDir, validate: true, ruleSet: { forbidden } },
    options.enhancedResolveOptions,
  );
  const { summary } = result.output as ICruiseResult;
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).sort();
}

describe('import directions', () => {
  it('hold everywhere', async () => {
    expect(await violations(root)).toEqual([]);
  });
});

const engine = 'src-worker/engine/roofline/planted.ts';
/** Rule, file with the violation, its text, what it must not import. */
const PLANTED: [string, string, string, string][] = [
  ['engine-is-pure', engine, "import 'node:fs';", 'fs'],
  ['engine-is-pure', engine, "import { z } from 'zod';\nexport const x = z;", 'node_modules/zod/index.js'],
  [
    'engine-is-pure',
    engine,
    "import type { Api } from '../../protocol/api.ts';\nexport type X = Api;",
    'src-worker/protocol/api.ts',
  ],
  [
    'protocol-is-vocabulary',
    'src-worker/protocol/planted.ts',
    "export * from '../engine/roofline/step.ts';",
    'src-worker/engine/roofline/step.ts',
  ],
  ['answers-are-pure', 'src-worker/answers/planted.ts', "import 'node:fs';", 'fs'],
  ['worker-needs-no-host', 'src-worker/worker.ts', "import '../src-main/store/store.ts';", 'src-main/store/store.ts'],
  [
    'page-knows-the-protocol-only',
    'src-renderer/planted.ts',
    "import '../src-main/store/store.ts';",
    'src-main/store/store.ts',
  ],
  [
    'page-knows-the-protocol-only',
    'src-renderer/Planted.svelte',
    '<script lang="ts">import \'node:fs\';</script>',
    'fs',
  ],
  [
    'page-uses-engine-types-only',
    'src-renderer/planted.ts',
    "import { step } from '../src-worker/engine/roofline/step.ts';\nexport const x = step;",
    'src-worker/engine/roofline/step.ts',
  ],
  ['services-know-no-host', 'src-main/services/planted.ts', "import '../cli/main.ts';", 'src-main/cli/main.ts'],
  ['services-know-no-host', 'src-main/measurements/planted.ts', "import '../cli/main.ts';", 'src-main/cli/main.ts'],
  ['services-know-no-host', 'src-main/traces/planted.ts', "import '../cli/main.ts';", 'src-main/cli/main.ts'],
  [
    'services-leave-calculation-to-answers',
    'src-main/services/planted.ts',
    "import { step } from '../../src-worker/engine/roofline/step.ts';\nexport const x = step;",
    'src-worker/engine/roofline/step.ts',
  ],
  [
    'nobody-imports-the-page',
    'src-main/cli/planted.ts',
    "import '../../src-renderer/main.ts';",
    'src-renderer/main.ts',
  ],
  [
    'only-the-store-knows-sqlite',
    'src-main/cli/planted.ts',
    "import 'better-sqlite3';",
    'node_modules/better-sqlite3/index.js',
  ],
  [
    'only-the-hub-knows-the-network',
    'src-main/services/planted.ts',
    "import 'undici';",
    'node_modules/undici/index.js',
  ],
  [
    'only-its-host-knows-electron',
    'src-main/browser/planted.ts',
    "import 'electron';",
    'node_modules/electron/index.js',
  ],
  ['everything-resolves', 'src-main/cli/planted.ts', "import './missing.ts';", './missing.ts'],
  ['no-cycles', engine, "import './planted.ts';", engine],
];

describe('every rule fails on a planted violation', () => {
  let folder: string;
  afterEach(() => rm(folder, { recursive: true }));

  /** A house with one clean file in each wing, and what a test plants into it. */
  async function houseWith(planted: Record<string, string>): Promise<string> {
    folder = await mkdtemp(join(tmpdir(), 'configiq-house-'));
    const packages = ['better-sqlite3', 'chart.js', 'electron', 'svelte', 'undici', 'zod'];
    const files: Record<string, string> = {
      'package.json': '{ "type": "module" }',
      'src-worker/engine/roofline/step.ts': 'export const step = 1;',
      'src-worker/engine/roofline/types.ts': 'export interface Step { timeMs: number }',
      'src-worker/protocol/api.ts': "import type { Step } from '../engine/roofline/types.ts';\nexport type Api = Step;",
      'src-worker/answers/size.ts': "import { step } from '../engine/roofline/step.ts';\nexport const size = step;",
      'src-worker/pool/pool.ts': "import { Worker } from 'node:worker_threads';\nexport const pool = Worker;",
      'src-main/store/store.ts': "import Database from 'better-sqlite3';\nexport const store = Database;",
      'src-main/services/app.ts': "import { store } from '../store/store.ts';\nexport const app = store;",
      'src-main/cli/main.ts': "import { app } from '../services/app.ts';\nexport const cli = app;",
      'src-main/electron/main.ts': "import { app } from 'electron';\nexport const main = app;",
      'src-renderer/main.ts': "import type { Api } from '../src-worker/protocol/api.ts';\nexport type Page = Api;",
    };
    for (const name of packages) {
      files[`node_modules/${name}/package.json`] = `{ "name": "${name}", "type": "module", "main": "index.js" }`;
      files[`node_modules/${name}/index.js`] = 'export default {};';
    }
    const dependencies = Object.fromEntries(packages.map((name) => [name, '1.0.0']));
    files['package.json'] = JSON.stringify({ type: 'module', dependencies });
    for (const [name, content] of Object.entries({ ...files, ...planted })) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    return folder;
  }

  it('and none without one', async () => {
    expect(await violations(await houseWith({}))).toEqual([]);
  });

  it.each(PLANTED)('%s: %s', async (rule, from, content, to) => {
    expect(await violations(await houseWith({ [from]: content }))).toContain(`${rule}: ${from} -> ${to}`);
  });
});

it('no rule is without a planted violation', () => {
  const names = configuration.forbidden.map(({ name }) => name);
  expect([...new Set(PLANTED.map(([rule]) => rule))].sort()).toEqual(names.sort());
});
