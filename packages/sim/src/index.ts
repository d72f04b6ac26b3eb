export { parseOptions, simulate } from './cli.ts';
export type { Checker } from './checkers/checkers.ts';
export { CHECKERS } from './checkers/checkers.ts';
export { EventQueue } from './event-queue.ts';
export { Prng } from './prng.ts';
export { receiverId, run, type Run } from './runner.ts';
export { QUIET_PATH, type Scenario, SCENARIOS, scenarioNamed } from './scenario.ts';
