import { parseArgs } from 'node:util';
import { drawScenarios } from './draw.ts';

/**
 * `node scripts/closed-form/draw-scenarios.ts SEED COUNT [--wide] > FILE`. Drawn once and stored; a new draw is a new test of what was
 * built on the old ones.
 */
const { values, positionals } = parseArgs({ options: { wide: { type: 'boolean' } }, allowPositionals: true });
const [seed = 1, count = 180] = positionals.map(Number);
const scenarios = drawScenarios(seed, count, values.wide ? 'wide' : 'usual');
console.log(`[\n${scenarios.map((scenario) => JSON.stringify(scenario)).join(',\n')}\n]`);
