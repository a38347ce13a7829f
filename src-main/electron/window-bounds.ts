import { z } from 'zod';

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface WindowBounds {
  /** Without a place the system chooses one. */
  place: { x: number; y: number } | null;
  width: number;
  height: number;
  isMaximized: boolean;
}

export const DEFAULT_BOUNDS: WindowBounds = { place: null, width: 1280, height: 800, isMaximized: false };
export const MIN_WIDTH = 1024;
export const MIN_HEIGHT = 700;
/** As much of the window as must lie on a screen for it to be found and moved, in pixels. */
const GRIP = { width: 120, height: 40 };

const storedSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(1).max(100_000),
  height: z.number().int().min(1).max(100_000),
  isMaximized: z.boolean(),
});

export const boundsText = (bounds: Rectangle & { isMaximized: boolean }): string => JSON.stringify(bounds);

/**
 * Where the window was when it was closed, as far as the screens of today show it: a screen that was taken away must not
 * take the window with it. Text that cannot be read counts as none.
 */
export function readBounds(text: string | null, workAreas: Rectangle[]): WindowBounds {
  const stored = storedSchema.safeParse(parsed(text));
  if (!stored.success) return DEFAULT_BOUNDS;
  const { x, y, isMaximized } = stored.data;
  const width = Math.max(MIN_WIDTH, stored.data.width);
  const height = Math.max(MIN_HEIGHT, stored.data.height);
  const isFound = workAreas.some((area) => holdsTitle(area, { x, y, width, height }));
  return { place: isFound ? { x, y } : null, width, height, isMaximized };
}

function holdsTitle(area: Rectangle, window: Rectangle): boolean {
  const shownWidth = Math.min(area.x + area.width, window.x + window.width) - Math.max(area.x, window.x);
  const isTopShown = window.y >= area.y && window.y + GRIP.height <= area.y + area.height;
  return shownWidth >= GRIP.width && isTopShown;
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch (thrown) {
    // Half a file: the program was ended while it wrote.
    if (thrown instanceof SyntaxError) return null;
    throw thrown;
  }
}
