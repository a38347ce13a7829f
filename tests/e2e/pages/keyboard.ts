import { expect, type Locator, type Page } from '@playwright/test';

/** More stops than any screen has. */
const MOST_STOPS = 200;

/** Presses Tab until `target` has the focus; throws where no tab stop leads to it. */
export async function tabTo(page: Page, target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  await target.waitFor();
  for (let stops = 0; stops <= MOST_STOPS; stops += 1) {
    // Found anew each time: an answer that comes meanwhile may draw it again.
    if (await target.evaluate((wanted) => document.activeElement === wanted)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`No tab stop is ${String(target)}`);
}

/** Goes to a screen by its command, from wherever the focus is. */
export async function goTo(
  page: Page,
  screen: 'Start' | 'Size' | 'Sweep' | 'Runs' | 'Catalogs' | 'Models',
): Promise<void> {
  await page.keyboard.press('Control+k');
  // Letters typed before the palette has the focus go where it was.
  await expect(page.getByTestId('palette').getByPlaceholder('Command, model, run or configuration')).toBeFocused();
  await page.keyboard.type(`go to ${screen}`);
  await page.keyboard.press('Enter');
  const button = page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen });
  await expect(button).toHaveAttribute('aria-current', 'page');
}
