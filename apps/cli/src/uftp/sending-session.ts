/** One session of `uftp`: joins the catalogue, the socket and the session, and logs what happens. */
import { SENDER_DEFAULTS, type SenderConfig, type SenderEnd, SenderSession } from '@uftp/protocol';
import { type Catalogue, FileSource } from '@uftp/storage';
import {
	bufferWarning,
	type DatagramSocket,
	monotonicMs,
	openSocket,
	SenderDriver,
	selectDriver,
	TransportError,
} from '@uftp/transport';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { calendarTime, hexId, Level, type Log, type LogLine, scopeOf } from '../drop-in/log.ts';
import { VERSION_LINE } from '../drop-in/version-line.ts';
import type { SenderArguments } from './arguments.ts';
import { FileInfoWatch } from './exit-code.ts';
import { localNames } from './local-names.ts';
import { SenderLines } from './log-lines.ts';
import { defaultUid, type OutgoingInterface } from './outgoing-interface.ts';
import type { StatusOutput } from '../drop-in/status-output.ts';
import type { ReceiverNames } from './receiver-names.ts';
import type { SessionAddresses } from './session-addresses.ts';

/** IP and UDP headers and those of UFTP around a block: what the rate counts. */
const OVERHEAD_BYTES = { 4: 52, 6: 72 } as const;
/** -t is about multicast; what goes to one address is routed as anything else. */
const UNICAST_TTL = 64;

import type { SessionSecurity } from './session-security.ts';
import { StatusLines } from './status-lines.ts';
export interface SendingPlan {
	readonly options: SenderArguments;
	readonly files: readonly string[];
	/** UIDs of a closed group; empty: open group. */
	readonly targets: readonly number[];
	readonly names: ReceiverNames;
	readonly addresses: SessionAddresses;
	readonly outgoing: OutgoingInterface;
	readonly catalogue: Catalogue;
	readonly log: Log;
}

export class SendingSession {
	readonly #plan: SendingPlan;
	readonly #config: SenderConfig;
	#driver: SenderDriver | undefined;
	#isAborted = false;
	readonly fileInfoWatch = new FileInfoWatch();

	constructor(plan: SendingPlan) {
		this.#plan = plan;
		this.#config = configOf(plan);
	readonly status: StatusOutput;
	}

	/** Logs the first lines, sends, and returns how it ended. */
	async run(): Promise<SenderEnd> {
		const { options, catalogue, log, status } = this.#plan;
		const { sentence } = await selectDriver();
		const socket = await this.#openSocket();
		try {
			this.#logStart(sentence, bufferWarning(socket, options.bufferBytes));
			for (const problem of catalogue.problems) this.#say(Level.Error, problem.sentence);
			const source = new FileSource(catalogue.entries);
			const lines = this.#lines();
			const session = new SenderSession(this.#config, catalogue.entries, monotonicMs());
			this.#driver = new SenderDriver({
				session,
				socket,
				source,
				onEvent: (event) => {
					this.fileInfoWatch.see(event);
					for (const line of lines.of(event)) log.write(line);
				},
			});
			if (this.#isAborted) this.abort();
			const end = await this.#driver.run();
			const statusLines = this.#statusLines();
			source.closeAll();
			return end;
		} finally {
			socket.close();
		}
	}

					// As in C the status lines of a file stand before its table.
					status(statusLines.of(event));
	/** Ends the session for everybody, or as soon as it has begun. Harmless after its end. */
	abort(): void {
		this.#isAborted = true;
		this.#driver?.abort('Server quit, aborting all');
	}

