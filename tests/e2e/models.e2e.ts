import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from './fixtures.ts';
import { goTo, tabTo } from './pages/keyboard.ts';
import { WINDOWS, type AppWindow } from './windows.ts';

// Models: look one up, bring one along, size it, and take it away again.

const MOE = 'openai/gpt-oss-20b';
const MINE = 'me/novel';

/** A config of a family nobody knows, with the fields of a plain decoder: it is estimated. */
const NOVEL = JSON.stringify({
  architectures: ['NovelForCausalLM'],
  model_type: 'novel_family',
  hidden_size: 2048,
  intermediate_size: 5632,
  num_hidden_layers: 22,
  num_attention_heads: 32,
  num_key_value_heads: 4,
  vocab_size: 32_000,
  max_position_embeddings: 4096,
});

for (const [kind, open] of Object.entries(WINDOWS)) {
  test.describe(kind, () => {
    test.describe.configure({ mode: 'serial' });
    let dataFolder: string;
    let opened: AppWindow;

    test.beforeAll(async ({ browser }) => {
      dataFolder = await mkdtemp(join(tmpdir(), 'configiq-e2e-'));
      opened = await open(dataFolder, browser);
    });
    test.afterAll(async () => {
      await opened.close();
      await rm(dataFolder, { recursive: true, maxRetries: 3 });
      expect(opened.app.complaints).toEqual([]);
    });

    test('a mixture of experts is found, with its layers, its windows and what it fits on', async () => {
      const { app, page } = opened;
      await app.show('Models');
      await expect(app.models.table.getByRole('row').nth(1)).toBeVisible();
      await app.models.search('gpt-oss sliding');
      await app.models.choose(MOE);
      // 24 layers in turns of two, each with 32 experts of which 4 are used.
      await expect(app.models.layers).toContainText(/A: 12 layers.*window 128.*MoE 4 of 32 experts/s);
      await expect(app.models.layers).toContainText(/B: 12 layers/);
      await expect(app.models.facts).toContainText('In order: AB, and so on.');
      await expect(page.getByRole('region', { name: 'KV cache' })).toContainText(/12 layers, last 128 tokens/);
      await expect(app.models.fits).toContainText(/H100 80GB/);
      await page.getByRole('textbox', { name: 'Tokens of one request' }).fill('128Ki');
      await expect(app.models.facts).toContainText('Requests of 131,072 tokens at once');
      await app.models.act('View config');
      await expect(page.getByTestId('config-dialog')).toContainText('"num_local_experts": 32');
      await page.keyboard.press('Escape');
    });

    test('a config that is dropped is labelled as estimated, says what was assumed, and can be sized', async () => {
      const { app, page } = opened;
      await app.show('Models');
      await app.models.drop('me__novel.json', NOVEL);
      await app.models.waitForFacts(MINE);
      await expect(app.models.row(MINE)).toContainText('estimated');
      await expect(app.models.row(MINE)).toContainText('Imported');
      await expect(app.models.facts.getByRole('status').filter({ hasText: 'Estimated.' })).toContainText(
        /novel_family/,
      );
      await expect(page.getByTestId('model-origin')).toContainText(
        /Imported from me__novel\.json, added \d+ \w+ \d{4}/,
      );
      await app.models.act('Size this model');
      await expect(page.getByRole('combobox', { name: 'Model' })).toHaveValue(MINE);
      await app.size.waitForAnswer();
      await expect(app.size.verdict).toHaveAttribute('data-verdict', /met/);
      // The shortcut of the toast is the question's here; its button is left.
      await expect(page.getByTestId('toast').getByRole('button', { name: 'Undo', exact: true })).toBeVisible();
      await page.getByTestId('toast').getByRole('button', { name: 'Dismiss' }).click();
      await page.getByRole('button', { name: 'Undo', exact: true }).click();
    });

    test('a config that cannot be read leaves everything as it was', async () => {
      const { app, page } = opened;
      await app.show('Models');
      await app.models.drop('me__novel.json', NOVEL.replace('"hidden_size":2048,', ''));
      await expect(page.getByText(/me__novel\.json was not imported\..*hidden_size/)).toBeVisible();
      await page.getByRole('button', { name: 'Close', exact: true }).click();
      await app.models.choose(MINE);
    });

    test('it is removed, comes back by undo, and is removed for good', async () => {
      const { app, page } = opened;
      await app.show('Models');
      await app.models.search(MINE);
      await app.models.choose(MINE);
      await app.models.act('Remove');
      await expect(page.getByText('No model matches.')).toBeVisible();
      await page.keyboard.press('Control+z');
      await app.models.waitForFacts(MINE);
      await expect(page.getByTestId('model-origin')).toContainText('Imported from me__novel.json');
      await app.models.act('Remove');
      await expect(page.getByTestId('toast')).toContainText(`Removed ${MINE}.`);
      await expect(app.models.row(MINE)).toHaveCount(0);
      await app.models.search('');
      await expect(app.models.table.getByRole('row').nth(1)).toBeVisible();
    });

    test('with the keyboard alone: from the search to a model, its facts and its sizing', async () => {
      const { app, page } = opened;
      await goTo(page, 'Models');
      await app.models.table.waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type('qwen3-30b-a3b');
      const name = app.models.row('Qwen/Qwen3-30B-A3B').first().getByRole('rowheader');
      await tabTo(page, name);
      await page.keyboard.press('Enter');
      await app.models.waitForFacts('Qwen/Qwen3-30B-A3B');
      await expect(app.models.facts.getByRole('heading', { level: 2 })).toBeFocused();
      await tabTo(page, app.models.facts.getByRole('button', { name: 'Size this model' }));
      await page.keyboard.press('Enter');
      await expect(page.getByRole('combobox', { name: 'Model' })).toHaveValue('Qwen/Qwen3-30B-A3B');
    });
  });
}
