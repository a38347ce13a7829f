import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import { flushSync, untrack } from 'svelte';

/** Up to this many rows all are in the document; beyond it only those near the view are. */
export const MOST_PLAIN_ROWS = 200;
/** Rows kept ready on each side: more than a frame of fast scrolling (2,000 px) passes. */
const SPARE_ROWS = 80;
/** Height of the view where none can be measured, in px. */
const FALLBACK_HEIGHT = 456;

export interface VirtualOptions {
  count: () => number;
  /** Height of every row in px. */
  rowHeight: () => number;
  /** A row that stays in the document wherever the view is: it holds the tab stop. */
  keptIndex: () => number;
}

/** Which rows have to be in the document at present. */
export class VirtualRows {
  readonly #options: VirtualOptions;
  #window = $state.raw<number[]>([]);

  readonly indexes: number[] = $derived.by(() => {
    const count = this.#options.count();
    if (count <= MOST_PLAIN_ROWS) return Array.from({ length: count }, (_, index) => index);
    const kept = this.#options.keptIndex();
    const inRange = this.#window.filter((index) => index < count);
    return inRange.includes(kept) ? inRange : [...inRange, kept].sort((a, b) => a - b);
  });

  constructor(options: VirtualOptions) {
    this.#options = options;
  }

  /** Follows the scrolling of `scroller` until the element goes: made to be an attachment. */
  attach = (scroller: HTMLElement): (() => void) => {
    const options = () => ({
      count: this.#options.count(),
      estimateSize: this.#options.rowHeight,
      overscan: SPARE_ROWS,
      getScrollElement: () => scroller,
      scrollToFn: elementScroll,
      observeElementOffset,
      observeElementRect: (
        instance: Virtualizer<HTMLElement, HTMLElement>,
        tell: (rect: { width: number; height: number }) => void,
      ) => observeElementRect(instance, ({ width, height }) => tell({ width, height: height || FALLBACK_HEIGHT })),
      onChange: (instance: Virtualizer<HTMLElement, HTMLElement>, isScrolling: boolean) => {
        const take = (): void => void (this.#window = instance.getVirtualIndexes());
        // Rows must be there before the scrolled picture is painted.
        if (isScrolling) flushSync(take);
        else take();
      },
    });
    // Untracked: made anew for every change of the rows it would scroll back to the top each time.
    const virtualizer = untrack(() => new Virtualizer<HTMLElement, HTMLElement>({ ...options(), count: 0 }));
    const unmount = virtualizer._didMount();
    $effect(() => {
      virtualizer.setOptions(options());
      virtualizer.measure();
      virtualizer._willUpdate();
      this.#window = virtualizer.getVirtualIndexes();
    });
    return unmount;
  };
}
