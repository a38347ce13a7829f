import type { CalibrationDocument, MovedParameter } from '../../../src-worker/protocol/calibration.ts';
import { formatFixed, plural } from '../../../src-worker/protocol/numbers.ts';
import { generationLabel, gpuLabel } from '../../format/names.ts';

/** What a calibration moved in its profile, told by what it holds for: rows of one GPU move what others are predicted with. */

export interface MovedPart {
  /** What the numbers of the part hold for. */
  holdsFor: string;
  count: number;
  /** The one that was moved most, and by how much, percent. */
  parameter: string;
  percent: number;
}

/** GPUs named of a family; more make a list that nobody reads. */
const MOST_NAMED = 3;

const EVERYTHING = 'Every GPU, engine and model';

function familyWords(name: string, { profile }: CalibrationDocument): string {
  const gpus = (profile.families[name]?.gpuIds ?? []).map(gpuLabel);
  const rest = gpus.length - MOST_NAMED;
  return rest > 1 ? `${gpus.slice(0, MOST_NAMED).join(', ')} and ${formatFixed(rest)} more` : gpus.join(', ');
}

function holdsFor({ parameter }: MovedParameter, document: CalibrationDocument): string {
  const [table = '', ...path] = parameter.split('.');
  switch (table) {
    case 'families':
      return familyWords(path.slice(0, -1).join('.'), document);
    case 'gpuBandwidthFactors':
      return gpuLabel(path.join('.'));
    case 'generations':
      return generationLabel(path.slice(0, -1).join('.'));
    case 'precisionComputeFactors':
    case 'precisionBandwidthFactors':
      return 'Every GPU, by number format';
    case 'allReduceUs':
      return 'Every GPU, by link between GPUs';
    default:
      return EVERYTHING;
  }
}

const percentOf = ({ from, to }: MovedParameter): number => (to / from - 1) * 100;

/** The parts with the most that moved; what all predictions share stands first. */
export function movedParts(document: CalibrationDocument): MovedPart[] {
  const parts = Map.groupBy(document.moved, (one) => holdsFor(one, document));
  const rows = [...parts].flatMap(([name, [most, ...others]]): MovedPart[] =>
    most ? [{ holdsFor: name, count: others.length + 1, parameter: most.parameter, percent: percentOf(most) }] : [],
  );
  const place = ({ holdsFor: name }: MovedPart): number => (name === EVERYTHING ? 0 : name.startsWith('Every') ? 1 : 2);
  return rows.sort((a, b) => place(a) - place(b) || b.count - a.count || (a.holdsFor < b.holdsFor ? -1 : 1));
}

const isOfSomeGpus = ({ parameter }: MovedParameter): boolean => /^(families|gpuBandwidthFactors)\./.test(parameter);

/** How many moved, and how many of them reach beyond the GPUs that were measured; empty where none moved. */
export function movedSentence({ moved }: CalibrationDocument): string {
  if (moved.length === 0) return '';
  const shared = moved.filter((one) => !isOfSomeGpus(one)).length;
  const rest =
    shared === 0
      ? 'for GPUs of their kind'
      : `${shared === moved.length ? '' : `${formatFixed(shared)} of them `}for every GPU, so that predictions for others change too`;
  return `${plural(moved.length, 'parameter')} moved, ${rest}`;
}
