import { expect, type Locator, type Page } from '@playwright/test';

/** The form at the left and the live answer at the right. */
export class SizeScreen {
  readonly verdict: Locator;
  readonly results: Locator;
  readonly chart: Locator;
  private readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    this.verdict = page.getByTestId('verdict');
    this.results = page.getByTestId('results-table');
    this.chart = page.getByTestId('pareto');
  }

  /** Until the answer belongs to what stands in the form. */
  async waitForAnswer(): Promise<void> {
    await expect(this.verdict).toBeVisible();
    await expect(this.page.locator('[aria-busy="true"]')).toHaveCount(0);
  }

  async setUsers(users: string): Promise<void> {
    await this.page.getByRole('textbox', { name: 'Users', exact: true }).fill(users);
  }

  /** Targets stand among what is folded. */
  async showAdvanced(): Promise<void> {
    const targets = this.page.getByLabel('TTFT P95 target, ms');
    if (!(await targets.isVisible())) await this.page.getByText('Advanced', { exact: true }).click();
  }

  async setTarget(label: string, text: string): Promise<void> {
    await this.showAdvanced();
    await this.page.getByLabel(label).fill(text);
  }

  /** Buttons that make the change. */
  relaxations(): Locator {
    return this.page.getByTestId('relaxations').getByRole('button');
  }

  figure(metric: string): Locator {
    return this.page.locator(`[data-explain="${metric}"]`).first();
  }

  /** Opens the explanation of a figure. */
  async explain(metric: string): Promise<Locator> {
    await this.figure(metric).click();
    const popover = this.page.getByRole('dialog');
    await popover.getByTestId('explained-figure').waitFor();
    return popover;
  }

  async importConfig(name: string, text: string): Promise<void> {
    await this.page
      .getByLabel('Choose config.json')
      .setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
  }

  importProblem(): Locator {
    return this.page.getByRole('group', { name: /config[.]json/ }).getByRole('alert');
  }

  /** Leaves the form for all results, chart and grid. */
  async openResults(): Promise<void> {
    await this.page.getByRole('button', { name: /See all results/ }).click();
    await expect(this.results).toBeVisible();
  }

  /** Texts of one column of the results, top to bottom; opens them first. */
  async column(heading: RegExp): Promise<string[]> {
    if (!(await this.results.isVisible())) await this.openResults();
    const headings = await this.results.getByRole('columnheader').allInnerTexts();
    const index = headings.findIndex((text) => heading.test(text));
    if (index < 0) throw new Error(`There is no column ${String(heading)}; there are ${headings.join(', ')}.`);
    const cells = this.results.locator(`[role="row"][data-index] > [data-column="${index}"]`);
    return cells.allInnerTexts();
  }
}
