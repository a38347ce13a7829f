import { expect, type Locator, type Page } from '@playwright/test';
import { AccuracyScreen } from './accuracy-screen.ts';
import { CatalogsScreen } from './catalogs-screen.ts';
import { ModelsScreen } from './models-screen.ts';
import { RunsScreen } from './runs-screen.ts';
import { SimulateScreen } from './simulate-screen.ts';
import { SizeScreen } from './size-screen.ts';
import { SweepScreen } from './sweep-screen.ts';

export type ScreenName = 'Start' | 'Size' | 'Sweep' | 'Runs' | 'Simulate' | 'Catalogs' | 'Models' | 'Accuracy';

/** The page as a person sees it: screens by their names, and everything the browser complained about. */
export class AppPage {
  readonly size: SizeScreen;
  readonly sweep: SweepScreen;
  readonly runs: RunsScreen;
  readonly simulate: SimulateScreen;
  readonly catalogs: CatalogsScreen;
  readonly models: ModelsScreen;
  readonly accuracy: AccuracyScreen;
  readonly statusBar: Locator;
  /** Errors on the console and errors nobody caught. */
  readonly complaints: string[] = [];
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    this.size = new SizeScreen(page);
    this.sweep = new SweepScreen(page);
    this.runs = new RunsScreen(page);
    this.simulate = new SimulateScreen(page);
    this.catalogs = new CatalogsScreen(page);
    this.models = new ModelsScreen(page);
    this.accuracy = new AccuracyScreen(page);
    this.statusBar = page.getByTestId('status-bar');
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
  }

  /** Opens the address and goes to the form, wherever the window was left; waits for the first answer. */
  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.show('Size');
    await this.size.waitForAnswer();
  }

  async show(screen: ScreenName): Promise<void> {
    const button = this.page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen });
    await button.click();
    await expect(button).toHaveAttribute('aria-current', 'page');
  }
}
