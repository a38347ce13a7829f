import type { Page } from '@playwright/test';
import { axeFinds } from './axe.ts';
import { startHost } from './browser-host-process.ts';
import { clippedTexts } from './clipped-text.ts';
import { expect, test } from './fixtures.ts';
import { AppPage } from './pages/app-page.ts';

// Every screen and state, looked at by axe in both themes, and for words that are cut off: at the size the window opens
// with, at its smallest, and at that with 200 % zoom.

const SIZES = [
  { width: 640, height: 400 },
  { width: 1024, height: 700 },
  { width: 1280, height: 800 },
];

type State = [name: string, lead: (app: AppPage, page: Page) => Promise<unknown>];

/** Leads to one state after the other, from where the one before left off. */
const STATES: State[] = [
  ['start', async (_app, page) => page.getByTestId('example-code').getByText('/h').waitFor()],
  ['palette', async (_app, page) => page.keyboard.press('Control+k')],
  [
    'shortcuts',
    async (_app, page) => {
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
    },
  ],
  [
    'size, met',
    async (app, page) => {
      await page.keyboard.press('Escape');
      await app.show('Size');
      await app.size.waitForAnswer();
      await page.getByTestId('load-curve').waitFor();
    },
  ],
  ['size, advanced', (app) => app.size.showAdvanced()],
  ['explanation', (app) => app.size.explain('ttft_p95')],
  [
    'pinned explanation',
    async (_app, page) => {
      await page.getByRole('button', { name: 'Pin', exact: true }).click();
      await page.getByTestId('pinned-explanation').waitFor();
    },
  ],
  [
    'results',
    async (app, page) => {
      await page.getByRole('button', { name: /^Unpin/ }).click();
      await app.size.openResults();
    },
  ],
  ['results, filters', async (_app, page) => page.getByRole('button', { name: 'Filter', exact: true }).first().click()],
  [
    'results, columns',
    async (_app, page) => {
      await page
        .getByRole('button', { name: /^Columns/ })
        .first()
        .click();
    },
  ],
  [
    'detail',
    async (app, page) => {
      await page.keyboard.press('Escape');
      await app.show('Size');
      await page.getByRole('button', { name: 'Open this configuration' }).click();
      await page.getByTestId('detail').waitFor();
      await page.waitForLoadState('networkidle');
    },
  ],
  [
    'size, a bad field',
    async (app) => {
      await app.show('Size');
      await app.size.waitForAnswer();
      await app.size.setUsers('many');
    },
  ],
  [
    'size, no answer',
    async (app) => {
      await app.size.setUsers('100');
      await app.size.setTarget('TTFT P95 target, ms', '2');
      await app.size.relaxations().first().waitFor();
    },
  ],
  ['sweep', (app) => app.show('Sweep')],
  [
    'sweep, running',
    async (app) => {
      await app.sweep.setAxes({ users: '1..10000:1', weights: ['FP16', 'FP8'], zones: 'Held' });
      await app.sweep.start();
      await expect.poll(() => app.sweep.donePoints()).toBeGreaterThan(0);
    },
  ],
  [
    'sweep, stopped',
    async (app) => {
      await app.sweep.stop();
      await app.sweep.result.getByText('Stopped at').waitFor();
    },
  ],
  [
    'runs',
    async (app) => {
      await app.show('Runs');
      await app.runs.openNewest();
    },
  ],
  [
    'components',
    async (_app, page) => {
      await page.evaluate(() => (window.location.hash = '#components'));
      await page.keyboard.press('Control+k');
      await page.getByTestId('palette').getByText('Go to Components and states').click();
      await page.getByRole('heading', { level: 1 }).first().waitFor();
    },
  ],
];

