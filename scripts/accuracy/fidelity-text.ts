import type { UncertainMetric } from '../../src-worker/engine/calibration/types.ts';
import { FOLDS, type Measured, type VariantErrors } from './ablation.ts';
import { METRICS, METRIC_WORDS } from './headline.ts';
import { markdownTable } from './markdown.ts';
import { STUDY_PARTS, type StudyFigure, type StudyPart } from './study.ts';
import { BASE, VARIANTS } from './variants.ts';

interface FidelityFigures {
  measured: Measured;
  errors: readonly VariantErrors[];
  study: readonly StudyFigure[];
  threads: number;
}

/**
 * Smaller differences, in points of per cent, are noise: the study found as much between forms that say the same. Medians over
 * groups move in larger steps, since there are some sixty groups for a thousand figures.
 */
const NOISE = { points: 1, macro: 2 };
/** How near the study's figures are reproduced, percent. */
const NEAR = 5;

const fixed = (value: number, decimals = 1): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
const count = (value: number): string => fixed(value, 0);
const signed = (value: number): string => `${value > 0 ? '+' : ''}${fixed(value)}`;
const percentApart = (own: number, other: number): number => (own / other - 1) * 100;

/** docs/fidelity.md. */
export function fidelityText(figures: FidelityFigures): string {
  return [
    '# What the model of step time is, and what each part of it buys',
    '<!-- Written by npm run docs:fidelity: change scripts/accuracy/fidelity-text.ts, not this file. -->',
    introduction(figures),
    MODEL,
    ablations(figures),
    LEFT_OUT,
    studied(figures),
    REPEAT,
  ].join('\n\n');
}

function introduction({ measured, errors }: FidelityFigures): string {
  const base = errors.find(({ name }) => name === BASE);
  const idle = errors.filter((variant) => variant.name !== BASE && base && !buys(base, variant).isWorth);
  const idleWords =
    idle.length === 0
      ? 'Every part lowers some error by more than the noise.'
      : `By these measurements alone ${idle.length === 1 ? 'one part buys' : `${idle.length} parts buy`} nothing beyond the noise (±${NOISE.points} point over figures, ±${NOISE.macro} over groups): ${idle.map(({ name }) => `“${name}”`).join(', ')}. What they are kept for is said below the table.`;
  return `The time of one engine step is a sum of operators, each the smooth maximum of its compute time and its memory time at calibrated shares of the data sheet's peaks, plus messages between GPUs and the host's own time. ${count(measured.ready.length)} published measurements fix its constants (profile \`${measured.profile.name}\`). This page says what the parts are, where they are in the code, how much worse predictions get without each of them, and how ten rows come out beside the study that the model began from. How far to believe predictions is in [accuracy.md](accuracy.md). ${idleWords}`;
}

const code = (path: string, name = path.slice(path.lastIndexOf('/') + 1)): string =>
  `[${name}](../src-worker/engine/${path})`;

