import type { Page } from '@playwright/test';

/**
 * Words a person cannot read on the page as it stands: cut off by a box that does not scroll, without the whole text in a
 * title, beyond the edge of a window that does not scroll there, or over the border of their own button; and values that
 * their field cuts off without saying so. Texts inside something that scrolls can be reached.
 */
export function clippedTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    /** Rounding, and the ink of italics. */
    const SLACK_PX = 2;
    interface Box {
      left: number;
      right: number;
      top: number;
      bottom: number;
    }
    const found: string[] = [];

    /** Kept from the eye on purpose: names for assistive technology, the link that shows itself when it has the focus. */
    const isForReadersOnly = (element: Element): boolean => {
      for (let at: Element | null = element; at; at = at.parentElement) {
        const { clipPath, clip } = getComputedStyle(at);
        if (clipPath !== 'none' || clip !== 'auto' || at.matches('.skip, [aria-hidden="true"]')) return true;
      }
      return false;
    };
    const hasWholeTextElsewhere = (element: Element): boolean =>
      element.closest('[title]') !== null && getComputedStyle(element).textOverflow === 'ellipsis';

    /** The element that cuts `box`, whose text belongs to `owner`; null where it can be read or scrolled to. */
    function cutter(owner: Element, box: Box): Element | null {
      let { left, right, top, bottom } = box;
      for (let at: Element | null = owner; at && at !== document.documentElement; at = at.parentElement) {
        const { overflowX, overflowY, position } = getComputedStyle(at);
        const edge = at.getBoundingClientRect();
        const cuts = (overflow: string, isBeyond: boolean): boolean => /hidden|clip/.test(overflow) && isBeyond;
        const isWide = left < edge.left - SLACK_PX || right > edge.right + SLACK_PX;
        const isTall = top < edge.top - SLACK_PX || bottom > edge.bottom + SLACK_PX;
        if (cuts(overflowX, isWide) || cuts(overflowY, isTall)) return hasWholeTextElsewhere(at) ? null : at;
        if (/auto|scroll/.test(overflowX)) ({ left, right } = edge);
        if (/auto|scroll/.test(overflowY)) ({ top, bottom } = edge);
        if (position === 'fixed') break;
      }
      const root = document.documentElement;
      const isBeyondWindow =
        left < -SLACK_PX ||
        right > Math.max(innerWidth, root.scrollWidth) + SLACK_PX ||
        bottom > Math.max(innerHeight, root.scrollHeight) + SLACK_PX;
      return isBeyondWindow ? document.body : null;
    }

    /** The button whose border the text reaches over. */
    function spills(owner: Element, box: Box): Element | null {
      const button = owner.closest('button');
      if (!button) return null;
      const edge = button.getBoundingClientRect();
      const isBeyond =
        box.left < edge.left - SLACK_PX ||
        box.right > edge.right + SLACK_PX ||
        box.top < edge.top - SLACK_PX ||
        box.bottom > edge.bottom + SLACK_PX;
      return isBeyond ? button : null;
    }

    for (const field of document.querySelectorAll('input')) {
      const isCut = field.scrollWidth > field.clientWidth + SLACK_PX && field !== document.activeElement;
      if (!isCut || !field.checkVisibility({ visibilityProperty: true }) || isForReadersOnly(field)) continue;
      if (getComputedStyle(field).textOverflow !== 'ellipsis') found.push(`"${field.value.slice(0, 60)}" in its field`);
    }

    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const owner = node.parentElement;
      if (!owner || node.textContent?.trim() === '' || isForReadersOnly(owner)) continue;
      if (!owner.checkVisibility({ visibilityProperty: true })) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const box = range.getBoundingClientRect();
      if (box.width === 0) continue;
      const by = cutter(owner, box) ?? spills(owner, box);
      if (by) found.push(`"${node.textContent?.trim().slice(0, 60)}" in ${by.tagName.toLowerCase()}.${by.className}`);
    }
    return found;
  });
}
