import type { Locator, Page } from '@playwright/test';

/** More stops than any screen has. */
const MOST_STOPS = 200;

/** Presses Tab until `target` has the focus; throws where no tab stop leads to it. */
export async function tabTo(page: Page, target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  await target.waitFor();
  const element = await target.elementHandle();
  for (let stops = 0; stops <= MOST_STOPS; stops += 1) {
    if (await page.evaluate((wanted) => document.activeElement === wanted, element)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`No tab stop is ${String(target)}`);
}