/** The same for the screen of models. */
const MODEL_STATES: State[] = [
  [
    'models',
    async (app) => {
      await app.show('Models');
      // Rows are alike: a dozen of them tell as much as all.
      await app.models.search('meta-llama');
      await app.models.fits.waitFor({ state: 'attached' });
    },
  ],
  [
    'models, the facts of one',
    async (app) => {
      await app.models.search('gpt-oss');
      await app.models.choose('openai/gpt-oss-120b');
    },
  ],
  [
    'models, one that cannot be sized',
    async (app, page) => {
      await page.keyboard.press('Escape');
      await app.models.search('e5-mistral');
      await page.getByLabel('Kind', { exact: true }).click();
      await page.getByRole('option', { name: /^Not sized/ }).click();
      await app.models.table.getByRole('rowheader').first().click();
      await app.models.facts.getByText('Cannot be sized.').waitFor();
    },
  ],
  [
    'models, none found',
    async (app, page) => {
      await page.keyboard.press('Escape');
      await app.models.search('no such model');
      await page.getByText('No model matches.').waitFor();
    },
  ],
  [
    'models, import',
    async (app, page) => {
      await page.getByRole('button', { name: 'Show all models' }).click();
      await app.models.search('gpt-oss');
      await page.getByRole('button', { name: 'Import a model' }).click();
      await page.getByTestId('import-dialog').waitFor();
    },
  ],
  [
    'models, pull',
    async (_app, page) => {
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Pull from the hub' }).click();
      await page.getByTestId('pull-dialog').waitFor();
    },
  ],
  [
    'models, config',
    async (app, page) => {
      await page.keyboard.press('Escape');
      await app.models.choose('openai/gpt-oss-120b');
      await app.models.act('View config');
      await page.getByTestId('config-dialog').getByText('architectures').waitFor();
    },
  ],
];

/** The same for simulations. */
const SIMULATE_STATES: State[] = [
  [
    'simulate',
    async (app) => {
      await app.show('Simulate');
      await app.simulate.ready();
    },
  ],
  ['simulate, advanced', (app) => app.simulate.showAdvanced()],
  [
    'simulate, the chart as a table',
    async (app) => {
      await app.simulate.showAdvanced();
      await app.simulate.timeline.getByRole('button', { name: /table/i }).click();
    },
  ],
  [
    'simulate, saturated',
    async (app) => {
      await app.simulate.setRate('60');
      await expect(app.simulate.verdict).toContainText('cannot keep up');
    },
  ],
  [
    'simulate, a bad field',
    async (app, page) => {
      await app.simulate.setRate('fast');
      await page
        .getByText(/^Rate takes/)
        .first()
        .waitFor();
    },
  ],
  ['simulate, no trace yet', (_app, page) => page.getByRole('radio', { name: 'Trace' }).click()],
  [
    'simulate, a trace',
    async (app) => {
      await app.simulate.chooseTrace('few.csv', 'arrival_s,input_tokens,output_tokens\n0,900,80\n0.5,100,70\n');
      await app.simulate.traceFacts.waitFor();
    },
  ],
  [
    'simulate, a trace that is none',
    async (app, page) => {
      await app.simulate.chooseTrace('odd.csv', 'a,b\n1,2\n');
      await page.getByText('odd.csv is in no format of traces').first().waitFor();
    },
  ],
];

/** The same for the screen of predictions against measurements. */
const ACCURACY_STATES: State[] = [
  [
    'accuracy',
    async (app) => {
      await app.show('Accuracy');
      await app.accuracy.ready();
    },
  ],
  ['accuracy, every metric', (_app, page) => page.getByRole('button', { name: /^All \d+ metrics/ }).click()],
  ['accuracy, a miss is chosen', (app) => app.accuracy.misses.getByRole('button').first().click()],
  [
    'accuracy, filtered',
    async (app, page) => {
      await app.accuracy.choose('GPU', /^MI300X/);
      await page.getByRole('button', { name: 'Show all', exact: true }).waitFor();
    },
  ],
  ['accuracy, skipped rows', (_app, page) => page.getByRole('tab', { name: /^Skipped rows/ }).click()],
];

