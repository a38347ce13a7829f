import { describe, expect, it } from 'vitest';
import { asciiText } from '../../src-main/cli/report/ascii.ts';
import { sizeCsv } from '../../src-main/cli/report/size-csv.ts';
import { nearestMisses, reasonCounts } from '../../src-main/cli/report/size-lists.ts';
import { sizeReport } from '../../src-main/cli/report/size-report.ts';
import { exclusion, llama2, noAnswer, recommendation, relaxation, sizeDocument } from './size-document.ts';

const SHOW = { top: 3, detail: 1 };

/** Positions of the texts in the report; -1 would break the order. */
const positions = (report: string, texts: string[]): number[] => texts.map((text) => report.indexOf(text));
const lineWith = (report: string, text: string): string =>
  report.split('\n').find((line) => line.includes(text)) ?? `no line with "${text}"`;

describe('size report: an answer', () => {
  const report = sizeReport(sizeDocument(), llama2, SHOW);

  it('keeps the sections in the order of the seed', () => {
    const order = positions(report, [
      'HARDWARE SIZING ANALYSIS',
      'ALL EVALUATED HARDWARE CONFIGURATIONS',
      'PASSING: 2 of 4 configurations',
      'NOT PASSING: 2 configurations',
      'SLA COMPLIANCE REPORT',
      'Tail Latency Analysis:',
      'THROUGHPUT ANALYSIS',
      'COST ANALYSIS',
      'vLLM COMMANDS (vllm 0.22)',
      'HIGH PERFORMANCE',
      'SAFE',
      'Benchmark of one start',
      'SUMMARY',
      'ANALYSIS ASSUMPTIONS',
    ]);
    expect(order.every((position) => position >= 0)).toBe(true);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('stays within 80 columns, commands aside', () => {
    const wide = report.split('\n').filter((line) => [...line].length > 80 && !/vllm (bench )?serve/.test(line));
    expect(wide).toEqual([]);
  });

  it('says what was asked: model, parameters, weights, lengths, users and the rate they make', () => {
    expect(report).toContain('Model: meta-llama/Llama-2-7b-hf (LlamaForCausalLM)');
    expect(report).toContain('Parameters: 6.74 B');
    // 13,476,831,232 bytes / 2^30.
    expect(report).toContain('Weights: 12.55 GiB in fp16');
    expect(report).toContain('Concurrent users: 100 (none pausing)');
    expect(report).toContain('13.07 requests/s');
    expect(report).toContain('Location: all regions of all providers');
  });

  it('labels configuration, GPU, parallelism, instances and headroom as the seed does', () => {
    for (const line of [
      'Configuration: g2-standard-8',
      'GPU: nvidia-l4 × 1',
      'Tensor Parallel: 1',
      'Instances needed: 3',
      'Headroom: 25%',
    ]) {
      expect(report.split('\n')).toContain(line);
    }
  });

  it('shows every target with prediction, a word and a mark, and the gap', () => {
    const row = lineWith(report, 'TTFT P95   ');
    expect(row).toMatch(/500 ms +260 ms +✓ ok +-48\.0%/);
    expect(lineWith(report, 'TTFT mean')).toMatch(/~ near/);
  });

  it('separates the thousands of a target as those of its prediction', () => {
    const sla = recommendation().sla.map((row) =>
      row.metric === 'ttft_p95' ? { ...row, target_ms: 2000, predicted_ms: 4426 } : row,
    );
    const wide = sizeReport(sizeDocument({ recommendations: [recommendation({ sla })] }), null, SHOW);
    expect(lineWith(wide, 'TTFT P95   ')).toMatch(/2,000 ms +4,426 ms/);
  });

  it('says that the answer is for the requests as cut, where they were cut', () => {
    const warnings = [{ code: 'context_cut', sentence: '36% of the tokens were cut.' }];
    const cut = sizeReport(sizeDocument({ warnings }), null, SHOW);
    expect(cut).toContain('! 36% of the tokens were cut. The answer is for the requests as cut.');
    expect(report).not.toContain('as cut');
  });

  it('shows a metric without a target as such', () => {
    expect(lineWith(report, 'TPOT P99')).toMatch(/– +66\.0 ms +no target/);
  });

  it('labels the E2E target with its output length and says that it does not gate', () => {
    expect(lineWith(report, 'E2E P50 (150 tok)')).toMatch(/✗ miss, not gating/);
    expect(report).toContain('512 output tokens');
    expect(report).toContain('it does not gate');
  });

  it('gives throughput at the planned load, under a burst and per hour', () => {
    expect(report).toContain('• 1,961 tok/s');
    expect(report).toContain('• 62% utilization');
    expect(report).toContain('Burst capacity (1.33x traffic):');
    expect(report).toContain('all targets hold');
    // 13.07/s and 1,961/s over 3,600 s.
    expect(report).toContain('Requests per hour: 47,052');
    expect(report).toContain('Output tokens per hour: 7,059,600');
  });

  it('gives cost per instance, in all, per token, request and month, with the date of the price', () => {
    expect(report).toContain('Hourly cost per instance: $0.8536');
    expect(report).toContain('Total hourly cost (3 instances): $2.5608');
    expect(report).toContain('Cost per 1K tokens: $0.000136');
    expect(report).toContain('Cost per request: $0.0000544');
    expect(report).toContain('Monthly estimate (730 hours): $1,869.38');
    expect(report).toContain('as of 2026-07-20');
  });

  it('sums up: what to rent, what it costs, whether every target holds and which is the tightest', () => {
    const summary = report.slice(report.indexOf('SUMMARY'));
    for (const line of [
      'Recommended configuration: 3 × g2-standard-8 (gcp, us-central1)',
      'Deployment: 3 replicas of 1 × nvidia-l4 in fp16, $2.56/h, $1,869.38 a month',
      'Targets: ✓ all 3 gating targets met; the tightest is TPOT P50 (gap -9.0%)',
      'Not gating: E2E P50 (gap +245.0%)',
    ]) {
      expect(summary.split('\n')).toContain(line);
    }
  });

  it("sums up hardware of one's own without a place or a price", () => {
    const own = recommendation({
      provider: 'own',
      instance: 'mybox',
      region: 'own',
      instances: 1,
      cost_reason: 'own_hardware',
    });
    const text = sizeReport(sizeDocument({ recommendations: [own] }), null, SHOW);
    expect(text).toContain('Recommended configuration: 1 × mybox (own hardware)');
    expect(text).toContain('in fp16, no price');
  });

  it('counts reasons and names the nearest miss with its margin', () => {
    expect(report).toContain('1  misses the latency targets');
    expect(report.replaceAll(/\s+/g, ' ')).toContain(
      'n1-standard-8-t4 (gcp), nvidia-t4, TP 1, fp16: TPOT P50 is 56 ms with nobody else there, the target is 50 ms. (worst SLA gap: TPOT P50 +12.0%)',
    );
  });
});

describe('size report: what is shown', () => {
  it('lists top rows and says how many more there are', () => {
    const report = sizeReport(sizeDocument({ num_passing: 12 }), null, { top: 1, detail: 1 });
    expect(report).toContain('and 11 more (--top 12 lists all)');
    expect(report).not.toContain('2. 3 × g6.xlarge');
  });

  it('prints the rank asked for in full', () => {
    const report = sizeReport(sizeDocument(), null, { top: 3, detail: 2 });
    expect(report).toContain('Configuration: g6.xlarge');
    expect(report).not.toContain('Configuration: g2-standard-8');
  });

  it('warns of tight memory exactly when the answer does', () => {
    expect(sizeReport(sizeDocument(), null, SHOW)).not.toContain('MEMORY WARNING');
    const warnings = [
      { code: 'memory_tight', sentence: 'Only 6.1 GiB per GPU are left for KV cache: memory is tight.' },
    ];
    const tight = sizeReport(sizeDocument({ recommendations: [recommendation({ warnings })] }), null, SHOW);
    expect(tight).toContain('MEMORY WARNING');
    expect(positions(tight, ['SAFE (', 'MEMORY WARNING', 'SUMMARY'])).toEqual(
      [...positions(tight, ['SAFE (', 'MEMORY WARNING', 'SUMMARY'])].sort((a, b) => a - b),
    );
    expect(tight.match(/memory is tight/g)).toHaveLength(1);
  });

  it('advises against tight memory only what is not done already', () => {
    const warnings = [{ code: 'memory_tight', sentence: 'tight' }];
    const advice = (row: Parameters<typeof recommendation>[0]): string =>
      sizeReport(sizeDocument({ recommendations: [recommendation({ warnings, ...row })] }), null, SHOW);
    const plain = advice({ quantization: 'fp16', kv_cache_dtype: 'auto' });
    expect(plain).toContain('--kv-cache-dtype fp8)');
    expect(plain).toContain('(--quantization fp8 or int4)');
    const smaller = advice({ quantization: 'fp8', kv_cache_dtype: 'fp8' });
    expect(smaller).not.toContain('--kv-cache-dtype fp8)');
    expect(smaller).toContain('(--quantization int4)');
    expect(advice({ quantization: 'int4' })).not.toContain('ask for a smaller precision');
  });

  it('prints both commands on a line each, says what one start serves, and where the safe one would queue', () => {
    const commands = { high_performance: 'vllm serve m --max-num-seqs 256', safe: 'vllm serve m --max-num-seqs 40' };
    const seats = (value: string) => ({ flag: '--max-num-seqs', value, why: `${value} fit.` });
    const dtype = { flag: '--dtype', value: 'float16', why: 'As asked.' };
    const rows = {
      replicas: 8,
      instances: 2,
      vllm_command_replicas: 4,
      vllm_commands: commands,
      vllm_command_flags: { high_performance: [seats('256'), dtype], safe: [seats('40'), dtype] },
    };
    const text = sizeReport(sizeDocument({ recommendations: [recommendation(rows)] }), null, SHOW);
    const lines = text.split('\n');
    expect(lines).toContain(`  ${commands.high_performance}`);
    expect(lines).toContain(`  ${commands.safe}`);
    expect(lines).toContain('    --max-num-seqs 256: 256 fit.');
    expect(lines).toContain('    --max-num-seqs 40: 40 fit.');
    // What both have in common is explained once.
    expect(lines.filter((line) => line === '    --dtype float16: As asked.')).toHaveLength(1);
    expect(lines).toContain('  vllm bench serve --model m');
    const flat = text.replaceAll(/\s+/g, ' ');
    expect(flat).toContain('One start on each instance serves 4 replicas; the plan has 8 on 2 instances.');
    expect(flat).toContain('! It lets 40 requests run at once, the planned load runs 90.0 on average');
    const roomy = { ...rows, batch: { mean_running: 30, max_running: 60 } };
    expect(sizeReport(sizeDocument({ recommendations: [recommendation(roomy)] }), null, SHOW)).not.toContain('It lets');
  });

  it('says why there is no command, and prints none', () => {
    const none = {
      vllm_command: null,
      vllm_command_reason: 'It holds fp16: int4 needs a checkpoint with 4-bit weights.',
      vllm_commands: { safe: null, high_performance: null },
      vllm_command_flags: { safe: [], high_performance: [] },
      bench_command: null,
    };
    const text = sizeReport(sizeDocument({ recommendations: [recommendation(none)] }), null, SHOW);
    expect(text).toContain('No command: It holds fp16: int4 needs a checkpoint with 4-bit weights.');
    expect(text).not.toMatch(/vllm serve|HIGH PERFORMANCE|null/);
  });

  it('counts the GPUs of a replica: all stages of it, or the slice that an instance sells', () => {
    const reportOf = (row: Parameters<typeof recommendation>[0]): string =>
      sizeReport(sizeDocument({ recommendations: [recommendation(row)] }), null, SHOW).replaceAll(/\s+/g, ' ');
    expect(reportOf({ gpu: 'g', gpu_count: 8, tensor_parallel: 2, pipeline_parallel: 3 })).toContain(
      'replicas of 6 × g ',
    );
    const tight = { code: 'memory_tight', sentence: 'Only 1 GiB is left.' };
    const slice = reportOf({ gpu: 'g', gpu_count: 0.125, tensor_parallel: 1, pipeline_parallel: 1, warnings: [tight] });
    expect(slice).toContain('replicas of 0.125 × g ');
    expect(slice).toContain(' 0.125 × g, TP 1');
    expect(slice).toContain('or a whole one');
    expect(slice).not.toContain('--tp 2');
  });

  it('shows a prefix cache with and without', () => {
    const document = sizeDocument();
    const assumptions = {
      ...document.assumptions,
      prompt_tokens: { mean: 6000, std: 2154, min: 1500, max: 40_000, max_is_context: false },
      effective_prompt_tokens: 2850,
      prefix_cache: { hit_rate: 0.7, cacheable_ratio: 0.75 },
    };
    const report = sizeReport({ ...document, assumptions }, null, SHOW);
    expect(report.replaceAll(/\s+/g, ' ')).toContain('with the prefix cache 2,850 are computed, without it 6,000');
  });

  it('has a dash, never NaN or null, where there is no value', () => {
    const empty = { mean: null, p50: null, p90: null, p95: null, p99: null };
    const row = recommendation({
      burst: {
        ...recommendation().burst,
        ttft_ms: empty,
        tpot_ms: empty,
        output_tokens_per_s: null,
        utilization: null,
      },
      ttft_ms: empty,
    });
    const report = sizeReport(sizeDocument({ recommendations: [row] }), null, SHOW);
    expect(report).not.toMatch(/NaN|null|undefined|Infinity/);
    expect(report).toContain('• – tok/s');
  });
});

describe('size report: no answer', () => {
  const nothing = { num_passing: 0, recommendations: [] };
  const document = sizeDocument({ ...nothing, relaxations: [relaxation()], no_answer: noAnswer() });
  const report = sizeReport(document, llama2, SHOW);
  const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');

  it('gives the verdict first, then the limit, the nearest, what would help, what would not, and the exclusions', () => {
    const order = positions(report, [
      'NO ANSWER: none of 2 configurations serves 100 users',
      'Memory bandwidth is the limit',
      'The nearest is n1-standard-8-t4 (gcp), nvidia-t4, TP 1, fp16',
      'ONE CHANGE THAT MAKES IT WORK',
      'TPOT P50 50 -> 84 ms',
      'WHAT DOES NOT HELP',
      'FP8 KV cache:',
      'NOT PASSING: 2 configurations',
      'Nearest misses:',
      'ANALYSIS ASSUMPTIONS',
    ]);
    expect(order.every((position) => position >= 0)).toBe(true);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('shows of a change what it brings, what that costs and how much of it is used', () => {
    expect(lineWith(report, 'TPOT P50 50 -> 84 ms')).toMatch(/^ 1\. TPOT P50 50 -> 84 ms +\$1\.50\/h$/);
    expect(flat(report)).toContain(
      '4 × n1-standard-8-t4, nvidia-t4, TP 1, fp16; 71% of capacity used, TTFT P95 312 ms, tightest TPOT P50 82 of 84 ms',
    );
  });

  it('says what a change is from where its words do not, and what comes with it', () => {
    const note = 'Spot instances can be taken back at short notice.';
    const spot = relaxation({ change: 'Use spot instances', from: 'on-demand', to: 'spot', note });
    const text = sizeReport({ ...document, relaxations: [spot] }, null, SHOW);
    expect(lineWith(text, 'Use spot instances')).toContain('(now on-demand)');
    expect(text).toContain(`! ${note}`);
  });

  it('keeps a change with many targets within 80 columns', () => {
    const change = 'TTFT P50 5 -> 55, TTFT P95 5 -> 90, TTFT P99 5 -> 120, TPOT P50 10 -> 44, TPOT P95 12 -> 60 ms';
    const text = sizeReport({ ...document, relaxations: [relaxation({ change })] }, null, SHOW);
    expect(text.split('\n').filter((line) => [...line].length > 80)).toEqual([]);
    expect(flat(text)).toContain(change);
  });

  it('says how much of the load a replica of the nearest carries, where load is what it misses', () => {
    const short = noAnswer({ carries_requests_per_s: 2.18, needed_requests_per_s: 3.92 });
    const text = flat(sizeReport({ ...document, no_answer: short }, null, SHOW));
    expect(text).toContain('One replica carries 2.18 of the 3.92 requests/s it would have to');
    expect(flat(report)).not.toContain('One replica carries');
  });

  it('says so when no change that was tried helps', () => {
    const text = sizeReport({ ...document, relaxations: [] }, null, SHOW);
    expect(text).toContain('No single change that was tried makes it work.');
  });

  it('lists the configuration of the verdict first among the misses', () => {
    const big = exclusion({ id: 'big', instance: 'big', reason: 'max_gpus', detail: 'Needs 24 GPUs.', margin: null });
    const text = sizeReport({ ...document, no_answer: noAnswer({ nearest: big }) }, null, SHOW);
    const misses = text.slice(text.indexOf('Nearest misses:'));
    expect(misses.indexOf('big (gcp)')).toBeGreaterThan(0);
    expect(misses.indexOf('big (gcp)')).toBeLessThan(misses.indexOf('n1-standard-8-t4'));
  });

  it('prints no report for a rank that does not exist', () => {
    expect(report).not.toContain('SLA COMPLIANCE REPORT');
  });
});

describe('lists of exclusions', () => {
  it('orders misses by the relative gap, targets before memory', () => {
    const far = exclusion({ instance: 'far', margin: { metric: 'tpot_p50', value: 100, limit: 50, unit: 'ms' } });
    const near = exclusion({ instance: 'near', margin: { metric: 'ttft_p95', value: 510, limit: 500, unit: 'ms' } });
    const memory = exclusion({
      instance: 'small',
      reason: 'memory',
      margin: { metric: 'memory', value: 25, limit: 24.9, unit: 'GiB' },
    });
    const unpriced = exclusion({ instance: 'unpriced', reason: 'price_unknown', margin: null });
    const order = nearestMisses([memory, far, unpriced, near]).map(({ instance }) => instance);
    expect(order).toEqual(['near', 'far', 'small']);
  });

  it('counts every exclusion once, most frequent reason first', () => {
    const rows = [exclusion(), exclusion({ reason: 'memory' }), exclusion({ reason: 'memory' })];
    expect(reasonCounts(rows)).toEqual([
      { reason: 'memory', rows: 2 },
      { reason: 'sla_missed', rows: 1 },
    ]);
  });
});

describe('size as CSV', () => {
  it('has a line per recommendation under the column names of a sweep', () => {
    const [header = '', ...lines] = sizeCsv(sizeDocument()).trimEnd().split('\n');
    const columns = header.split(',');
    expect(lines).toHaveLength(2);
    expect(columns.slice(0, 4)).toEqual(['users', 'quantization', 'zone', 'rank']);
    expect(lines[0]?.split(',')[columns.indexOf('cost_usd_per_hour')]).toBe('2.5608');
    expect(columns).not.toContain('reason');
  });

  it('neutralizes texts that a spreadsheet would run', () => {
    const row = recommendation({ instance: '=cmd()' });
    expect(sizeCsv(sizeDocument({ recommendations: [row] }))).toContain("'=cmd()");
  });
});

describe('ASCII', () => {
  it('knows every sign the report uses', () => {
    const tight = [{ code: 'memory_tight', sentence: 'tight' }];
    const report = sizeReport(sizeDocument({ recommendations: [recommendation({ warnings: tight })] }), llama2, SHOW);
    const text = asciiText(report);
    expect(text).toMatch(/^[\u0020-\u007e\n]*$/);
    expect(text).not.toContain('?');
  });
});
