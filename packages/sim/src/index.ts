export { CHECKERS } from './checkers/checkers.ts';
export { parseOptions, simulate } from './cli.ts';
export { EventQueue } from './event-queue.ts';
export { Prng } from './prng.ts';
export type { Checker, Run } from './run.ts';
export { run } from './runner.ts';
export { QUIET_PATH, SCENARIOS, type Scenario, scenarioNamed } from './scenario.ts';
export { receiverId } from './stage.ts';
