import { runProgram } from './run.ts';

// Not process.exit: what is still on its way to a pipe must arrive.
process.exitCode = await runProgram(process.argv.slice(2));
