export { EncryptionLane, makeKeys } from './encryption-lane.ts';
export { coveringSessions, everySession, nameOf, optionsOf, pairs, titleOf } from './encryption-table.ts';
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
export { castTitle, needsPeers } from './proxies/cast.ts';
export { Keyring } from './proxies/keyring.ts';
export { partsOf } from './proxies/proxy-scenario.ts';
export { proxyScenarios } from './proxies/proxy-scenarios.ts';
export { runProxyScenario } from './proxies/run-proxy-scenario.ts';
export { createSites, type Sites } from './proxies/sites.ts';
export { hostsOf, type Pair, runScenario, type Scenario } from './scenario.ts';
export { scenarios } from './scenarios.ts';
export { ServiceStage } from './services/service-stage.ts';
export { createTopology, type Topology } from './topology.ts';
export { differences, makeTree, noise, sameBytes } from './trees.ts';
