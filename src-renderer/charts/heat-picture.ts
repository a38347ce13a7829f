import { hatch } from './canvas-marks.ts';
import type { HeatSpec } from './heat-spec.ts';
import { readPalette, tokenReader } from './palette.ts';

/** The heat map as a picture for a file: on screen it is a table. */

const SCALE = 2;
const CELL = { width: 52, height: 22 };
const HEAD_HEIGHT = 38;

export function heatPicture(spec: HeatSpec, words: { rows: string; head: string }, element: Element) {
  const canvas = document.createElement('canvas');
  const ctx = canvas.getContext('2d');
  if (!ctx) return null;
  const palette = readPalette(element);
  const color = tokenReader(element);
  const font = `12px ${palette.font}`;
  ctx.font = font;
  const left =
    Math.max(...[words.rows, ...spec.rows.map(({ label }) => label)].map((text) => ctx.measureText(text).width)) + 10;
  canvas.width = (left + spec.columns.length * CELL.width) * SCALE;
  canvas.height = (HEAD_HEIGHT + spec.rows.length * CELL.height) * SCALE;
  ctx.scale(SCALE, SCALE);
  ctx.font = font;
  ctx.textBaseline = 'middle';
  ctx.fillStyle = palette.text2;
  ctx.fillText(words.rows, 0, 30);
  ctx.fillText(words.head, 0, 8);
  ctx.textAlign = 'center';
  spec.columns.forEach(({ label }, index) =>
    ctx.fillText(label, left + (index + 0.5) * CELL.width, 28, CELL.width - 4),
  );
  spec.cells.forEach((row, rowIndex) => {
    const top = HEAD_HEIGHT + rowIndex * CELL.height;
    ctx.textAlign = 'left';
    ctx.fillStyle = palette.text;
    ctx.fillText(spec.rows[rowIndex]?.label ?? '', 0, top + CELL.height / 2);
    ctx.textAlign = 'center';
    row.forEach((spot, index) => {
      const box = {
        left: left + index * CELL.width + 1,
        right: left + (index + 1) * CELL.width - 1,
        top: top + 1,
        bottom: top + CELL.height - 1,
      };
      if (spot.level === null) {
        if (spot.state === 'empty') hatch(ctx, box, palette.text3);
        ctx.strokeStyle = color('--line');
        ctx.lineWidth = 1;
        ctx.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
        return;
      }
      ctx.fillStyle = color(`--chart-seq-${spot.level}`);
      ctx.fillRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
      ctx.fillStyle = spot.level <= 3 ? palette.text : palette.surface;
      ctx.fillText(spot.text, (box.left + box.right) / 2, top + CELL.height / 2, CELL.width - 4);
    });
  });
  return canvas;
}
