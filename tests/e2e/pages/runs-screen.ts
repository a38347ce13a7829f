import { expect, type Locator, type Page } from '@playwright/test';
import { exportAs, type Download, type ExportFormat } from './sweep-screen.ts';

/** What has been stored. */
export class RunsScreen {
  readonly table: Locator;
  private readonly screen: Locator;
  readonly detail: Locator;
  private readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    this.screen = page.getByTestId('runs');
    this.table = page.getByTestId('runs-table');
    this.detail = page.getByTestId('run-detail');
  }

  rows(): Locator {
    return this.table.locator('[role="row"][data-index]');
  }

  /** The list shows what it held before until it has been read anew. */
  async openNewest(): Promise<void> {
    await expect(this.screen).toHaveAttribute('aria-busy', 'false');
    await this.rows().first().getByRole('rowheader').click();
    await this.detail.waitFor();
  }

  /** The rows of the open run onto the clipboard. */
  async copyRows(format: 'CSV' | 'TSV' | 'Markdown'): Promise<void> {
    await this.detail.getByRole('button', { name: 'Copy', exact: true }).first().click();
    await this.page.getByRole('menuitem', { name: `As ${format}` }).click();
  }

  async openInSweep(): Promise<void> {
    await this.detail.getByRole('button', { name: 'Open in Sweep' }).click();
  }

  export(format: ExportFormat): Promise<Download> {
    return exportAs(this.page, this.detail, format);
  }
}
