// npm test: everything, in the order in which it is cheapest to fail. The last line is the sum of all tests.
import './check-node.mjs';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from './build.mjs';
import { ensureChromium } from './find-chromium.mjs';
import { ensureParallel } from './find-parallel.mjs';

// Every program starts with the Node of this project, also when this script was not started by npm.
const PATH = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
const bin = (name) => join(root, 'node_modules', '.bin', name);
const reports = mkdtempSync(join(tmpdir(), 'configiq-test-'));
const vitestReport = join(reports, 'vitest.json');
const playwrightReport = join(reports, 'playwright.json');

/**
 * Stages one after the other; in a stage lanes side by side, each with its steps one after the other. Lint keeps one core
 * busy for as long as types, build and format take the other. The build comes before the tests because those of the
 * command line and of the hosts run what it made. Unit and browser tests keep both cores busy by themselves.
 */
const STAGES = [
  [
    [{ name: 'lint', command: [bin('eslint'), '.', '--max-warnings', '0'] }],
    [
      {
        name: 'types',
        command: [bin('svelte-check'), '--tsconfig', './tsconfig.json', '--fail-on-warnings', '--output', 'human'],
      },
      { name: 'build', command: [bin('electron-vite'), 'build', '--logLevel', 'warn'] },
      { name: 'format', command: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
    ],
  ],
  [
    [
      {
        name: 'unit',
        before: () => ensureParallel(say),
        command: [bin('vitest'), 'run', '--reporter=dot', '--reporter=json', `--outputFile.json=${vitestReport}`],
        count: () => vitestCounts(readReport(vitestReport)),
      },
    ],
  ],
  [
    [
      {
        name: 'browser',
        before: () => ({ CHROMIUM: ensureChromium(say) }),
        command: [bin('playwright'), 'test', '--reporter=line,json'],
        environment: { PLAYWRIGHT_JSON_OUTPUT_FILE: playwrightReport },
        count: () => playwrightCounts(readReport(playwrightReport)),
      },
    ],
  ],
];

/** What is found or installed on the way. */
function say(line) {
  console.log(`         ${line}`);
}

const total = { passed: 0, failed: 0, skipped: 0 };
let isGreen = true;
for (const stage of STAGES) {
  for (const outcome of (await Promise.all(stage.map(runLane))).flat()) {
    isGreen &&= outcome.isGreen;
    for (const key of Object.keys(total)) total[key] += outcome.counts?.[key] ?? 0;
    if (!outcome.isGreen) console.log(outcome.output.trimEnd());
    console.log(summary(outcome));
  }
}
rmSync(reports, { recursive: true, force: true });
if (total.passed === 0) isGreen = false;
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = isGreen ? 0 : 1;

async function runLane(steps) {
  const outcomes = [];
  for (const step of steps) outcomes.push(await runStep(step));
  return outcomes;
}

/** Runs one step and keeps what it prints, which is only shown when it fails. */
async function runStep({ name, before, command, environment, count }) {
  const startedMs = performance.now();
  const seconds = () => ((performance.now() - startedMs) / 1000).toFixed(1);
  try {
    const prepared = before?.() ?? {};
    const { code, output } = await run(command, { ...process.env, PATH, ...environment, ...prepared });
    const counts = count?.() ?? null;
    // A runner that ends well without a report, or with failures in it, has not ended well.
    const isComplete = !count || (counts !== null && counts.failed === 0);
    return { name, isGreen: code === 0 && isComplete, counts, output, seconds: seconds() };
  } catch (thrown) {
    const output = thrown instanceof Error ? thrown.message : String(thrown);
    return { name, isGreen: false, counts: null, output, seconds: seconds() };
  }
}

function run([program, ...args], env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

function summary({ name, isGreen, counts, seconds }) {
  const tests = counts ? `  ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped` : '';
  return `${isGreen ? 'ok  ' : 'FAIL'}  ${name.padEnd(8)} ${seconds.padStart(6)} s${tests}`;
}

function readReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

function vitestCounts(report) {
  if (!report) return null;
  // A file that cannot be loaded has no failed test, only a failed suite.
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
}

function playwrightCounts(report) {
  if (!report) return null;
  const { expected, unexpected, flaky, skipped } = report.stats;
  // A test that needs a second try is not a passed one.
  return { passed: expected, failed: unexpected + flaky + report.errors.length, skipped };
}
