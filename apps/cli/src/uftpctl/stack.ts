/** Everything in one process: bus, registry, sender, receivers. What `up` and `lab` start. */
import { announceLocalBus, type Bus, BusError, connectBus, credentialsIn, sharedBroker, subjects } from '@uftp/bus';
import { type LoopbackListener, startLoopbackListener } from '@uftp/bus/listener';
import { describeError, vocabularyOf } from '@uftp/endpoint/problems';
import { ReceiverPort } from '@uftp/endpoint/receiving';
import {
	checkConfig,
	flagName,
	type Logger,
	logBusStatus,
	type RunningService,
	type ServiceContext,
} from '@uftp/service-kit';
import { logPort, type ReceiverConfig, ReceiverService, receiverConfig } from '@uftp/service-receiver';
import { RegistryService, registryConfig } from '@uftp/service-registry';
import { SenderService, senderConfig } from '@uftp/service-sender';
import { CommandEnd, ExitCode, usageError } from './exit-code.ts';

/** Settings as text, by the names that the services give them. */
export type Settings = Readonly<Record<string, string>>;

export interface StackOptions {
	/** A bus elsewhere; undefined: one in this process, with a listener. */
	readonly natsUrl: string | undefined;
	/** Port of the listener; undefined: 4222, or any free one where that is taken. */
	readonly busPort: number | undefined;
	/** What clients of the listener have to show; undefined: nothing. */
	readonly token: string | undefined;
	/** Let other programs of this user find the bus. */
	readonly isAnnounced: boolean;
	readonly sender: Settings;
	readonly receivers: readonly Settings[];
	/** Share of datagrams that the receivers throw away. */
	readonly lossShare: number;
	readonly loggerOf: (role: string) => Logger;
}

export interface Stack {
	/** Where programs reach the bus. */
	readonly busUrl: string;
	readonly sender: SenderService;
	readonly receivers: readonly ReceiverService[];
	/** Undefined without receivers. */
	readonly port: ReceiverPort | undefined;
	stop(): Promise<void>;
}

const usualBusPort = 4222;
/** What `uftpctl up` calls the settings that sentences of the library name. */
const UP_VOCABULARY = vocabularyOf(flagName);

/** Starts everything; what was started is stopped again if the rest cannot be. Throws a CommandEnd. */
export async function startStack(options: StackOptions): Promise<Stack> {
	const undo: (() => Promise<void> | void)[] = [];
	const stop = async (): Promise<void> => {
		for (const step of undo.splice(0).reverse()) await step();
	};
	try {
		const { bus, url } = await openBus(options, undo);
		const context = (role: string): ServiceContext => ({ bus, subjects: subjects(), logger: options.loggerOf(role) });
		started(undo, new RegistryService(checked(registryConfig, {}), context('registry')));
		const configs = options.receivers.map((settings) => checked(receiverConfig, settings));
		const port = await openPort(configs);
		if (port !== undefined) logPort(port, context('receiver').logger);
		const receivers: ReceiverService[] = [];
		for (const config of configs) {
			const loss = options.lossShare > 0 ? { loss: { share: options.lossShare, random: Math.random } } : {};
			const shared = port === undefined ? {} : { port };
			receivers.push(started(undo, await ReceiverService.start(config, context('receiver'), { ...shared, ...loss })));
		}
		const sender = started(undo, await SenderService.start(checked(senderConfig, options.sender), context('sender')));
		return { busUrl: url, sender, receivers, port, stop };
	} catch (error) {
		await stop();
		if (error instanceof CommandEnd) throw error;
		if (error instanceof BusError) throw new CommandEnd(ExitCode.NoBus, error.message);
		throw new CommandEnd(ExitCode.Failed, describeError(error, UP_VOCABULARY));
	}
}

/** The port that all receivers share. */
async function openPort(configs: readonly ReceiverConfig[]): Promise<ReceiverPort | undefined> {
	const [first] = configs;
	if (first === undefined) return undefined;
	const [port] = await ReceiverPort.open({
		interfaces: first.interface === undefined ? undefined : [first.interface],
		publicAddress: first.publicAddress,
		port: first.port,
		receivers: configs.length,
		socketDriver: first.socketDriver,
	});
	return port;
}

function started<S extends RunningService>(undo: (() => Promise<void> | void)[], service: S): S {
	undo.push(() => service.stop());
	return service;
}

function checked<S extends Parameters<typeof checkConfig>[0]>(schema: S, settings: Settings) {
	const read = checkConfig<S>(schema, settings);
	if (!read.ok) throw usageError(read.problem);
	return read.value;
}

async function openBus(
	options: StackOptions,
	undo: (() => Promise<void> | void)[],
): Promise<{ bus: Bus; url: string }> {
	const logger = options.loggerOf('bus');
	if (options.natsUrl !== undefined) {
		const bus = await connectBus(options.natsUrl, {
			name: 'uftpctl-up',
			...credentialsIn(process.env),
			onStatus: (status) => logBusStatus(logger, status),
		});
		undo.push(() => bus.drain());
		return { bus, url: bus.url };
	}
	const bus = await connectBus('memory:');
	undo.push(() => bus.drain());
	const listener = await openListener(options);
	undo.push(() => listener.close());
	if (options.isAnnounced) {
		const withdraw = announceLocalBus(listener.url);
		if (withdraw !== undefined) undo.push(withdraw);
		else {
			logger.warn(
				'No folder that only you can use can be written to (XDG_RUNTIME_DIR, or the one for temporary files), so other ' +
					`programs do not find the bus by themselves: start them with NATS_URL=${listener.url}`,
			);
		}
	}
	return { bus, url: listener.url };
}

async function openListener({ busPort, token }: StackOptions): Promise<LoopbackListener> {
	const secret = token === undefined ? {} : { token };
	if (busPort !== undefined) return startLoopbackListener(sharedBroker(''), { port: busPort, ...secret });
	try {
		return await startLoopbackListener(sharedBroker(''), { port: usualBusPort, ...secret });
	} catch {
		// A nats-server has it, most likely: any other port does as well, the file tells which.
		return startLoopbackListener(sharedBroker(''), { port: 0, ...secret });
	}
}
