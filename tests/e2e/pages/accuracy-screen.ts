import type { Locator, Page } from '@playwright/test';

/** The screen of predictions against measurements. */
export class AccuracyScreen {
  readonly verdict: Locator;
  readonly chart: Locator;
  readonly errors: Locator;
  readonly misses: Locator;
  readonly points: Locator;
  readonly chosenRow: Locator;
  readonly skipped: Locator;
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    const screen = page.getByTestId('accuracy');
    this.verdict = screen.getByTestId('verdict');
    this.chart = screen.getByTestId('agreement');
    this.errors = screen.getByTestId('error-by-metric');
    this.misses = screen.getByTestId('largest-misses');
    this.points = screen.getByTestId('accuracy-points');
    this.chosenRow = this.points.locator('[role="row"][aria-current="true"]');
    this.skipped = screen.getByTestId('skipped-rows');
  }

  /** Every measured point is predicted before there is anything to see. */
  async ready(): Promise<void> {
    await this.chart.waitFor({ timeout: 60_000 });
  }

  async numPoints(): Promise<number> {
    return Number(await this.chart.getAttribute('data-points'));
  }

  async choose(label: string, option: RegExp): Promise<void> {
    await this.page.getByTestId('accuracy').getByRole('combobox', { name: label, exact: true }).click();
    await this.page.getByRole('option', { name: option }).first().click();
  }
}
