import { expect, test } from 'vitest';
import { documentPieces, documentText } from '../../src-worker/protocol/documents.ts';

const many = Array.from({ length: 5000 }, (_, index) => ({ point_id: `p"${index}\n`, columns: { a: [index, null] } }));

test.each<[what: string, document: object]>([
  ['nothing', {}],
  ['figures, texts and null', { a: 1, b: 'x\ny', c: null, d: true }],
  ['what is not there', { a: undefined, b: 2 }],
  ['empty lists and objects', { a: [], b: {}, c: [[], {}] }],
  ['lists of everything', { a: [1, 'x\n', null, undefined, { b: [{ c: {} }] }], z: { y: [1, { x: 2 }] } }],
  ['thousands of rows', { a: 1, points: many, last: 'x' }],
])('a document with %s in parts is its text', (_, document) => {
  expect([...documentPieces(document)].join('')).toBe(documentText(document));
});

test('the parts of a large document stay small', () => {
  const lengths = [...documentPieces({ many })].map((piece) => piece.length);
  expect(lengths.length).toBeGreaterThan(3);
  expect(Math.max(...lengths)).toBeLessThan(70_000);
});
