import type { Facts } from '../../engine/facts.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { vllmCommand } from '../../engine/sizing/vllm-command.ts';
import { SCHEMA_VERSION, type DetailDocument } from '../../protocol/documents.ts';
import { configurationName } from '../../protocol/metrics.ts';
import type { PlanQuestion } from '../../protocol/requests.ts';
import { memoryDocument, versionsOf } from '../common.ts';
import { commandQuestion, exclusionOf, recommendationOf } from '../recommendation.ts';
import { benchCommand } from './bench-command.ts';
import { cheaperCandidates } from './cheaper.ts';
import { commandFlags } from './command-flags.ts';
import { findPlan, isPassing } from './find-plan.ts';
import { kvUse } from './kv-use.ts';
import { loadCurve } from './load-curve.ts';
import { plannedReplica } from './planned-load.ts';
import { surroundingsOf } from './ranking.ts';
import { rooflineOf } from './roofline.ts';

/**
 * Everything about one configuration of a question that the answer itself does not carry: curves, roofs, commands and
 * what would be cheaper. Throws invalid input `unknown_configuration`, and what the question itself is refused with.
 */
export function answerDetail(question: PlanQuestion, source: ModelSource, facts: Facts): DetailDocument {
  const plan = findPlan(question, source, facts);
  const { prepared, demand, row, group } = plan;
  const around = surroundingsOf(plan);
  const replica = plannedReplica(plan);
  const passing = isPassing(row) ? row : null;
  const context = { prepared, demand, zone: prepared.input.zone };
  const command = replica && vllmCommand(commandQuestion({ group }, prepared));
  return {
    schema_version: SCHEMA_VERSION,
    input: { question: question.question, configuration: question.configuration },
    id: plan.id,
    name: configurationName({ instances: passing?.chosen.instances ?? 1, instance: plan.instance.name }),
    recommendation: passing && recommendationOf(passing, around.rank, context),
    exclusion: isPassing(row) ? null : exclusionOf(row),
    load_curve: replica && loadCurve(replica),
    roofline: replica && rooflineOf(replica),
    memory: group.memory && memoryDocument(group.memory),
    kv_use: replica && kvUse(replica, passing !== null),
    serve_command: command,
    command_flags: command ? commandFlags(plan, command) : [],
    bench_command: replica && benchCommand(plan, replica),
    cheaper: cheaperCandidates(plan, around),
    versions: versionsOf(facts, prepared.subject.calibration.name),
  };
}
