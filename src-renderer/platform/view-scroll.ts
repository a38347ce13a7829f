/** How far each view was scrolled, so that one that is opened again stands where it was left. */
export class ViewScroll {
  readonly #places = new Map<string, number[]>();

  remember(view: string, root: HTMLElement): void {
    this.#places.set(
      view,
      scrollers(root).map((element) => element.scrollTop),
    );
  }

  restore(view: string, root: HTMLElement): void {
    const places = this.#places.get(view) ?? [];
    scrollers(root).forEach((element, index) => (element.scrollTop = places[index] ?? 0));
  }
}

/** The screen itself, and what a screen marks as scrolling by itself. */
const scrollers = (root: HTMLElement): HTMLElement[] => [root, ...root.querySelectorAll<HTMLElement>('[data-scrolls]')];

/** Puts the focus on the heading of what is shown: a reader says where one is, and Tab goes on from there. */
export function focusHeading(root: HTMLElement): void {
  const heading = root.querySelector<HTMLElement>('h1') ?? root;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
