/** The life of a service as a process of its own: configuration, bus, start, signals, stop, exit code. */
import { type Bus, BusError, connectBus, credentialsIn, type Role, type Subjects, subjects } from '@uftp/bus';
import type { z } from 'zod';
import { createLogger, type Logger, type LogLevel } from './logger.ts';
import { injectedVariables, readConfig, settingLines } from './service-config.ts';
import type { commonSettings } from './settings.ts';

/** What a service is given, whether it runs alone or with others in one process. */
export interface ServiceContext {
	readonly bus: Bus;
	readonly subjects: Subjects;
	readonly logger: Logger;
}

export interface RunningService {
	/** Resolves with a sentence if it has ended by itself: its process ends then, for others to start it again. */
	readonly failed?: Promise<string>;
	/** Takes nothing new, finishes or ends what is under way within `stopSeconds`, and says goodbye. */
	stop(): Promise<void>;
}

export interface ServiceDefinition<S extends z.ZodObject<typeof commonSettings>> {
	readonly role: Role;
	/** One sentence for --help. */
	readonly about: string;
	readonly schema: S;
	/** Rejects with an error whose message is a sentence if the service cannot work. */
	start(config: z.output<S>, context: ServiceContext): Promise<RunningService>;
}

/** Exit codes of a service. */
export const ServiceExit = { Done: 0, Failed: 1, Usage: 2, NoBus: 3 } as const;

/** How long the stop may take beyond `stopSeconds`, for the goodbye. */
const FAREWELL_MS = 2000;

/** Runs the service until a signal ends it. Returns the exit code. */
export async function runService<S extends z.ZodObject<typeof commonSettings>>(
	definition: ServiceDefinition<S>,
	words: readonly string[] = process.argv.slice(2),
	environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> {
	const { role, schema } = definition;
	if (words.includes('--help')) {
		process.stdout.write(helpOf(definition));
		return ServiceExit.Done;
	}
	const read = readConfig(schema, { environment, flags: words });
	if (!read.ok) return refuse(role, ServiceExit.Usage, read.problem);
	const config = read.value as z.output<z.ZodObject<typeof commonSettings>>;
	if (config.natsUrl === undefined) {
		return refuse(
			role,
			ServiceExit.NoBus,
			'NATS_URL is not set: a service needs a bus. Set it to the address of a nats-server ' +
				'(NATS_URL=nats://127.0.0.1:4222), or run everything in one process with "uftpctl up".',
		);
	}
	if (config.natsUrl.startsWith('memory:')) {
		return refuse(
			role,
			ServiceExit.NoBus,
			'NATS_URL=memory: reaches nobody outside this process: use "uftpctl up" for that.',
		);
	}
	const logger = createLogger(role, config.logLevel as LogLevel);
	const injected = injectedVariables(environment);
	if (injected.length > 0) {
		logger.info(`Ignored ${injected.join(', ')}: Kubernetes sets such variables for a service, they are no settings.`);
	}
	try {
		return await runWithBus(definition, read.value, config, logger);
	} catch (error) {
		return refuse(role, error instanceof BusError ? ServiceExit.NoBus : ServiceExit.Failed, messageOf(error));
	}
}

async function runWithBus<S extends z.ZodObject<typeof commonSettings>>(
	definition: ServiceDefinition<S>,
	whole: z.output<S>,
	config: z.output<z.ZodObject<typeof commonSettings>>,
	logger: Logger,
): Promise<number> {
	const waiting = new AbortController();
	const asked = signalled(() => waiting.abort());
	const { natsUser, natsPassword, natsToken } = config;
	const bus = await connectBus(config.natsUrl as string, {
		name: `uftp-${definition.role}`,
		...credentialsIn({ NATS_USER: natsUser, NATS_PASSWORD: natsPassword, NATS_TOKEN: natsToken }),
		waitForServer: true,
		signal: waiting.signal,
		onStatus: (status) => logBusStatus(logger, status),
	}).catch((error: unknown) => {
		if (waiting.signal.aborted) return undefined;
		throw error;
	});
	if (bus === undefined) return ServiceExit.Done;
	const context: ServiceContext = { bus, subjects: subjects(config.subjectPrefix), logger };
	const service = await definition.start(whole, context).catch(async (error: unknown) => {
		await bus.close();
		throw error;
	});
	const signal = await Promise.race([asked, endOf(service, logger)]);
	if (signal !== undefined) logger.info(`Stopping on ${signal}; work under way has ${config.stopSeconds} s.`);
	const timer = setTimeout(
		() => {
			logger.error('The stop took too long: ending now.');
			process.exit(ServiceExit.Failed);
		},
		config.stopSeconds * 1000 + FAREWELL_MS,
	);
	await service.stop();
	await bus.drain();
	clearTimeout(timer);
	logger.info('Stopped.');
	return signal === undefined ? ServiceExit.Failed : ServiceExit.Done;
}

/** Resolves if the service ends by itself. */
async function endOf(service: RunningService, logger: Logger): Promise<undefined> {
	const sentence = await (service.failed ?? new Promise<never>(() => {}));
	logger.error(sentence);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function signalled(onFirst: () => void): Promise<string> {
	return new Promise((resolve) => {
		let isAsked = false;
		for (const name of ['SIGTERM', 'SIGINT'] as const) {
			process.on(name, () => {
				if (isAsked) process.exit(ServiceExit.Failed);
				isAsked = true;
				onFirst();
				resolve(name);
			});
		}
	});
}

function refuse(role: string, code: number, problem: string): number {
	process.stderr.write(`uftp ${role}: ${problem}\n`);
	return code;
}

function messageOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	// A sentence of ours needs no stack; anything else is a bug and does.
	return /[.!]$/.test(error.message) ? error.message : (error.stack ?? error.message);
}

function helpOf(definition: ServiceDefinition<z.ZodObject<typeof commonSettings>>): string {
	const lines = settingLines(definition.schema).map(
		({ environment, flag, default: fallback, isRequired, description }) => {
			const note = isRequired ? ' (required)' : fallback === '' ? '' : ` (default ${fallback})`;
			return `  ${environment.padEnd(24)} ${flag.padEnd(22)} ${description}${note}`;
		},
	);
	return `${definition.about}\n\nSettings, from the environment or as flags (flags win):\n${lines.join('\n')}\n`;
}

type Status = Parameters<Parameters<Bus['onStatus']>[0]>[0];

/** What happens to the connection, as lines of the log. */
export function logBusStatus(logger: Logger, status: Status): void {
	switch (status.type) {
		case 'connected':
			return logger.info(`Connected to the bus at ${status.server}.`);
		case 'waiting':
			return logger.warn(`Waiting for the bus at ${status.server}: ${status.reason}`);
		case 'disconnected':
			return logger.warn(`The connection to the bus at ${status.server} is down.`);
		case 'reconnected':
			return logger.info(
				`Connected to the bus at ${status.server} again; ${status.resent} messages were kept and sent.`,
			);
		case 'permission-denied':
			return logger.error(`The bus refuses to let this service ${status.operation} ${status.subject}.`);
		case 'dropped':
			return logger.warn(`A message on ${status.subject} was dropped: ${status.reason}.`);
		case 'slow-consumer':
			return logger.warn(
				`${status.dropped} messages on ${status.pattern} were dropped: they come faster than they are handled.`,
			);
		case 'handler-error':
			return logger.error(`A handler of ${status.pattern} failed: ${messageOf(status.error)}`);
		case 'error':
			return logger.error(`The bus reports: ${status.error.message}`);
		case 'lame-duck':
		case 'closed':
			return;
		default:
			status satisfies never;
	}
}
