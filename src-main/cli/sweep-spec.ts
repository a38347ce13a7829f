import { z } from 'zod';
import { fileError } from '../../src-worker/engine/errors.ts';
import { expandNumberAxis, type NumberAxis } from '../../src-worker/engine/sweep/axis.ts';
import { NUMBER_RULES, targetRule } from '../../src-worker/engine/sweep/number-rules.ts';
import { EVERY, parseListAxis, parseNumberAxis } from '../../src-worker/engine/sweep/axis-text.ts';
import {
  describeIssues,
  sizeInputSchema,
  sweepSpecSchema,
  SWEEP_METHODS,
  type SweepAxis,
  type SweepSpec,
} from '../../src-worker/protocol/requests.ts';
import { parseJsonText } from '../services/json-text.ts';
import { usageError } from './errors.ts';
import { readTextFile } from './files.ts';
import { partFor, type Draft } from './options.ts';
import { ALWAYS_AXES, DEGREES, LISTED, NAME_AXES, NUMBER_AXES, TOKEN_AXES, type NumberAxisKey } from './sweep-axes.ts';
import { checkRequest } from './validate.ts';
import { withoutSuffixes } from './values.ts';

/* A sweep on the command line: an option of an axis (sweep-axes.ts) takes several values, and is an axis then. */

/** The spec from a file, from options, or from both: options win. `given` = its base as it was given. */
export function specOf(draft: Draft, file: string | undefined): { spec: SweepSpec; given: Draft } {
  const asked = valuesOf(draft);
  const given = { ...partFor(asked.others, sizeInputSchema), ...asked.fixed };
  const fromFile = file === undefined ? null : readSpec(file);
  const isLoadAsked = ['users', 'rate'].some((key) => key in given || key in asked.axes);
  if (fromFile && isLoadAsked) dropLoad(fromFile);
  const base: Draft = { ...fromFile?.base, ...given };
  // An axis on the command line takes the place of a fixed value in the file, and the other way round.
  for (const key of Object.keys(asked.axes)) if (key !== 'sla') delete base[key];
  const fileAxes: Draft = { ...fromFile?.axes };
  for (const key of Object.keys(asked.fixed)) delete fileAxes[key];
  // Checked as options first, so that the sentence names the option.
  checkRequest(sizeInputSchema.partial({ model: true }), base);
  if (base['method'] === 'simulation') throw usageError(`--method ${SWEEP_METHODS}.`);
  const shard = fromFile?.shard;
  const spec = checkRequest(sweepSpecSchema, { base, axes: { ...fileAxes, ...asked.axes }, shard });
  if (spec.base.model === undefined && !spec.axes.model) checkRequest(sizeInputSchema, base);
  return { spec, given: { ...given, ...asked.axes } };
}

/** A load on the command line takes the place of the file's, whether that is of users or of requests. */
function dropLoad({ base, axes }: { base: Draft; axes: Draft }): void {
  for (const key of ['users', 'rate']) {
    delete base[key];
    delete axes[key];
  }
}

interface AskedValues {
  /** Options with one value, as the base has them. */
  fixed: Draft;
  /** Options with several. */
  axes: Draft;
  /** Options that are no axis. */
  others: Draft;
}

function valuesOf(draft: Draft): AskedValues {
  const asked: AskedValues = { fixed: {}, axes: {}, others: {} };
  for (const [key, value] of Object.entries(draft)) {
    const numbers = NUMBER_AXES.find((axis) => axis === key);
    const names = NAME_AXES.find((axis) => axis === key);
    // The switch has a value whether it was given or not; only its "off" says something.
    if (key === 'prefix_cache' && value === true) continue;
    if (numbers !== undefined && typeof value === 'string') addNumbers(asked, numbers, value);
    else if (names !== undefined && typeof value === 'string') addNames(asked, names, parseListAxis(value, names));
    else if (key === 'sla') addTargets(asked, value as Record<string, string>);
    else asked.others[key] = value;
  }
  return asked;
}

function addNumbers(asked: AskedValues, key: NumberAxisKey, text: string): void {
  const given = TOKEN_AXES.includes(key) ? withoutSuffixes(text) : text;
  // One value narrows the question, whose schema says what it may be.
  if (ONE_NUMBER.test(given) && !ALWAYS_AXES.includes(key)) asked.fixed[key] = Number(given);
  else {
    const rule = ruleOf(key);
    const axis = parseNumberAxis(given, rule);
    asked.axes[key] = DEGREES.includes(key) ? expandNumberAxis(axis, rule) : axis;
  }
}

const ONE_NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/** The planner's, under the name of the option. */
const ruleOf = (key: NumberAxisKey) => ({ ...NUMBER_RULES[key], name: optionOf(key) });
const optionOf = (key: string): string => `--${key.replaceAll('_', '-')}`;

function addNames(asked: AskedValues, key: SweepAxis, names: string[]): void {
  const [only, ...more] = names;
  // One value narrows the question; only several are compared.
  const isOne = only !== undefined && more.length === 0 && only !== EVERY && !ALWAYS_AXES.includes(key);
  if (isOne) asked.fixed[key] = LISTED.includes(key) ? [only] : only;
  else asked.axes[key] = names;
}

function addTargets(asked: AskedValues, targets: Record<string, string>): void {
  const fixed: Record<string, number> = {};
  const axes: Record<string, NumberAxis> = {};
  for (const [metric, text] of Object.entries(targets)) {
    const axis = parseNumberAxis(text, { ...targetRule(metric), name: `--sla ${metric.replaceAll('_', '-')}` });
    const [only, ...more] = Array.isArray(axis) ? axis : [];
    if (only !== undefined && more.length === 0) fixed[metric] = only;
    else axes[metric] = axis;
  }
  if (Object.keys(fixed).length > 0) asked.fixed['sla'] = fixed;
  if (Object.keys(axes).length > 0) asked.axes['sla'] = axes;
}

const MAX_SPEC_BYTES = 10_000_000;
const namesProfile = z.object({ base: z.object({ calibration: z.string() }) });

/** A profile that the file does not name stays open: the one in use is meant. */
function readSpec(file: string): { base: Draft; axes: Draft; shard?: SweepSpec['shard'] } {
  const text = parseJsonText(readTextFile(file, MAX_SPEC_BYTES), file);
  const parsed = sweepSpecSchema.safeParse(text, { reportInput: true });
  if (parsed.success) {
    const { base: whole, axes, shard } = parsed.data;
    const { calibration, ...base } = whole;
    return { base: { ...base, ...(namesProfile.safeParse(text).success && { calibration }) }, axes, shard };
  }
  throw fileError('spec_invalid', describeIssues(parsed.error, file), { file });
}
