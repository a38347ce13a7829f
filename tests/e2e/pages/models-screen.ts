import { expect, type Locator, type Page } from '@playwright/test';

/** Every model there is, with the facts of one of them beside the table. */
export class ModelsScreen {
  readonly table: Locator;
  readonly facts: Locator;
  readonly layers: Locator;
  readonly fits: Locator;
  private readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    this.table = page.getByTestId('models-table');
    this.facts = page.getByTestId('model-inspector');
    this.layers = page.getByTestId('layer-table');
    this.fits = page.getByTestId('fits-table');
  }

  async search(words: string): Promise<void> {
    await this.page.getByRole('searchbox', { name: /^Search models/ }).fill(words);
  }

  row(id: string): Locator {
    return this.table.getByRole('row').filter({ has: this.page.getByRole('rowheader', { name: id }) });
  }

  /** Chooses a model and waits for its facts. */
  async choose(id: string): Promise<void> {
    await this.row(id).first().getByRole('rowheader').click();
    await this.waitForFacts(id);
  }

  async waitForFacts(id: string): Promise<void> {
    await expect(this.facts.getByRole('heading', { level: 2 })).toHaveText(id, { useInnerText: true });
    await expect(this.layers.or(this.facts.getByText('Cannot be sized.'))).toBeVisible();
  }

  /** Drops a file on the table, as from another program. */
  async drop(fileName: string, text: string): Promise<void> {
    const data = await this.page.evaluateHandle(
      ({ name, content }) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([content], name, { type: 'application/json' }));
        return transfer;
      },
      { name: fileName, content: text },
    );
    for (const type of ['dragenter', 'dragover', 'drop']) await this.table.dispatchEvent(type, { dataTransfer: data });
  }

  act(button: 'Size this model' | 'View config' | 'Remove'): Promise<void> {
    return this.facts.getByRole('button', { name: button }).click();
  }
}
