import type { Box, LabelPlace } from './label-places.ts';
import type { Palette } from './palette.ts';

/** Strokes and words that charts share, for what the drawing library has no word for. */

const HALO_WIDTH = 3.5;
const HATCH_STEP = 8;
const HATCH_OPACITY = 0.3;
const ARROW_HEAD = 5;
export const TARGET_DASH = [5, 3];

export const labelFont = (palette: Palette): string => `500 11px ${palette.font}`;

export function line(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

/** Lines at 45 degrees over a box. */
export function hatch(ctx: CanvasRenderingContext2D, box: Box, color: string): void {
  const height = box.bottom - box.top;
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.right - box.left, height);
  ctx.clip();
  ctx.strokeStyle = color;
  ctx.globalAlpha = HATCH_OPACITY;
  ctx.lineWidth = 1;
  for (let x = box.left - height; x < box.right; x += HATCH_STEP) line(ctx, x, box.bottom, x + height, box.top);
  ctx.restore();
}

export function targetLine(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  from: [number, number],
  to: [number, number],
): void {
  ctx.save();
  ctx.strokeStyle = palette.target;
  ctx.lineWidth = 1.25;
  ctx.setLineDash(TARGET_DASH);
  line(ctx, ...from, ...to);
  ctx.restore();
}

export function arrow(ctx: CanvasRenderingContext2D, fromX: number, toX: number, y: number, color: string): void {
  const back = toX > fromX ? -ARROW_HEAD : ARROW_HEAD;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.5;
  line(ctx, fromX, y, toX, y);
  ctx.beginPath();
  ctx.moveTo(toX + back, y - ARROW_HEAD + 1);
  ctx.lineTo(toX, y);
  ctx.lineTo(toX + back, y + ARROW_HEAD - 1);
  ctx.stroke();
  ctx.restore();
}

export interface Words {
  text: string;
  x: number;
  y: number;
  align?: CanvasTextAlign;
  color: string;
}

/** Words with a halo, so that lines under them do not cross the letters. */
export function label(ctx: CanvasRenderingContext2D, palette: Palette, words: Words): void {
  ctx.save();
  ctx.font = labelFont(palette);
  ctx.textAlign = words.align ?? 'left';
  ctx.textBaseline = 'middle';
  ctx.lineJoin = 'round';
  ctx.lineWidth = HALO_WIDTH;
  ctx.strokeStyle = palette.surface;
  ctx.strokeText(words.text, words.x, words.y);
  ctx.fillStyle = words.color;
  ctx.fillText(words.text, words.x, words.y);
  ctx.restore();
}

export function drawLabels(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  places: readonly LabelPlace[],
  color: (id: string) => string,
): void {
  for (const { id, text, x, y, align } of places) label(ctx, palette, { text, x, y, align, color: color(id) });
}

export function measure(ctx: CanvasRenderingContext2D, palette: Palette, text: string): number {
  ctx.font = labelFont(palette);
  return ctx.measureText(text).width;
}

/** What the y axis measures above it, what the x axis measures below its right end. */
export function axisTitles(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  size: { width: number; height: number; right: number },
  titles: { x: string; y: string },
): void {
  ctx.save();
  ctx.font = `11px ${palette.font}`;
  ctx.fillStyle = palette.text3;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  ctx.fillText(titles.y, 2, 1);
  ctx.textBaseline = 'bottom';
  ctx.textAlign = 'right';
  ctx.fillText(titles.x, size.right, size.height - 1);
  ctx.restore();
}
