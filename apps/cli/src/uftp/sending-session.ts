/** One session of `uftp`: joins the catalogue, the socket and the session, and logs what happens. */
import {
	packetSignatureBytes,
	SENDER_DEFAULTS,
	type SenderConfig,
	type SenderEnd,
	SenderSession,
} from '@uftp/protocol';
import { type Catalogue, FileSource } from '@uftp/storage';
import {
	answerBufferWarning,
	type DatagramSocket,
	monotonicMs,
	openSocket,
	SenderDriver,
	selectDriver,
	TransportError,
} from '@uftp/transport';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { calendarTime, hexId, Level, type Log, type LogLine, scopeOf } from '../drop-in/log.ts';
import type { StatusOutput } from '../drop-in/status-output.ts';
import { VERSION_LINE } from '../drop-in/version-line.ts';
import type { SenderArguments } from './arguments.ts';
import { FileInfoWatch } from './exit-code.ts';
import { FailedReceivers } from './failed-receivers.ts';
import type { HostList } from './host-list.ts';
import { localNames } from './local-names.ts';
import { SenderLines } from './log-lines.ts';
import { defaultUid, type OutgoingInterface } from './outgoing-interface.ts';
import type { ReceiverNames } from './receiver-names.ts';
import type { RestartFile } from './restart-file.ts';
import type { SessionAddresses } from './session-addresses.ts';
import type { SessionSecurity } from './session-security.ts';
import { StatusLines } from './status-lines.ts';

/** IP and UDP headers and those of UFTP around a block: what the rate counts. */
const OVERHEAD_BYTES = { 4: 52, 6: 72 } as const;
/** What encryption adds, beside signatures: its header, and as much as C counts for padding and tags. */
const ENVELOPE_BYTES = 28;
/** -t is about multicast; what goes to one address is routed as anything else. */
const UNICAST_TTL = 64;

export interface SendingPlan {
	readonly options: SenderArguments;
	readonly files: readonly string[];
	/** UIDs of a closed group; empty: open group. */
	readonly targets: readonly number[];
	/** UIDs of -j. */
	readonly proxies: readonly number[];
	/** Undefined in the clear. */
	readonly security: SessionSecurity | undefined;
	/** The session is the next run of one that failed. */
	readonly resumed: RestartFile | undefined;
	readonly names: ReceiverNames;
	readonly addresses: SessionAddresses;
	readonly outgoing: OutgoingInterface;
	readonly catalogue: Catalogue;
	readonly log: Log;
	readonly status: StatusOutput;
}

export class SendingSession {
	readonly #plan: SendingPlan;
	readonly #config: SenderConfig;
	#driver: SenderDriver | undefined;
	#isAborted = false;
	readonly fileInfoWatch = new FileInfoWatch();
	readonly #failedReceivers = new FailedReceivers();

	constructor(plan: SendingPlan) {
		this.#plan = plan;
		this.#config = configOf(plan);
	}

	/** Logs the first lines, sends, and returns how it ended. */
	async run(): Promise<SenderEnd> {
		const { catalogue, log, status } = this.#plan;
		const { sentence } = await selectDriver();
		const socket = await this.#openSocket();
		try {
			this.#logStart(sentence, [answerBufferWarning(socket), socket.marksProblem]);
			for (const problem of catalogue.problems) this.#say(Level.Error, problem.sentence);
			const source = new FileSource(catalogue.entries);
			const lines = this.#lines();
			const statusLines = this.#statusLines();
			const session = new SenderSession(this.#config, catalogue.entries, monotonicMs());
			this.#driver = new SenderDriver({
				session,
				socket,
				source,
				onEvent: (event) => {
					this.fileInfoWatch.see(event);
					this.#failedReceivers.see(event);
					// As in C the status lines of a file stand before its table.
					status(statusLines.of(event));
					for (const line of lines.of(event)) log.write(line);
				},
			});
			if (this.#isAborted) this.abort();
			const end = await this.#driver.run();
			source.closeAll();
			return end;
		} finally {
			socket.close();
		}
	}

