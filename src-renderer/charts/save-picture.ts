import { MARK_HEIGHT, MARK_PATHS, MARK_WIDTH, type LegendEntry } from './legend.ts';
import { readPalette, tokenReader } from './palette.ts';

/** A chart as a file that stands alone: title, picture, legend and caption on the ground of the theme, at twice the size. */

const SCALE = 2;
const MARGIN = 16;
const TITLE_HEIGHT = 26;
const LINE_HEIGHT = 18;
const LEGEND_GAP = 14;

export interface PictureParts {
  title: string;
  caption: string;
  legend: readonly LegendEntry[];
  /** Already at twice the size. */
  picture: HTMLCanvasElement;
  /** Where the theme is read. */
  element: Element;
}

export async function chartPng(parts: PictureParts): Promise<Blob | null> {
  const canvas = composed(parts);
  return canvas && new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
}

function composed({ title, caption, legend, picture, element }: PictureParts): HTMLCanvasElement | null {
  const canvas = document.createElement('canvas');
  const ctx = canvas.getContext('2d');
  if (!ctx) return null;
  const palette = readPalette(element);
  const color = tokenReader(element);
  const width = picture.width / SCALE;
  ctx.font = `12px ${palette.font}`;
  const measure = (text: string): number => ctx.measureText(text).width;
  const shown = legend.filter((entry) => entry.isShown !== false);
  const rows = flow(
    shown.map((entry) => MARK_WIDTH + 4 + measure(entry.label)),
    LEGEND_GAP,
    width,
  );
  const captionLines = wrap(caption, width, measure);
  const top = MARGIN + TITLE_HEIGHT;
  const legendTop = top + picture.height / SCALE + 6;
  const captionTop = legendTop + rows.length * LINE_HEIGHT + 4;
  canvas.width = (width + 2 * MARGIN) * SCALE;
  canvas.height = (captionTop + captionLines.length * LINE_HEIGHT + MARGIN) * SCALE;
  ctx.scale(SCALE, SCALE);
  ctx.fillStyle = palette.surface;
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.textBaseline = 'middle';
  ctx.fillStyle = palette.text;
  ctx.font = `600 14px ${palette.font}`;
  ctx.fillText(title, MARGIN, MARGIN + 8);
  ctx.drawImage(picture, MARGIN, top, width, picture.height / SCALE);
  ctx.font = `12px ${palette.font}`;
  rows.forEach((row, index) => {
    for (const { item, left } of row) {
      const entry = shown[item];
      if (!entry) continue;
      const y = legendTop + index * LINE_HEIGHT + LINE_HEIGHT / 2;
      drawMark(ctx, entry, MARGIN + left, y - MARK_HEIGHT / 2, color(entry.color));
      ctx.fillStyle = palette.text2;
      ctx.fillText(entry.label, MARGIN + left + MARK_WIDTH + 4, y);
    }
  });
  ctx.fillStyle = palette.text3;
  ctx.font = `11px ${palette.font}`;
  captionLines.forEach((text, index) => ctx.fillText(text, MARGIN, captionTop + index * LINE_HEIGHT + LINE_HEIGHT / 2));
  return canvas;
}

function drawMark(ctx: CanvasRenderingContext2D, { mark }: LegendEntry, x: number, y: number, color: string): void {
  const { path, isFilled, dash } = MARK_PATHS[mark];
  ctx.save();
  ctx.translate(x, y);
  ctx.fillStyle = color;
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.5;
  ctx.setLineDash(dash);
  if (isFilled) ctx.fill(new Path2D(path));
  else ctx.stroke(new Path2D(path));
  ctx.restore();
}

/** Items of the given widths in rows that are not wider than `width`; an item wider than that has a row of its own. */
export function flow(widths: readonly number[], gap: number, width: number): { item: number; left: number }[][] {
  const rows: { item: number; left: number }[][] = [];
  let left = Infinity;
  widths.forEach((itemWidth, item) => {
    if (left + itemWidth > width) {
      rows.push([]);
      left = 0;
    }
    rows.at(-1)?.push({ item, left });
    left += itemWidth + gap;
  });
  return rows;
}

/** Words in lines that are not wider than `width`. */
export function wrap(text: string, width: number, measure: (text: string) => number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trim();
    if (lines.length > 0 && measure(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
