const REGION = '[data-region]';
const FOCUSABLE =
  'button:not(:disabled), a[href], input:not(:disabled), select, textarea, [tabindex]:not([tabindex="-1"])';

/** Parts of the window in the order of the page. One that holds others is left to them. */
function regions(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(REGION)].filter(
    (region) => region.querySelector(REGION) === null && region.getClientRects().length > 0,
  );
}

/** Puts the focus into the part of the window that follows the one it is in. */
export function focusNextRegion(): void {
  const all = regions();
  const present = all.findIndex((region) => region.contains(document.activeElement));
  const next = all[(present + 1) % all.length];
  if (!next) return;
  const first = next.querySelector<HTMLElement>('button[aria-current]') ?? next.querySelector<HTMLElement>(FOCUSABLE);
  if (first) return first.focus();
  next.tabIndex = -1;
  next.focus();
}
