import { expect, type Locator, type Page } from '@playwright/test';

/** What is simulated, and what came of it. */
export class SimulateScreen {
  readonly verdict: Locator;
  readonly latencies: Locator;
  readonly timeline: Locator;
  readonly traceFacts: Locator;
  readonly result: Locator;
  private readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    this.result = page.getByTestId('simulation');
    this.verdict = this.result.getByTestId('verdict');
    this.latencies = page.getByTestId('latency-table');
    this.timeline = page.getByTestId('timeline');
    this.traceFacts = page.getByTestId('trace-facts');
  }

  /** Until there is a simulation and none is under way. */
  async ready(): Promise<void> {
    await this.timeline.waitFor();
    await expect(this.result).toHaveAttribute('aria-busy', 'false');
  }

  async setRate(text: string): Promise<void> {
    await this.page.getByLabel('Requests per second').fill(text);
  }

  async showAdvanced(): Promise<void> {
    await this.page.getByTestId('simulate').getByText('Advanced', { exact: true }).click();
  }

  async chooseTrace(name: string, text: string): Promise<void> {
    await this.page
      .getByTestId('simulate')
      .locator('input[type=file]')
      .setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
  }

  /** Drops a file on the screen, as from a file manager. */
  async dropTrace(name: string, text: string): Promise<void> {
    const files = await this.page.evaluateHandle(
      ({ fileName, content }) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([content], fileName, { type: 'text/csv' }));
        return transfer;
      },
      { fileName: name, content: text },
    );
    await this.page.getByTestId('simulate').dispatchEvent('drop', { dataTransfer: files });
  }

  /** A latency as it is shown, in ms: `figure('TTFT', 'P95')`. */
  async figure(latency: string, statistic: string): Promise<number> {
    const heads = await this.latencies.getByRole('columnheader').allInnerTexts();
    const column = heads.findIndex((head) => head.startsWith(statistic));
    const cell = this.latencies.getByRole('row', { name: new RegExp(`^${latency}`) }).getByRole('cell');
    const text = await cell
      .nth(column - 1)
      .locator('b')
      .innerText();
    return Number(text.replaceAll(',', ''));
  }

  command(): Promise<string> {
    return this.result.getByRole('region', { name: 'Command' }).locator('pre').innerText();
  }
}