const OPERATORS: readonly (readonly string[])[] = [
  [
    'projections and dense networks',
    'smax(2 · weights · rows / compute, bytes / bandwidth), attention and network apart; rows = ∛(tokens³ + tile³) + extra: a matrix unit computes whole tiles',
    `\`gemmMs\`, \`paddedRows\` in ${code('roofline/step-time.ts')}`,
  ],
  [
    'routed experts',
    'the same, over the experts that a step touches: E · (1 − (1 − k/E)^tokens)',
    `\`expertsMs\`, \`touchedExperts\` in ${code('roofline/step-time.ts')}`,
  ],
  [
    'KV cache',
    'bytes of the context of all decoding sequences / bandwidth, window and recurrent states apart; smax with the attention arithmetic, at the small share of peak that kernels of grouped queries reach (those of latent attention fill matrix units)',
    `\`kvReadMs\` in ${code('roofline/step-time.ts')}, \`decodeAttentionRate\` in ${code('roofline/step-plan.ts')}, bytes in ${code('model/kv.ts')}`,
  ],
  [
    'attention over a prompt',
    'FLOP by (token × attended token) / compute at 16 bit',
    `\`promptAttentionMs\` in ${code('roofline/step-time.ts')}`,
  ],
  [
    'activations',
    'layers · bytes a token and layer · tokens / bandwidth, not split by tensor parallelism',
    `\`activationMsPerToken\` in ${code('roofline/step-plan.ts')}`,
  ],
  [
    'output head',
    'as the projections, over the sequences that get a token',
    `\`stepTimeMs\` in ${code('roofline/step-time.ts')}`,
  ],
  [
    'all-reduces',
    'two a layer: latency of the fabric · (GPUs / 2)^growth + 2 (g − 1) / g · bytes / link; over PCIe a share of the link of its own, less without peer-to-peer',
    code('communication/all-reduce.ts'),
  ],
  [
    'all-to-alls',
    'two a layer with experts that ranks share: the same latency + bytes to the GPUs whose experts were chosen',
    code('communication/all-to-all.ts'),
  ],
  ['pipeline', 'hand-overs between stages, and the wait for the slowest', code('roofline/pipeline.ts')],
  [
    'launches',
    'time a step + layers · time a layer (more where kernels dequantize) + layers with experts · time of one',
    `\`launchMs\` in ${code('roofline/step-plan.ts')}`,
  ],
  [
    'sequences and requests',
    'time a sequence that gets a token (more where it is streamed) + time a request that gets its first; engines that hand out tokens while the GPU computes hide it: step = smax(the rest, this)',
    `\`stepTimeMs\` in ${code('roofline/step-time.ts')}`,
  ],
];

const MODEL = `## The model, operator by operator

A step carries sequences that decode (one token each) and chunks of prompts. All operators follow one another; what overlaps does so inside one of them. \`smax(x, y) = max · (1 + (min / max)^p)^(1/p)\` (${code('roofline/smooth-max.ts')}) stands for that overlap: with a large p the larger time alone counts, with 1 they add up.

${markdownTable(['operator', 'time', 'in the code'], OPERATORS)}

Compute is the dense peak of the format that computes, bandwidth that of the data sheet; each times a share that was fitted: one for all GPUs, times factors of the GPU's family, of the engine generation and of the number format, never above what any GPU was seen to reach (${code('roofline/achieved-rates.ts')}). Weights are read once a step. A deployment is compiled into coefficients first (${code('roofline/operator-work.ts')}, ${code('roofline/step-plan.ts')}), so that one step costs well under a microsecond.

From steps to latencies: Little's law settles how many sequences decode (${code('validation/steady-means.ts')}, in the mean; ${code('batching/closed-form.ts')} with percentiles). TTFT is the front of the server, the steps of the prompt, the step under way and the queue. TPOT is the mean step. A closed loop of a benchmark starts with a burst, and its clients fall into step: they wait longer than users who come as they like (${code('batching/lockstep.ts')}), so that wait is predicted for benchmarks and for users who ask again without a pause.

The constants are fitted by robust least squares on the logarithm of errors, every one held near a belief by a prior (${code('calibration/fit/robust-fit.ts')}; beliefs in [priors.json](../catalogs/priors.json)), groups of (source, GPU, model) weighted so that a large sweep does not outvote ten small ones. How fast a benchmark's CPU was is fitted beside them and kept out of the profile.`;

/** What a variant's errors say of the part it lacks. */
function buys(base: VariantErrors, variant: VariantErrors): { isWorth: boolean; words: string } {
  const differences = METRICS.map((metric) => {
    const macro = variant.errors[metric].macro - base.errors[metric].macro;
    const points = variant.errors[metric].points - base.errors[metric].points;
    return { metric, macro, points };
  });
  const isWorse = ({ macro, points }: { macro: number; points: number }): boolean =>
    macro >= NOISE.macro || points >= NOISE.points;
  const isBetter = ({ macro, points }: { macro: number; points: number }): boolean =>
    macro <= -NOISE.macro || points <= -NOISE.points;
  const listed = (isTold: (difference: { macro: number; points: number }) => boolean): string =>
    differences
      .filter(isTold)
      .map(({ metric, macro, points }) => `${METRIC_WORDS[metric]} ${signed(macro)} / ${signed(points)}`)
      .join(', ');
  const worse = listed(isWorse);
  const better = listed((difference) => isBetter(difference) && !isWorse(difference));
  const words = [worse === '' ? 'nothing beyond the noise' : `without it ${worse}`];
  if (better !== '') words.push(`better without it: ${better}`);
  return { isWorth: worse !== '', words: words.join('; ') };
}

