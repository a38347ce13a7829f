import '@testing-library/jest-dom/vitest';
import { configure } from '@testing-library/svelte';
import { afterEach } from 'vitest';

// When to give up on what has to appear, no measure of how fast it does: a second is too short on a machine that does other things.
configure({ asyncUtilTimeout: 10_000 });

/*
 * What jsdom lacks and the parts on bits-ui ask for. Nothing here lays anything out: sizes stay 0, so what depends on
 * them is tested in Chromium.
 */
class NoResizes {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

globalThis.ResizeObserver ??= NoResizes;

const MISSING: Record<string, () => unknown> = {
  scrollIntoView: () => undefined,
  hasPointerCapture: () => false,
  setPointerCapture: () => undefined,
  releasePointerCapture: () => undefined,
};
for (const [name, value] of Object.entries(MISSING)) {
  if (!(name in Element.prototype)) Object.defineProperty(Element.prototype, name, { value, writable: true });
}

// A clipboard that a test put there (fixtures/clipboard.ts).
afterEach(() => void Reflect.deleteProperty(navigator, 'clipboard'));
