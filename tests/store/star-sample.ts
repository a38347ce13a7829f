import { NO_TEXT, type ColumnBatch, type Keys } from '../../src-worker/protocol/columns.ts';

/** Keys in as few bytes as tell `entries` apart, which wander over all of them. */
export function keysOver(rows: number, entries: number): Keys {
  const all = Uint32Array.from({ length: rows }, (_, row) => (row * 7 + 3) % entries);
  if (entries <= 2 ** 8) return new Uint8Array(all);
  return entries <= 2 ** 16 ? new Uint16Array(all) : all;
}

/**
 * A batch as a sweep writes it: points, offers, deployments and figures of their own in tables, costs as products, ids joined.
 * Some cells of every kind are missing.
 */
export function starBatch(rows: number, seed = 1): ColumnBatch {
  const offers = 200;
  const deployments = 700;
  const dictionary = Array.from({ length: 50 }, (_, entry) => `provider/instance-${entry}/`);
  const numbers = (entries: number, value: (entry: number) => number) =>
    Float64Array.from({ length: entries }, (_, entry) => value(entry));
  return {
    rows,
    order: ['point_id', 'id', 'price', 'instances', 'usd_per_hour', 'latency'],
    tables: [
      {
        entries: offers,
        keys: keysOver(rows, offers),
        numbers: { price: numbers(offers, (entry) => (entry % 11 === 0 ? Number.NaN : Math.sqrt(entry + seed))) },
        texts: {
          place: {
            codes: Uint32Array.from({ length: offers }, (_, entry) => (entry % 13 === 0 ? NO_TEXT : entry % 50)),
            dictionary,
          },
        },
      },
      {
        entries: deployments,
        keys: keysOver(rows, deployments),
        numbers: { instances: numbers(deployments, (entry) => (entry % 17 === 0 ? Number.NaN : entry + 1)) },
        texts: {
          plan: {
            codes: Uint32Array.from({ length: deployments }, (_, entry) => (entry % 19 === 0 ? NO_TEXT : entry % 3)),
            dictionary: ['tp1pp1/fp16', 'tp2pp1/fp8', '=tp4pp1/模型'],
          },
        },
      },
      {
        entries: rows,
        keys: null,
        numbers: {
          point_id: numbers(rows, (row) => seed * rows + Math.floor(row / 20)),
          latency: numbers(rows, (row) => Math.sin(row + seed)),
        },
        texts: {},
      },
    ],
    products: { usd_per_hour: ['price', 'instances'] },
    joined: { id: ['place', 'plan'] },
  };
}
