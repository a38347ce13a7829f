import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';

/** The axes of a sweep, its progress and its outcome. */
export class SweepScreen {
  readonly progress: Locator;
  readonly result: Locator;
  private readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    this.progress = page.getByTestId('sweep-progress');
    this.result = page.getByTestId('sweep-result');
  }

  async setAxes(axes: { users: string; weights: string[]; zones: 'Held' | 'All' }): Promise<void> {
    await this.setUsers(axes.users);
    await this.vary('Zones', axes.zones === 'All');
    await this.vary('Weights', true);
    const chips = this.page.getByRole('group', { name: 'Weights' }).getByRole('button');
    for (const chip of await chips.all()) {
      const isWanted = axes.weights.includes((await chip.innerText()).trim());
      const isOn = (await chip.getAttribute('aria-pressed')) === 'true';
      if (isWanted !== isOn) await chip.click();
    }
  }

  /** Replaces the chips of the users. */
  private async setUsers(words: string): Promise<void> {
    const remove = this.page.getByRole('list', { name: 'Users: chosen' }).getByRole('button', { name: /^Remove/ });
    for (let old = await remove.count(); old > 0; old -= 1) await remove.first().click();
    const add = this.page.getByRole('textbox', { name: 'Users: add' });
    await add.fill(words);
    await add.press('Enter');
  }

  private async vary(axis: 'Zones' | 'Weights', isWanted: boolean): Promise<void> {
    const add = this.page
      .getByRole('group', { name: 'Add an axis' })
      .getByRole('button', { name: new RegExp(`^${axis}:`) });
    const hold = this.page.getByRole('button', { name: `Hold fixed: ${axis}` });
    if (isWanted && (await add.isVisible())) await add.click();
    if (!isWanted && (await hold.isVisible())) await hold.click();
  }

  async start(): Promise<void> {
    await this.page.getByRole('button', { name: 'Start sweep' }).click();
  }

  async stop(): Promise<void> {
    await this.progress.getByRole('button', { name: 'Stop' }).click();
  }

  /** How many points are said to be done. */
  async donePoints(): Promise<number> {
    return Number(await this.progress.getByRole('progressbar').getAttribute('aria-valuenow'));
  }

  /** Adds an axis out of the menu. */
  async addAxis(words: string): Promise<void> {
    const menu = this.page.getByRole('combobox', { name: 'Add an axis' });
    await menu.fill(words);
    await menu.press('Enter');
  }

  async resume(): Promise<void> {
    await this.result.getByRole('button', { name: 'Resume' }).click();
  }

  /** One of the answers over the sweep that ended. */
  async view(name: 'Frontier' | 'Break-even' | 'Sensitivity' | 'Goodput'): Promise<void> {
    await this.result.getByRole('radio', { name }).click();
  }

  /** Of an axis that is given, the value whose configurations are weighed. */
  async pickSituation(axis: string, value: string): Promise<void> {
    await this.result.getByLabel(`Situation: ${axis}`).click();
    await this.page.getByRole('option', { name: `${axis} ${value}`, exact: true }).click();
  }

  export(format: ExportFormat): Promise<Download> {
    return exportAs(this.page, this.result, format);
  }
}

export type ExportFormat = 'CSV' | 'JSON' | 'NDJSON' | 'Parquet';

/** What a menu of exports in a part of the page saves. */
export async function exportAs(page: Page, part: Locator, format: ExportFormat): Promise<Download> {
  await part.getByRole('button', { name: 'Export', exact: true }).click();
  return download(page, () => page.getByRole('menuitem', { name: new RegExp(`^${format}\\b`) }).click());
}

export interface Download {
  fileName: string;
  text: string;
}

/** Does something that downloads, and reads what came. */
export async function download(page: Page, press: () => Promise<void>): Promise<Download> {
  const arriving = page.waitForEvent('download');
  await press();
  const arrived = await arriving;
  return { fileName: arrived.suggestedFilename(), text: await readFile(await arrived.path(), 'utf8') };
}
