import type { NumberAxis } from '../../src-worker/engine/sweep/axis.ts';
import type { SizeInputDraft, SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import { shownText } from '../format/axis-text.ts';
import { formOfRequest } from './apply-request.ts';
import type { FormValues } from './form-reading.ts';
import type { AxisDraft, SweepAxes } from './sweep-axes.ts';
import { AXIS_IDS, kindOf, targetOf, type AxisId } from './sweep-axis-kinds.ts';

/** Values that stand in a field one by one; more than anybody reads there. */
const MOST_CHIPS = 500;

/** A stored sweep as its form asks it. */
export interface SpecForm {
  form: FormValues;
  axes: SweepAxes;
}

/**
 * The form that asks the sweep of a spec; null where an axis lists more values than a field shows. What the form has no field for is
 * left out: the profile, the shard. Throws where its base is no question.
 */
export function formOfSpec({ base, axes }: SweepSpecDraft): SpecForm | null {
  // The question of what is held: `top` and the method follow from being a sweep.
  const held: Partial<SizeInputDraft> = { ...base, model: base.model ?? axes.model?.[0] ?? '' };
  const form = formOfRequest(held);
  const drafts: SweepAxes = {};
  for (const id of AXIS_IDS) {
    const values = valuesOf(axes, id);
    if (values === undefined) continue;
    if (Array.isArray(values) && values.length > MOST_CHIPS) return null;
    drafts[id] = draftOf(id, values);
  }
  return { form, axes: drafts };
}

type AxisValues = NumberAxis | readonly string[];

function valuesOf(axes: SweepSpecDraft['axes'], id: AxisId): AxisValues | undefined {
  const metric = targetOf(id);
  return metric === null ? axes[id as Exclude<keyof typeof axes, 'sla'>] : axes.sla?.[metric];
}

function draftOf(id: AxisId, values: AxisValues): AxisDraft {
  const kind = kindOf(id);
  if (kind.control !== 'numbers') {
    const names = values as readonly string[];
    return names.includes('*') ? { kind: 'all' } : { kind: 'list', values: [...names] };
  }
  return { kind: 'list', values: shownText(values as NumberAxis, kind.rules) };
}
