import type { Facts } from '../../engine/facts.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { SCHEMA_VERSION, type DetailDocument } from '../../protocol/documents.ts';
import { configurationName } from '../../protocol/metrics.ts';
import type { PlanQuestion } from '../../protocol/requests.ts';
import { memoryDocument, versionsOf } from '../common.ts';
import { benchCommand, commandArithmetic, commandTexts, dataParallelOf } from '../commands.ts';
import { exclusionOf, recommendationOf, type RowContext } from '../recommendation.ts';
import { cheaperCandidates } from './cheaper.ts';
import { findPlan, isPassing, type FoundPlan } from './find-plan.ts';
import { kvUse } from './kv-use.ts';
import { loadCurve } from './load-curve.ts';
import { plannedReplica, type PlannedReplica } from './planned-load.ts';
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
  const context: RowContext = { prepared, demand, zone: prepared.input.zone, ranges: 'all' };
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
    ...commandsOf(plan, replica),
    cheaper: cheaperCandidates(plan, around),
    versions: versionsOf(facts, prepared.subject.calibration.name),
  };
}

type CommandPart = Pick<
  DetailDocument,
  | 'serve_command'
  | 'command_flags'
  | 'safe_command'
  | 'safe_command_flags'
  | 'serve_command_reason'
  | 'serve_command_replicas'
  | 'bench_command'
>;

/** Both commands with their arithmetic; an excluded plan is started one replica at a time. */
function commandsOf(plan: FoundPlan, replica: PlannedReplica | null): CommandPart {
  const { prepared, row, group, instance } = plan;
  const sized = isPassing(row) ? row.chosen : null;
  const replicas = sized ? dataParallelOf(sized, prepared) : 1;
  const meanRunning = replica?.planned?.meanRunning ?? null;
  const about = { prepared, instance, group, sized, replicas, meanRunning };
  const commands = replica && commandTexts(about);
  const flags = replica && commandArithmetic(about);
  const high = commands?.highPerformance ?? null;
  return {
    serve_command: high,
    command_flags: flags?.high_performance ?? [],
    safe_command: commands?.safe ?? null,
    safe_command_flags: flags?.safe ?? [],
    serve_command_reason: commands?.refusal ?? null,
    serve_command_replicas: replicas,
    bench_command: replica && high ? benchCommand(prepared, replica.plannedPerMs * replicas) : null,
  };
}
