export { EncryptionLane, makeKeys } from './encryption-lane.ts';
export { coveringSessions, everySession, nameOf, pairs, titleOf } from './encryption-table.ts';
export type { Host } from './host.ts';
export { runInside } from './namespace.ts';
export {
	type Ending,
	findProgram,
	launch,
	type Maker,
	missingPeers,
	type Program,
	waitUntilListening,
} from './programs.ts';
export { hostsOf, type Pair, runScenario, type Scenario } from './scenario.ts';
export { scenarios } from './scenarios.ts';
export { createTopology, type Topology } from './topology.ts';
export { differences, makeTree, noise, sameBytes } from './trees.ts';