/** The same for the screen of catalogs. */
const CATALOG_STATES: State[] = [
  [
    'catalogs',
    async (app) => {
      await app.show('Catalogs');
      // Rows are alike: a few of them tell as much as all.
      await app.catalogs.search('l40');
      await app.catalogs.row('L40S').waitFor();
    },
  ],
  ['catalogs, the facts of one', (app) => app.catalogs.choose('L40S')],
  [
    'catalogs, a value that cannot be',
    async (app) => {
      await app.catalogs.correct('Memory bandwidth', 'fast', 'measured here');
      await app.catalogs.facts.getByRole('alert').waitFor();
    },
  ],
  [
    'catalogs, corrected',
    async (app, page) => {
      await page.keyboard.press('Escape');
      await app.catalogs.correct('Memory bandwidth', '790', 'measured with a copy of 4 GiB');
      await app.catalogs.fact('Memory bandwidth').getByText('yours').waitFor();
      await page.getByTestId('toast').getByRole('button', { name: 'Dismiss' }).click();
    },
  ],
  [
    'catalogs, instances',
    async (app, page) => {
      await page.keyboard.press('Escape');
      await app.catalogs.showTab('Instances');
      await app.catalogs.search('a100');
    },
  ],
  [
    'catalogs, prices',
    async (app) => {
      await app.catalogs.showTab('Prices');
      await app.catalogs.search('highgpu europe');
    },
  ],
  [
    'catalogs, zones',
    async (app) => {
      await app.catalogs.showTab('Zones');
      await app.catalogs.search('europe-west');
    },
  ],
  [
    'catalogs, a GPU that lacks facts',
    async (app) => {
      await app.catalogs.describeGpu({ Name: 'NVIDIA X1' });
      await app.catalogs.gpuDialog.getByRole('alert').first().waitFor();
    },
  ],
  [
    'catalogs, workloads',
    async (app, page) => {
      await page.keyboard.press('Escape');
      await app.catalogs.showTab('Workloads');
    },
  ],
];

/** And for taking a file in. */
const CATALOG_IMPORT_STATES: State[] = [
  [
    'catalogs, none imported',
    async (app) => {
      await app.show('Catalogs');
      await app.catalogs.showTab('Imports');
    },
  ],
  ['catalogs, import', (_app, page) => page.getByRole('button', { name: 'Import a catalog' }).first().click()],
  [
    'catalogs, preview with a problem',
    async (app, page) => {
      await page.getByRole('button', { name: 'Fill in a sample' }).click();
      const text = page.getByLabel('or its text');
      await text.fill((await text.inputValue()).replace('nvidia-l40s', 'nvidia-l40x'));
      await page.getByRole('button', { name: 'Preview' }).click();
      await app.catalogs.problems.waitFor();
    },
  ],
  [
    'catalogs, preview',
    async (app, page) => {
      await page.getByRole('button', { name: 'Another file' }).click();
      await page.getByRole('button', { name: 'Fill in a sample' }).click();
      await page.getByRole('button', { name: 'Preview' }).click();
      await page.getByTestId('catalog-changes').waitFor();
      await expect(app.catalogs.problems).toHaveCount(0);
    },
  ],
  [
    'catalogs, imported',
    async (app, page) => {
      await app.catalogs.act('Import');
      await expect(app.catalogs.table.getByText('in force')).toBeVisible();
      await page.getByTestId('toast').getByRole('button', { name: 'Dismiss' }).click();
    },
  ],
];

test('the search for cut-off words finds those that are, and no others', async ({ page }) => {
  const box = 'width: 60px; height: 20px; white-space: nowrap;';
  await page.setContent(`
    <p style="${box} overflow: hidden">cut off by its own box</p>
    <div style="${box} overflow: hidden"><b>cut off by the box around it</b></div>
    <p style="position: fixed; left: -40px">cut off by the window</p>
    <button style="width: 60px; height: 20px; white-space: nowrap">spills over its button</button>
    <input style="width: 60px" value="cut off by its own field" />
    <p style="${box} overflow: auto">scrolled to be read</p>
    <p style="${box} overflow: hidden; text-overflow: ellipsis" title="as a whole here">shortened with a title</p>
    <p style="overflow: hidden">fits</p>`);
  const found = await clippedTexts(page);
  expect(found.map((text) => text.split('"')[1])).toEqual([
    'cut off by its own field',
    'cut off by its own box',
    'cut off by the box around it',
    'cut off by the window',
    'spills over its button',
  ]);
});

