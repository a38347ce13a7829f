import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import type { ModelListEntry, SizeDocument } from '../../src-worker/protocol/documents.ts';
import type { SizeInputDraft } from '../../src-worker/protocol/requests.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

type Ask = <Value>(call: (api: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;

export interface Example {
  id: string;
  title: string;
  /** `Llama 3.1 8B, 100 users`. */
  question: string;
  request: SizeInputDraft;
}

export const EXAMPLES: Example[] = [
  {
    id: 'chat',
    title: 'Chat',
    question: 'Llama 3.1 8B, 100 users',
    request: { model: 'meta-llama/Llama-3.1-8B-Instruct', workload: 'chat', users: 100 },
  },
  {
    id: 'rag',
    title: 'RAG',
    question: 'Llama 3.1 70B, 50 users',
    request: { model: 'meta-llama/Llama-3.1-70B-Instruct', workload: 'rag', users: 50, quantization: ['fp16', 'fp8'] },
  },
  {
    id: 'code',
    title: 'Code',
    question: 'CodeLlama 34B, 40 users',
    request: { model: 'codellama/CodeLlama-34b-Instruct-hf', workload: 'code', users: 40 },
  },
];

export type Solution =
  { kind: 'computing' } | { kind: 'solved'; document: SizeDocument } | { kind: 'failed'; sentence: string };

/** The examples of the start screen, computed by this program with this catalog, one after the other. */
export class SolvedExamples {
  solutions = $state.raw<Record<string, Solution>>({});
  readonly #ask: Ask;
  #isComputing = false;
  /** Of the catalogs that an example was solved with last, by its id. */
  readonly #revisions: Record<string, number> = {};

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Those whose model is there. */
  offered(models: ModelListEntry[]): Example[] {
    return EXAMPLES.filter(({ request }) => models.some((model) => model.supported && model.id === request.model));
  }

  /**
   * Solves what is not solved yet. What failed is tried again; what was solved with other catalogs (`revision`) is solved
   * anew, and shown as it was meanwhile.
   */
  async solve(models: ModelListEntry[], revision = 0): Promise<void> {
    if (this.#isComputing) return;
    this.#isComputing = true;
    for (const { id, request } of this.offered(models)) {
      const isSolved = this.solutions[id]?.kind === 'solved';
      if (isSolved && this.#revisions[id] === revision) continue;
      if (!isSolved) this.#set(id, { kind: 'computing' });
      this.#revisions[id] = revision;
      const result = await this.#ask((api) => api.size({ ...request, top: 1, simulation_check: false }));
      this.#set(
        id,
        result.ok ? { kind: 'solved', document: result.value } : { kind: 'failed', sentence: result.error.message },
      );
    }
    this.#isComputing = false;
  }

  #set(id: string, solution: Solution): void {
    this.solutions = { ...this.solutions, [id]: solution };
  }
}
