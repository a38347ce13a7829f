import type { Palette } from './palette.ts';

/** What is asked for whenever a chart of stops is drawn over. */
export interface StopsLink {
  palette: () => Palette;
  /** The stop one stands on, -1 = none. */
  active: () => number;
}