const cell = (variant: VariantErrors, metric: UncertainMetric): string =>
  `${fixed(variant.errors[metric].macro)} / ${fixed(variant.errors[metric].points)}`;

/** Why a part is kept whatever its worth on these groups. */
const KEPT_FOR: readonly (readonly [name: string, why: string])[] = [
  [
    'hard maximum',
    'the smooth maximum has no kink: sizing and the fit take derivatives of it, and it costs no time and one constant.',
  ],
  [
    'no tile floor',
    'it explains GPUs with little arithmetic for their bandwidth (H20, RTX 3090) without an exception for each.',
  ],
  [
    'no factors of GPU and family',
    'they are what a GPU without data takes from its family, and what its interval refers to.',
  ],
  ['no factors of precision', 'weight-only kernels lose at large batches; without the factor int4 looks free.'],
  [
    'PCIe as other links',
    'of 61 groups ten talk over PCIe, so that medians over groups hardly see it; those ten were off by a factor of two in both directions, and without peer-to-peer every byte crosses the memory of the host.',
  ],
  [
    'weight-only layers as others',
    'it is what 8 and 4 bit cost beside 16 where a model is small, with two engines on two GPUs.',
  ],
  ['no time of a request', 'it is the only part by which short answers cost more than long ones.'],
  [
    'sequence time never hidden',
    'it is how engines with asynchronous scheduling are built, and shows at high rates of small models.',
  ],
  ['hosts not told apart', 'it keeps slow and fast benchmark hosts out of the profile; it is no part of a prediction.'],
  ['no activations', 'they are the only bytes of a step that tensor parallelism does not share out.'],
];

function ablations({ errors }: FidelityFigures): string {
  const base = errors.find(({ name }) => name === BASE);
  if (!base) throw new Error('The whole model is not among the variants.');
  const rows = errors.map((variant) => [
    variant.name === BASE ? 'the whole model' : variant.name,
    VARIANTS.find(({ name }) => name === variant.name)?.meaning ?? '',
    ...METRICS.map((metric) => cell(variant, metric)),
    variant.name === BASE ? '' : buys(base, variant).words,
  ]);
  const idle = errors.filter((variant) => variant.name !== BASE && !buys(base, variant).isWorth);
  const whyKept = (name: string): string =>
    KEPT_FOR.find(([of]) => of === name)?.[1] ?? 'no reason is known to keep what it lacks: it should go.';
  return [
    '## What each part buys',
    `Absolute errors on groups that were left out of the fit (${FOLDS} parts, the same for all variants), median over groups / median over points, in per cent; ${METRICS.map((metric) => `${METRIC_WORDS[metric]} ${count(base.errors[metric].number)}`).join(', ')} figures. Every variant was fitted anew without the part. The last column has the change where it is more than noise (${NOISE.points} point over figures, ${NOISE.macro} over groups): above zero, the part is worth its place.`,
    markdownTable(
      ['variant', 'what it is', ...METRICS.map((metric) => METRIC_WORDS[metric]), 'what the part buys'],
      rows,
    ),
    ...(idle.length === 0
      ? []
      : [
          'Parts that buy nothing here, and what they are kept for:',
          idle.map(({ name }) => `- **${name}**: ${whyKept(name)}`).join('\n'),
        ]),
    `Beware of noise and of choice: the parts of the groups are few, and forms were compared on the same groups that judge them. Differences of a point or two between forms are not established.`,
  ].join('\n\n');
}

const LEFT_OUT = `## What was tried and left out

These come from the study of the same measurements that the model began from; each was within about ±1 point of the model without it, or is no better founded.

- **Hiding all of the host's time behind the GPU's**: only the time by sequence is hidden, and only by engines that schedule the next step while the GPU computes.
- **A factor of its own for the compute of every GPU**: the factor of the family serves; a GPU keeps one of its own for its bandwidth.
- **Exceptions for single GPUs**, like the low bandwidth that the H20 seems to have: the tile floor explains it.
- **A queue M/G/1 with the request as the service**: its P95 of four times the median is contradicted by every open-loop run.
- **Anything by row or by model**: a constant belongs to hardware, a format, an engine generation or to all.`;