	/** What another run of the session needs to know; undefined if everybody has everything. */
	restartFile(
		end: SenderEnd,
		fingerprints: ReadonlyMap<number, Uint8Array>,
		proxies: HostList,
	): RestartFile | undefined {
		const { files, names } = this.#plan;
		const { groupId, groupInstance } = this.#config;
		const receivers = this.#failedReceivers.list(end, names, fingerprints);
		if (receivers.names.size === 0) return undefined;
		const needed = this.#failedReceivers.proxies(end, names, proxies);
		return { groupId, groupInstance, files, directory: process.cwd(), receivers, proxies: needed };
	}

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
				dscp: options.dscp,
				ecn: options.congestion !== undefined,
				...(isUnicast ? {} : { networkInterface: outgoing.networkInterface }),
			});
		} catch (error) {
			if (!(error instanceof TransportError)) throw error;
			const exitCode = error.code === 'EDSCP' ? ExitCode.Parameters : ExitCode.Network;
			throw new CommandError(exitCode, `uftp: ${error.message}`);
		}
	}

	#logStart(socketSentence: string, warnings: readonly (string | undefined)[]): void {
		const { addresses, outgoing, security, log } = this.#plan;
		const { groupId, sourceId } = this.#config;
		if (!log.timestamps) this.#say(Level.Info, '');
		this.#say(Level.Info, VERSION_LINE);
		if (!log.timestamps) this.#say(Level.Info, `Starting at ${calendarTime(Date.now())}`);
		for (const text of security?.warnings ?? []) this.#say(Level.Warning, text);
		for (const text of security?.lines ?? []) this.#say(Level.Info, text);
		for (const text of rateLines(this.#plan)) this.#say(Level.Info, text);
		this.#say(Level.Info, `Using private multicast address ${addresses.privateAddress}  Group ID: ${hexId(groupId)}`);
		this.#say(Level.Info, outgoing.reason);
		this.#say(Level.Info, `UID: ${hexId(sourceId)}  Socket: ${socketSentence}`);
		for (const warning of warnings) if (warning !== undefined) this.#say(Level.Info, warning);
		this.#say(Level.Info, 'Initializing group');
	}

	#lines(): SenderLines {
		const { options, files, targets, names, catalogue, log } = this.#plan;
		const localName = localNames(files, options.destinationName);
		return new SenderLines({
			groupId: this.#config.groupId,
			groupInstance: this.#config.groupInstance,
			isClosedGroup: targets.length > 0,
			blockBytes: options.blockBytes,
			level: log.level,
			names,
			localName: (file) => localName(catalogue.entries[file]?.name ?? ''),
		});
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

	#say(level: Level, text: string): void {
		const line: LogLine = { level, text, scope: scopeOf(this.#config.groupId, this.#config.groupInstance, 0) };
		this.#plan.log.write(text === '' ? { ...line, scope: '' } : line);
	}
}

function rateLines({ options, addresses: { family }, security }: SendingPlan): string[] {
	if (options.congestion !== undefined) return ['Transfer rate: dynamic via TFMCC'];
	if (options.rateKbps === Number.POSITIVE_INFINITY) return ['Transfer rate: full interface speed'];
	const packetBytes = options.blockBytes + OVERHEAD_BYTES[family] + envelopeBytes(security);
	const waitNs = (packetBytes / bytesPerSecond(options.rateKbps)) * 1e9;
	return [
		`Transfer rate: ${options.rateKbps} Kbps (${Math.floor(options.rateKbps / 8)} KB/s)`,
		`Wait between packets: ${Math.floor(waitNs)} ns`,
	];
}

function envelopeBytes(security: SessionSecurity | undefined): number {
	if (security === undefined) return 0;
	const { suite, key } = security.config;
	return ENVELOPE_BYTES + packetSignatureBytes(suite, key.publicKey);
}

function bytesPerSecond(rateKbps: number): number {
	return (rateKbps * 1024) / 8;
}

function configOf(plan: SendingPlan): SenderConfig {
	const { options, targets, proxies, addresses, outgoing, security, resumed } = plan;
	const [randomId, seed] = crypto.getRandomValues(new Uint32Array(2));
	const { port } = options;
	return {
		groupId: resumed?.groupId ?? Math.max(1, randomId),
		groupInstance: resumed === undefined ? 0 : resumed.groupInstance + 1,
		sourceId: options.senderId ?? defaultUid(outgoing.address),
		family: addresses.family,
		publicEndpoint: { host: addresses.publicAddress, port },
		privateEndpoint: { host: addresses.privateAddress, port },
		isUnicast: addresses.isUnicast,
		blockBytes: options.blockBytes,
		robust: options.robust,
		grttMs: options.grttMs,
		rateBytesPerSecond: bytesPerSecond(options.rateKbps),
		congestion: options.congestion,
		targets,
		proxies,
		expected: [],
		openPolicy: 'full',
		graceMs: SENDER_DEFAULTS.graceMs,
		sync: options.sync,
		preview: options.preview,
		limits: options.limits,
		quitOnError: options.quitOnError,
		burstMax: SENDER_DEFAULTS.burstMax,
		epochMs: Date.now() - monotonicMs(),
		seed,
		security: security?.config,
	};
}
