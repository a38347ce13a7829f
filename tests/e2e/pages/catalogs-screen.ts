import { expect, type Locator, type Page } from '@playwright/test';

export type CatalogTab = 'GPUs' | 'Instances' | 'Prices' | 'Zones' | 'Workloads' | 'Imports';

/** The catalogs tab by tab, with the facts of one entry beside the table. */
export class CatalogsScreen {
  readonly table: Locator;
  readonly facts: Locator;
  readonly dialog: Locator;
  readonly problems: Locator;
  readonly gpuDialog: Locator;
  private readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    this.table = page.getByTestId('catalog-table');
    this.facts = page.getByTestId('catalog-inspector');
    this.dialog = page.getByTestId('catalog-dialog');
    this.gpuDialog = page.getByTestId('gpu-dialog');
    this.problems = page.getByTestId('catalog-problems');
  }

  tab(name: CatalogTab): Locator {
    return this.page.getByRole('tab', { name: new RegExp(`^${name} `) });
  }

  async showTab(name: CatalogTab): Promise<void> {
    await this.tab(name).click();
    await expect(this.tab(name)).toHaveAttribute('aria-selected', 'true');
  }

  /** How many entries a tab says it has. */
  async count(name: CatalogTab): Promise<number> {
    const label = await this.tab(name).innerText();
    return Number(label.replace(/\D/g, ''));
  }

  async search(words: string): Promise<void> {
    await this.page.getByRole('searchbox').fill(words);
  }

  row(name: string | RegExp): Locator {
    return this.table.getByRole('row').filter({ has: this.page.getByRole('rowheader', { name }) });
  }

  async choose(name: string | RegExp): Promise<void> {
    await this.row(name).first().getByRole('rowheader').click();
    await expect(this.row(name).first()).toHaveAttribute('aria-current', 'true');
  }

  /** The line of a fact beside the table. */
  fact(label: string): Locator {
    return this.facts.getByRole('listitem').filter({ has: this.page.getByText(label, { exact: true }) });
  }

  async correct(label: string, value: string, why: string): Promise<void> {
    await this.facts.getByRole('button', { name: `Correct ${label}`, exact: true }).click();
    const form = this.facts.getByRole('form');
    await form.getByLabel(label, { exact: true }).fill(value);
    await form.getByLabel('Why').fill(why);
    await form.getByRole('button', { name: 'Correct', exact: true }).click();
  }

  /** Drops a file on the page, as from another program. */
  async drop(fileName: string, text: string): Promise<void> {
    const data = await this.page.evaluateHandle(
      ({ name, content }) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([content], name, { type: 'application/json' }));
        return transfer;
      },
      { name: fileName, content: text },
    );
    const target = this.page.getByTestId('catalogs');
    for (const type of ['dragenter', 'dragover', 'drop']) await target.dispatchEvent(type, { dataTransfer: data });
    await this.dialog.waitFor();
  }

  /** What leaves as a file would, described field by field, up to its preview. */
  async describeGpu(fields: Record<string, string>): Promise<void> {
    await this.page.getByRole('button', { name: 'Add a GPU' }).click();
    for (const [label, text] of Object.entries(fields)) {
      await this.gpuDialog.getByRole('textbox', { name: label, exact: true }).fill(text);
    }
    await this.gpuDialog.getByRole('button', { name: 'Preview' }).click();
  }

  act(button: 'Import' | 'Import the good part' | 'Cancel'): Promise<void> {
    return this.dialog.getByRole('button', { name: button, exact: true }).click();
  }
}