const PART_WORDS: Readonly<Record<StudyPart, string>> = {
  projections: 'projections',
  experts: 'experts',
  kv_read: 'KV read',
  activations: 'activations',
  head: 'head',
  communication: 'communication',
  overhead: 'host',
};

/** ms or tokens/s in four digits, as the study prints them. */
const shown = (value: number | null): string =>
  value === null ? '–' : Number(value.toPrecision(4)).toLocaleString('en-US');

function studied({ study }: FidelityFigures): string {
  const near = study.filter(({ ownStepMs, studyStepMs }) => Math.abs(percentApart(ownStepMs, studyStepMs)) <= NEAR);
  const figures = study.flatMap(({ metrics }) => metrics);
  const nearFigures = figures.filter(({ own, study: of }) => Math.abs(percentApart(own, of)) <= NEAR);
  const nearMeasured = (by: 'own' | 'study'): number =>
    figures.filter((figure) => figure.measured !== null && Math.abs(percentApart(figure[by], figure.measured)) <= NEAR)
      .length;
  const far = study.filter((figure) => !near.includes(figure));
  const steps = study.map((figure) => [
    figure.point,
    figure.setup,
    fixed(figure.decodes),
    ...STUDY_PARTS.map((part) => `${fixed(figure.own[part], 2)} / ${fixed(figure.study[part], 2)}`),
    `${fixed(figure.ownStepMs, 2)} / ${fixed(figure.studyStepMs, 2)}`,
    signed(percentApart(figure.ownStepMs, figure.studyStepMs)),
  ]);
  const metrics = study.flatMap(({ point, metrics: of }) =>
    of.map(({ metric, measured, study: studys, own }) => [
      point,
      METRIC_WORDS[metric] + (metric === 'throughput' ? ', tokens/s' : ', ms'),
      shown(measured),
      shown(own),
      measured === null ? '–' : signed(percentApart(own, measured)),
      shown(studys),
      measured === null ? '–' : signed(percentApart(studys, measured)),
    ]),
  );
  return [
    '## Ten rows beside the study',
    `The study prints ten decode steps by component at its own constants. With those constants the code gives the same components within 3 % (\`tests/engine/roofline/study.test.ts\`). Below they stand as the bundled profile has them, ours / study, in ms: **${near.length} of ${study.length}** steps are within ${NEAR} % of the study's.`,
    markdownTable(
      ['row', 'set-up', 'decodes', ...STUDY_PARTS.map((part) => PART_WORDS[part]), 'step', 'apart, %'],
      steps,
    ),
    ...(far.length === 0
      ? []
      : [
          `The other${far.length === 1 ? '' : 's'}, with the part that differs most:`,
          far
            .map(
              ({ point, own, study: of, farthest, ownStepMs, studyStepMs }) =>
                `- ${point} (${signed(percentApart(ownStepMs, studyStepMs))} %): ${PART_WORDS[farthest]}, ${fixed(own[farthest], 2)} ms where the study has ${fixed(of[farthest], 2)}.`,
            )
            .join('\n'),
        ]),
    `What the two predict of the whole run, beside what was measured: ${nearFigures.length} of ${figures.length} figures are within ${NEAR} % of the study's; ${nearMeasured('own')} of ours and ${nearMeasured('study')} of the study's are within ${NEAR} % of the measured one. A profile that was fitted again need not repeat the study where it comes nearer to the measurement. Of the two rows of accelmark the study counts the host that it fitted to that machine (0.63 of the usual host's time on the H100, 1.23 on the A100); predictions here are for the usual host.`,
    markdownTable(['row', 'figure', 'measured', 'ours', 'off, %', 'study', 'off, %'], metrics),
  ].join('\n\n');
}

const REPEAT = `## How to repeat it

\`npm run docs:fidelity\` fits all variants to the measurements in [catalogs/measurements](../catalogs/measurements) and writes this page; \`npm run docs:accuracy\` writes [accuracy.md](accuracy.md). Variants are built from the engine's public parts ([variants.ts](../scripts/accuracy/variants.ts)): the product has no switch for them.`;
