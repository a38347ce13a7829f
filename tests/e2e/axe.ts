import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/**
 * What axe finds on the page, or in a part of it, in one theme; the dark one differs in its colors alone. axe runs in the page
 * itself, which has no frames, and not once more in an empty page that puts frames together, and it does not write down what is as
 * it should be: a quarter of the time, the same findings.
 */
export async function axeFinds(
  page: Page,
  name: string,
  colorScheme: 'light' | 'dark',
  part: string | null = null,
): Promise<string[]> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
  if (part !== null) axe.include(part);
  if (colorScheme === 'dark') axe.withRules(['color-contrast']);
  const { violations } = await axe.analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html }) => `${name}, ${colorScheme}: ${id}: ${html.slice(0, 200)}`),
  );
}
