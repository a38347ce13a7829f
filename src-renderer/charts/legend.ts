/** What a color, a shape or a stroke stands for. The frame draws it beside the chart, and again on a saved picture. */
export interface LegendEntry {
  id: string;
  label: string;
  mark: LegendMark;
  /** A custom property of the theme: `--chart-1`. */
  color: string;
  /** Set = a series that can be hidden and shown. */
  isShown?: boolean;
}

export type LegendMark =
  | 'dot'
  | 'ring'
  | 'cross'
  | 'square'
  | 'triangle'
  | 'diamond'
  | 'circle-outline'
  | 'rect-outline'
  | 'triangle-outline'
  | 'rectRot-outline'
  | 'line'
  | 'dashed'
  | 'dotted'
  | 'hatched'
  | 'outlined';

export const MARK_WIDTH = 16;
export const MARK_HEIGHT = 12;

/** Outline of each mark on a field of 16 × 12, as an SVG path: HTML and canvas draw the same one. */
export const MARK_PATHS: Record<LegendMark, { path: string; isFilled: boolean; dash: number[] }> = {
  dot: { path: 'M12.5 6a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z', isFilled: true, dash: [] },
  ring: { path: 'M12 6a4 4 0 1 1-8 0 4 4 0 0 1 8 0z', isFilled: false, dash: [] },
  cross: { path: 'M4 2l8 8M4 10l8-8', isFilled: false, dash: [] },
  square: { path: 'M3 1h10v10H3z', isFilled: true, dash: [] },
  triangle: { path: 'M8 1.500 13 10.500h-10z', isFilled: true, dash: [] },
  diamond: { path: 'M8 1l5 5-5 5-5-5z', isFilled: true, dash: [] },
  'circle-outline': { path: 'M12 6a4 4 0 1 1-8 0 4 4 0 0 1 8 0z', isFilled: false, dash: [] },
  'rect-outline': { path: 'M4.5 2.5h7v7h-7z', isFilled: false, dash: [] },
  'triangle-outline': { path: 'M8 1.5 12.5 10h-9z', isFilled: false, dash: [] },
  'rectRot-outline': { path: 'M8 1l5 5-5 5-5-5z', isFilled: false, dash: [] },
  line: { path: 'M0 6h16', isFilled: false, dash: [] },
  dashed: { path: 'M0 6h16', isFilled: false, dash: [5, 2.5] },
  dotted: { path: 'M0 6h16', isFilled: false, dash: [2, 3] },
  hatched: { path: 'M3 1h10v10H3zM3 6l5-5M3 11 13 1M8 11l5-5', isFilled: false, dash: [] },
  outlined: { path: 'M3 1h10v10H3z', isFilled: false, dash: [] },
};
