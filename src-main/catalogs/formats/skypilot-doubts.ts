import type { CatalogProblem } from '../../../src-worker/protocol/catalog-api.ts';
import { plural } from '../../../src-worker/protocol/numbers.ts';
import type { InstanceFacts } from '../content.ts';
import { hostMemoryGib, unknownGpuWords } from './checks.ts';

/** A sheet's memory is often a little off; twice or half of what is known is another machine or another unit. */
const FAR_OFF = 2;

interface Asked {
  onDemand: number;
  spot: number | null;
  line: number;
}

interface Met {
  line: number;
  rows: number;
}

/** What a sheet says that may be wrong and stops nothing: each at the row that says it first. */
export class SkyDoubts {
  readonly #gpus: ReadonlyMap<string, unknown>;
  readonly #found: CatalogProblem[] = [];
  readonly #unknownGpus = new Map<string, Met>();
  readonly #memory = new Map<string, Met & { given: number; known: number }>();

  /** `gpus`: those we know, by id. */
  constructor(gpus: ReadonlyMap<string, unknown>) {
    this.#gpus = gpus;
  }

  /** Two rows of one place. False where they agree as far as both say a price. */
  contradict(place: string, first: Asked, other: Asked, which: 'lowest' | 'first'): boolean {
    const before = this.#found.length;
    const say = (field: string, one: number | null, two: number | null): void => {
      if (one === null || two === null || one === two) return;
      const sentence = `${field} ${two} of ${place} contradicts ${one} in line ${first.line}: the ${which} counts.`;
      this.#found.push({ line: other.line, field, sentence, rule: null });
    };
    say('Price', first.onDemand, other.onDemand);
    say('SpotPrice', first.spot, other.spot);
    return this.#found.length > before;
  }

  /** A row of a GPU without facts of ours. */
  unknownGpu(name: string, line: number): void {
    countIn(this.#unknownGpus, name, () => ({ line }));
  }

  /** Memory of an instance that we know, id `provider/instance`. */
  memory(id: string, given: number | null, facts: InstanceFacts, line: number): void {
    const known = hostMemoryGib(facts);
    if (given === null || known === null || (given < known * FAR_OFF && given > known / FAR_OFF)) return;
    countIn(this.#memory, id, () => ({ line, given, known }));
  }

  list(): CatalogProblem[] {
    const gpus = [...this.#unknownGpus].map(([name, { line, rows }]): CatalogProblem => {
      const words = unknownGpuWords(name, this.#gpus);
      const sentence = `AcceleratorName ${words}${words.endsWith('?') ? '' : '.'} ${plural(rows, 'row')} left out.`;
      return { line, field: 'AcceleratorName', sentence, rule: null };
    });
    const memory = [...this.#memory].map(([id, { line, given, known, rows }]): CatalogProblem => {
      const more = rows > 1 ? ` (${plural(rows, 'row')})` : '';
      const sentence = `MemoryGiB ${given} of ${id} contradicts the ${known} GiB that we know${more}: ours count.`;
      return { line, field: 'MemoryGiB', sentence, rule: null };
    });
    return [...this.#found, ...memory, ...gpus].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  }
}

function countIn<Entry extends Met>(entries: Map<string, Entry>, key: string, first: () => Omit<Entry, 'rows'>): void {
  const known = entries.get(key);
  if (known) known.rows += 1;
  else entries.set(key, { ...first(), rows: 1 } as Entry);
}