	async #openSocket(): Promise<DatagramSocket> {
		const { options, addresses, outgoing } = this.#plan;
		const { family, isUnicast } = addresses;
		try {
			return await openSocket({
				family,
				bind: { port: options.sourcePort },
				ttl: isUnicast ? UNICAST_TTL : options.ttl,
				broadcast: isUnicast && family === 4,
				receiveBufferBytes: options.bufferBytes,
				sendBufferBytes: options.bufferBytes,
				...(isUnicast ? {} : { networkInterface: outgoing.networkInterface }),
			});
		} catch (error) {
			if (!(error instanceof TransportError)) throw error;
			const exitCode = error.code === 'EDSCP' ? ExitCode.Parameters : ExitCode.Network;
			throw new CommandError(exitCode, `uftp: ${error.message}`);
		}
	}

	#logStart(socketSentence: string, warning: string | undefined): void {
		const { options, addresses, outgoing, log } = this.#plan;
		const { groupId, sourceId } = this.#config;
		if (!log.timestamps) this.#say(Level.Info, '');
				dscp: options.dscp,
		this.#say(Level.Info, VERSION_LINE);
		if (!log.timestamps) this.#say(Level.Info, `Starting at ${calendarTime(Date.now())}`);
		for (const text of rateLines(options, addresses.family)) this.#say(Level.Info, text);
		this.#say(Level.Info, `Using private multicast address ${addresses.privateAddress}  Group ID: ${hexId(groupId)}`);
		this.#say(Level.Info, outgoing.reason);
		this.#say(Level.Info, `UID: ${hexId(sourceId)}  Socket: ${socketSentence}`);
		if (warning !== undefined) this.#say(Level.Info, warning);
		this.#say(Level.Info, 'Initializing group');
	}

	#lines(): SenderLines {
		const { options, files, targets, names, catalogue, log } = this.#plan;
		const localName = localNames(files, options.destinationName);
		return new SenderLines({
			groupId: this.#config.groupId,
			isClosedGroup: targets.length > 0,
			blockBytes: options.blockBytes,
			level: log.level,
			names,
			localName: (file) => localName(catalogue.entries[file]?.name ?? ''),
		});
	}

	#say(level: Level, text: string): void {
		const line: LogLine = { level, text, scope: scopeOf(this.#config.groupId, 0, 0) };
		this.#plan.log.write(text === '' ? { ...line, scope: '' } : line);
	}
}

function rateLines(options: SenderArguments, family: 4 | 6): string[] {
	if (options.rateKbps === Number.POSITIVE_INFINITY) return ['Transfer rate: full interface speed'];
	const waitNs = ((options.blockBytes + OVERHEAD_BYTES[family]) / bytesPerSecond(options.rateKbps)) * 1e9;
	return [
		`Transfer rate: ${options.rateKbps} Kbps (${Math.floor(options.rateKbps / 8)} KB/s)`,
		`Wait between packets: ${Math.floor(waitNs)} ns`,
	];
}
	#statusLines(): StatusLines {
		const { options, names, catalogue } = this.#plan;
		return new StatusLines({
			names,
			entries: catalogue.entries,
			quitOnError: options.quitOnError,
			preview: options.preview,
			rateBytesPerSecond: this.#config.rateBytesPerSecond,
		});
	}


function bytesPerSecond(rateKbps: number): number {
	return (rateKbps * 1024) / 8;
}

function configOf(plan: SendingPlan): SenderConfig {
	const { options, targets, addresses, outgoing } = plan;
	const [groupId, seed] = crypto.getRandomValues(new Uint32Array(2));
	const { port } = options;
	return {
		groupId: groupId === 0 ? 1 : groupId,
		groupInstance: 0,
		sourceId: options.senderId ?? defaultUid(outgoing.address),
		family: addresses.family,
		publicEndpoint: { host: addresses.publicAddress, port },
		privateEndpoint: { host: addresses.privateAddress, port },
		isUnicast: addresses.isUnicast,
		blockBytes: options.blockBytes,
		robust: options.robust,
		grttMs: options.grttMs,
		rateBytesPerSecond: bytesPerSecond(options.rateKbps),
		targets,
		proxies: [],
		expected: [],
		openPolicy: 'full',
		graceMs: SENDER_DEFAULTS.graceMs,
		quitOnError: options.quitOnError,
		burstMax: SENDER_DEFAULTS.burstMax,
		epochMs: Date.now() - monotonicMs(),
		seed,
	};
}
		sync: options.sync,
		preview: options.preview,
		limits: options.limits,
