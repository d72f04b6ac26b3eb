/**
 * The bus: one port, two drivers (`memory:` and NATS), the subjects, and the types of what goes over them. The schemas
 * that check received messages have a separate entry point, `@uftp/bus/schemas`: they load zod, which not every user needs.
 */
export * from './bus.ts';
export * from './bus-error.ts';
export { connectBus, credentialsIn } from './connect.ts';
export type { ConnectOptions } from './connect-options.ts';
export { announceLocalBus, findLocalBus, type LocalBus } from './discover.ts';
export { type BrokerLimits, MemoryBroker, sharedBroker } from './memory/memory-broker.ts';
export { MemoryBus } from './memory/memory-bus.ts';
export * from './outcome.ts';
export * from './rendezvous.ts';
export type { CancelAnswer, CancelRequest } from './schemas/cancel.ts';
export type { EventDataByKind, EventEnvelope, ReceiverResult, UftpEvent } from './schemas/events.ts';
export type { Heartbeat, NetworkInterface, NodePublicKey } from './schemas/heartbeat.ts';
export type { Job, JobAnswer, JobFile, JobInput, JobOptions, JobTargets } from './schemas/job.ts';
export type { LocateAnswer, LocateRequest } from './schemas/locate.ts';
export type { Parsed } from './schemas/parse.ts';
export type { Presence, RegistryListAnswer, RegistryListRequest, RegistryNode } from './schemas/registry.ts';
export type { Replica, ResolveAnswer, ResolveRequest, ResponsePool } from './schemas/response-pool.ts';
export type { SessionEncryption } from './schemas/words.ts';
export { isWildcard, patternProblem, subjectMatches, subjectProblem } from './subject-grammar.ts';
export * from './subjects.ts';
