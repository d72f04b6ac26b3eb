/** What every service shares: settings, log, life cycle, heartbeats, events. */
export { EventPublisher } from './event-publisher.ts';
export { reasonField, shortened } from './event-text.ts';
export { type HeartbeatFacts, type HeartbeatOptions, HeartbeatPublisher } from './heartbeat-publisher.ts';
export { newJobId } from './job-id.ts';
export { createLogger, type Logger, type LogLevel } from './logger.ts';
export { idFromHost, type NodeIdentity, newIdentity, version } from './node-identity.ts';
export { publishedKeys } from './node-security.ts';
export { ProgressThrottle } from './progress-throttle.ts';
export {
	logBusStatus,
	type RunningService,
	runService,
	type ServiceContext,
	type ServiceDefinition,
	ServiceExit,
} from './run-service.ts';
export {
	type ConfigSources,
	checkConfig,
	environmentName,
	flagName,
	injectedVariables,
	readConfig,
	type SettingLine,
	settingLines,
	settingsTable,
} from './service-config.ts';
export { choice, commonSettings, flag, integer, keySettings, list, seconds, text } from './settings.ts';
