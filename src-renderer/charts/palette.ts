/** The colors a canvas needs, read from the theme: a canvas cannot use custom properties itself. */
export interface Palette {
  series: string[];
  text: string;
  text2: string;
  text3: string;
  surface: string;
  accent: string;
  met: string;
  missed: string;
  /** What limits a step, in the colors of the time split. */
  memory: string;
  compute: string;
  grid: string;
  axis: string;
  frontier: string;
  target: string;
  unstable: string;
  tooltip: string;
  font: string;
  /** High contrast draws faint points solid. */
  isHighContrast: boolean;
}

/** `element` decides which theme applies: custom properties are inherited. */
export function readPalette(element: Element): Palette {
  const read = tokenReader(element);
  if (matchMedia('(forced-colors: active)').matches) return forcedPalette(read('--font-ui'));
  return {
    series: [1, 2, 3, 4, 5, 6, 7].map((slot) => read(`--chart-${slot}`)),
    text: read('--text'),
    text2: read('--text-2'),
    text3: read('--text-3'),
    surface: read('--surface'),
    accent: read('--accent'),
    met: read('--met'),
    missed: read('--missed'),
    memory: read('--part-memory'),
    compute: read('--part-compute'),
    grid: read('--chart-grid'),
    axis: read('--chart-axis'),
    frontier: read('--chart-frontier'),
    target: read('--chart-target'),
    unstable: read('--chart-unstable'),
    tooltip: read('--surface-3'),
    font: read('--font-ui'),
    isHighContrast:
      document.documentElement.dataset['contrast'] === 'more' || matchMedia('(prefers-contrast: more)').matches,
  };
}

/** Where the system forces its colors only shapes, dashes, hatches and names tell things apart. */
function forcedPalette(font: string): Palette {
  const ink = 'CanvasText';
  return {
    series: Array.from({ length: 7 }, () => ink),
    ...{ text: ink, text2: ink, text3: ink, met: ink, missed: ink, memory: ink, compute: ink },
    ...{ axis: ink, frontier: ink, target: ink, unstable: ink },
    ...{ surface: 'Canvas', tooltip: 'Canvas', accent: 'Highlight', grid: 'GrayText' },
    font,
    isHighContrast: true,
  };
}

/** The value of a custom property where `element` stands. */
export function tokenReader(element: Element): (name: string) => string {
  const styles = getComputedStyle(element);
  return (name) => styles.getPropertyValue(name).trim();
}
