import { basename } from 'node:path';
import { emptyContent } from '../content.ts';
import { JsonEntries } from './entry-places.ts';
import { isObject, JsonFields } from './json-fields.ts';
import { linesOf, type JsonPath } from './json-places.ts';
import { Counted, JsonProblems } from './problems.ts';
import type { FormatReader } from './reader.ts';
import { readSeedInstances } from './seed-instances.ts';
import { readSeedWorkloads } from './seed-workloads.ts';

/**
 * The two files of the Python original: `vm_instances` with `metadata`, and `workloads` by name with their tables. Either
 * may stand alone or in one file with the other, and an instance needs a name and its GPUs only.
 */
export const seedReader: FormatReader = {
  format: 'seed',
  recognizes(shape) {
    if (shape.kind !== 'json' || !isObject(shape.data)) return false;
    const { vm_instances: instances, workloads, headroom_factors: headroom } = shape.data;
    return instances !== undefined || isObject(workloads) || isObject(headroom);
  },
  read(shape, context) {
    const data = shape.kind === 'json' && isObject(shape.data) ? shape.data : {};
    const problems = new JsonProblems();
    const counted = new Counted();
    const source = basename(context.fileName.replaceAll('\\', '/'));
    const places = new JsonEntries(shape.text, data);
    const unpriced = new JsonProblems();
    const reading = {
      data,
      problems,
      fields: new JsonFields(problems),
      notes: counted,
      source,
      places,
      unpriced,
      lineOf: (path: JsonPath) => linesOf(shape.text, [path])[0] ?? 1,
    };
    const hardware = data['vm_instances'] === undefined ? null : readSeedInstances(reading, context);
    const load = readSeedWorkloads(reading);
    return {
      content: { ...emptyContent(), ...hardware?.content, workloads: load.workloads, headroom: load.headroom },
      read: (hardware?.read ?? 0) + load.read,
      problems: problems.inLines(shape.text),
      skipped: [],
      oddities: [],
      unpriced: unpriced.inLines(shape.text),
      places,
      notes: counted.list().map(({ reason, count }) => (count > 1 ? `${reason} (${count} times)` : reason)),
    };
  },
};
