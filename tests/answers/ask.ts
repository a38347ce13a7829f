import { answerPredict } from '../../src-worker/answers/predict.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import type { PredictDocument, SizeDocument } from '../../src-worker/protocol/documents.ts';
import {
  predictInputSchema,
  sizeInputSchema,
  type PredictInputDraft,
  type SizeInputDraft,
} from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';

/** Questions to the real catalogs, as a host would ask them. */
export const size = (draft: SizeInputDraft): SizeDocument =>
  answerSize(sizeInputSchema.parse(draft), modelSource(draft.model), facts);

export const predict = (draft: PredictInputDraft): PredictDocument =>
  answerPredict(predictInputSchema.parse(draft), modelSource(draft.model), facts);