test('axe finds what has no name, and what cannot be read in one of the themes', async ({ page }) => {
  await page.setContent(`
    <html lang="en">
    <style>
      p { color: #999; background: #fff }
      em { color: #000 }
      @media (prefers-color-scheme: dark) { em { color: #333; background: #000 } }
    </style>
    <title>Two mistakes</title>
    <main><h1>Two mistakes</h1><button></button><p>Too gray, <em>and this</em></p></main>`);
  expect(await axeFinds(page, 'here', 'light')).toEqual([
    expect.stringContaining('button-name'),
    expect.stringContaining('color-contrast: <p>'),
  ]);
  expect(await axeFinds(page, 'here', 'dark')).toEqual([
    expect.stringContaining('color-contrast: <p>'),
    expect.stringContaining('color-contrast: <em>'),
  ]);
});

const HALF = STATES.findIndex(([name]) => name === 'size, a bad field');

test.describe('every screen in both themes and three sizes: axe finds nothing, no word is cut off', () => {
  test.describe.configure({ mode: 'parallel', timeout: 150_000 });
  test('from the start to one configuration in detail', ({ page, folder }) =>
    lookAt(STATES.slice(0, HALF), page, folder));
  test('fields and answers that are not right, sweeps, runs, a host that is gone', ({ page, folder }) =>
    lookAt(STATES.slice(HALF), page, folder, true));
  test('catalogs and their facts', ({ page, folder }) => lookAt(CATALOG_STATES, page, folder));
  test('catalogs that are imported', ({ page, folder }) => lookAt(CATALOG_IMPORT_STATES, page, folder));
  test('simulations, traces and what does not keep up', ({ page, folder }) => lookAt(SIMULATE_STATES, page, folder));
  test('predictions against measurements', ({ page, folder }) => lookAt(ACCURACY_STATES, page, folder));
  test('models, their facts and dialogs', ({ page, folder }) => lookAt(MODEL_STATES, page, folder));
});

/** Leads through the states in their order and looks at each; with `endsAlone` at last without the host. */
async function lookAt(states: State[], page: Page, folder: string, endsAlone = false): Promise<void> {
  const host = await startHost(folder);
  const app = new AppPage(page);
  const found: string[] = [];
  const look = async (name: string) => {
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await showOpener(page);
      const beyondPx = await scrollsBeyond(page);
      if (beyondPx > 0) found.push(`${name}, ${size.width} px: the window itself scrolls by ${beyondPx} px`);
      for (const text of await clippedTexts(page)) found.push(`${name}, ${size.width} px: cut off: ${text}`);
    }
    found.push(...(await axeFinds(page, name, 'light')), ...(await axeFinds(page, name, 'dark')));
  };
  await page.goto(host.url);
  for (const [name, lead] of states) {
    await lead(app, page);
    await look(name);
  }
  expect(app.complaints).toEqual([]);
  await host.stop();
  if (endsAlone) {
    await app.show('Size');
    await app.size.setUsers('321');
    await expect(
      page
        .getByRole('alert')
        .or(page.getByText(/Not connected|connection/i))
        .first(),
    ).toBeVisible();
    await look('host gone');
  }
  expect(found).toEqual([]);
}

/** What floats stands at what opened it, which another size of the window may have moved out of sight. */
async function showOpener(page: Page): Promise<void> {
  await page.evaluate(() => {
    const isExplaining = document.querySelector('[role="dialog"] [data-testid="explained-figure"]') !== null;
    const opener = isExplaining ? '[data-explain="ttft_p95"]' : '[aria-expanded="true"][aria-haspopup]';
    document.querySelector(opener)?.scrollIntoView({ block: 'center' });
  });
  await page.waitForTimeout(50);
}

/** How far the window itself could be scrolled, its top bar out of sight; what floats above it does not count. */
const scrollsBeyond = (page: Page): Promise<number> =>
  page.evaluate(() =>
    document.querySelector('[role="dialog"]') ? 0 : document.documentElement.scrollHeight - innerHeight,
  );
