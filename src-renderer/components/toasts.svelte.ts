/** Something that has been done, and how to take it back. Never an error: that stays on the page. */
export interface Toast {
  sentence: string;
  undo?: () => void;
  /** Shortcut of the undoing, in the registry's words. */
  keys?: string;
}

const SHOWN_MS = 8000;

/**
 * One toast at a time for eight seconds; a newer one takes its place. The clock stands still while somebody points at
 * it or has the focus in it, and starts anew when they leave. Under an open dialog a toast waits: it would lie over the
 * dialog's buttons.
 */
export class Toasts {
  current = $state.raw<Toast | null>(null);
  #covers = $state.raw(0);
  #isHeldBy = { pointer: false, focus: false };
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The one to be seen now. */
  get shown(): Toast | null {
    return this.#covers > 0 ? null : this.current;
  }

  /** A dialog opens; what it returns is called when that closes. */
  cover(): () => void {
    this.#covers += 1;
    // What was pointed at is gone from the page, and nothing tells of its leaving.
    this.#isHeldBy = { pointer: false, focus: false };
    this.#restart();
    return () => {
      this.#covers -= 1;
      this.#restart();
    };
  }

  show(toast: Toast): void {
    this.current = toast;
    this.#restart();
  }

  dismiss(): void {
    clearTimeout(this.#timer);
    this.#isHeldBy = { pointer: false, focus: false };
    this.current = null;
  }

  /** Where one goes the shortcut means something else; the button stays. */
  releaseKeys(): void {
    if (this.current === null) return;
    const { sentence, undo } = this.current;
    this.current = undo ? { sentence, undo } : { sentence };
  }

  undo(): void {
    const { current } = this;
    this.dismiss();
    current?.undo?.();
  }

  hold(reason: 'pointer' | 'focus'): void {
    this.#isHeldBy[reason] = true;
    clearTimeout(this.#timer);
  }

  release(reason: 'pointer' | 'focus'): void {
    this.#isHeldBy[reason] = false;
    this.#restart();
  }

  #restart(): void {
    clearTimeout(this.#timer);
    if (this.current === null || this.#covers > 0 || this.#isHeldBy.pointer || this.#isHeldBy.focus) return;
    this.#timer = setTimeout(() => this.dismiss(), SHOWN_MS);
  }
}

/** Those of the window. */
export const toasts = new Toasts();
