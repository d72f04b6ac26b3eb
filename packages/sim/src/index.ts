export type { Checker } from './checkers/checkers.ts';
export { CHECKERS } from './checkers/checkers.ts';
export { parseOptions, simulate } from './cli.ts';
export { EventQueue } from './event-queue.ts';
export { Prng } from './prng.ts';
export { type Run, run } from './runner.ts';
export { QUIET_PATH, SCENARIOS, type Scenario, scenarioNamed } from './scenario.ts';
export { receiverId } from './stage.ts';
