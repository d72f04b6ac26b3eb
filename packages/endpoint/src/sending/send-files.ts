/** Sends files: one session on one socket, from the question where to send to how it ended at each receiver. */
import type { SenderConfig, SenderEnd, SenderEvent, SenderProgress } from '@uftp/protocol';
import { SenderSession } from '@uftp/protocol/sender';
import { buildCatalogueInSlices, type Catalogue, type CatalogueArgument, timeWarnings } from '@uftp/storage';
import { answerBufferWarning, type DatagramSocket, monotonicMs, openSocket, selectDriver } from '@uftp/transport';
import { SenderDriver } from '@uftp/transport/sender';
import { uidFromAddress } from '@uftp/wire';
import { type ChosenInterface, chooseInterface } from '../network/interface-choice.ts';
import { resolveHost } from '../network/resolve-host.ts';
import { type SessionAddresses, sessionAddresses } from '../network/session-addresses.ts';
import { socketError } from '../network/socket-error.ts';
import { EndpointError } from '../problems/index.ts';
import { EventFeed, EventHook, HOOK_MS_MAX, reportFault } from '../running/index.ts';
import { checkNumbers } from '../running/number-rules.ts';
import { CatalogueSource } from './catalogue-source.ts';
import { FirstUse } from './first-use.ts';
import {
	FAILURE_CODES,
	type SendHooks,
	type Sending,
	type SendingEnd,
	type SendingEvent,
	type SendingFailure,
	type SendingOpened,
} from './sending.ts';
import { SEND_NUMBERS, type SendSettings, senderConfig } from './settings.ts';

const PUBLIC_ADDRESS = '230.4.4.1';

/** A catalogue, or paths and arguments from which one is made. */
export type WhatToSend = Catalogue | readonly (string | CatalogueArgument)[];

/**
 * Starts to send. Returns at once and never throws: whatever goes wrong, the settings and the network included, is in
 * `ended`.
 */
export function sendFiles(what: WhatToSend, settings: SendSettings = {}, hooks: SendHooks = {}): Sending {
	return new SendingRun(what, settings, hooks);
}

/** Where a session is sent, and by whom. */
interface Network {
	readonly addresses: SessionAddresses;
	readonly outgoing: ChosenInterface;
	readonly uid: number;
}

/** What a session needs before it can start. */
interface Prepared {
	readonly opened: SendingOpened;
	readonly session: SenderSession;
	readonly socket: DatagramSocket;
	readonly source: CatalogueSource;
}

class SendingRun implements Sending {
	readonly events = new EventFeed<SendingEvent>((error) => this.#fail(error));
	readonly ended: Promise<SendingEnd>;
	readonly #settings: SendSettings;
	readonly #hooks: SendHooks;
	readonly #hook: EventHook<SendingEvent> | undefined;
	readonly #hookMsMax: number;
	readonly #firstUse: FirstUse | undefined;
	/** Rejects with the first thing that is thrown outside the session's driver. */
	readonly #fault = Promise.withResolvers<never>();
	#isOver = false;
	/** What is open, in the order in which it was opened. */
	readonly #open: (() => void)[] = [];
	readonly #startedMs = monotonicMs();
	#groupId: number | undefined;
	#prepared: Prepared | undefined;
	#driver: SenderDriver | undefined;
	#abortReason: string | undefined;
	readonly #lateProxies: [proxyId: number, fingerprint: Uint8Array | undefined][] = [];

	constructor(what: WhatToSend, settings: SendSettings, hooks: SendHooks) {
		this.#settings = settings;
		this.#hooks = hooks;
		this.#hookMsMax = Math.min(settings.hookMsMax ?? HOOK_MS_MAX, HOOK_MS_MAX);
		const { onEvent } = hooks;
		if (onEvent !== undefined) {
			const onFault = (error: unknown): void => this.#fail(error);
			this.#hook = new EventHook({ call: onEvent, callMsMax: this.#hookMsMax, onFault });
		}
		const { pinnedIn, pinnedProxies = [] } = settings;
		if (pinnedIn !== undefined) this.#firstUse = new FirstUse(pinnedIn, pinnedProxies);
		// The caller has the object before the first event comes.
		this.ended = Promise.resolve().then(() => this.#run(what));
		this.#fault.promise.catch(() => {});
	}

	get progress(): SenderProgress | undefined {
		try {
			return this.#prepared?.session.progress;
		} catch (error) {
			this.#fail(error);
			return undefined;
		}
	}

	abort(reason: string): void {
		this.#abortReason ??= reason;
		this.#driver?.abort(this.#abortReason);
	}

	expectProxy(proxyId: number, fingerprint?: Uint8Array): void {
		if (this.#driver === undefined) this.#lateProxies.push([proxyId, fingerprint]);
		else this.#driver.expectProxy(proxyId, fingerprint);
	}

	/** Never rejects. */
	async #run(what: WhatToSend): Promise<SendingEnd> {
		let end: SendingEnd;
		try {
			end = await Promise.race([this.#send(what), this.#fault.promise]);
			this.#close();
			// A hook that is slow has its time, and may still fail, or has failed at the last event.
			await Promise.race([this.#fault.promise, this.#hook?.idle()]);
		} catch (error) {
			end = this.#faulty(error);
		}
		this.#isOver = true;
		this.#close();
		this.#hook?.close();
		this.events.end();
		return end;
	}

	async #send(what: WhatToSend): Promise<SendingEnd> {
		const network = await attempt(async () => {
			checkNumbers(this.#settings, SEND_NUMBERS);
			return settledNetwork(this.#settings);
		});
		if (network instanceof EndpointError) return this.#unsent(network);
		const catalogue = await this.#catalogue(what);
		const { problems } = catalogue;
		if (problems.length > 0) this.#emit({ kind: 'notSent', problems });
		const prepared = await attempt(() => this.#prepare(network, catalogue));
		if (prepared instanceof EndpointError) return this.#unsent(prepared);
		this.#emit(prepared.opened);
		return outcomeOf(await this.#drive(prepared), prepared.socket);
	}

	async #catalogue(what: WhatToSend): Promise<Catalogue> {
		if (isCatalogue(what)) return what;
		const { catalogue, blockBytes } = this.#settings;
		return buildCatalogueInSlices(what, { ...catalogue, ...(blockBytes === undefined ? {} : { blockBytes }) });
	}

	/** Rejects with an `EndpointError` if settings, machine or files do not allow it. */
	async #prepare({ addresses, outgoing, uid }: Network, { entries, problems }: Catalogue): Promise<Prepared> {
		if (entries.length === 0) throw new EndpointError('nothing-to-send', { why: problems[0]?.sentence ?? '' });
		const settings = this.#settings;
		const config = senderConfig(settings, addresses, uid);
		this.#groupId = config.groupId;
		const { sentence } = await selectDriver();
		const socket = await openedSocket(settings, addresses, outgoing);
		this.#closeLater(() => socket.close());
		const source = new CatalogueSource(entries, this.#hookMsMax);
		this.#closeLater(() => source.closeAll());
		const session = newSession(config, entries);
		const { socketDriver = 'auto' } = settings;
		const opened: SendingOpened = {
			kind: 'opened',
			session: config,
			addresses,
			interface: outgoing.reason,
			socket: socketDriver === 'auto' ? sentence : `${socketDriver} (forced)`,
			warnings: [answerBufferWarning(socket), socket.marksProblem, ...timeWarnings(entries)].filter(
				(each) => each !== undefined,
			),
			entries,
		};
		return { opened, session, socket, source };
	}

	#drive(prepared: Prepared): Promise<SenderEnd> {
		const { session, socket, source } = prepared;
		if (this.#isOver) throw new Error('the session has ended before it could start');
		const driver = new SenderDriver({ session, socket, source, onEvent: (event) => this.#onEvent(event) });
		this.#prepared = prepared;
		this.#driver = driver;
		for (const [proxyId, fingerprint] of this.#lateProxies) driver.expectProxy(proxyId, fingerprint);
		if (this.#abortReason !== undefined) driver.abort(this.#abortReason);
		const { progressMs } = this.#settings;
		if (progressMs !== undefined) {
			const sampling = setInterval(() => this.#sample(), progressMs);
			this.#closeLater(() => clearInterval(sampling));
		}
		return driver.run();
	}

	/** The hook and the listeners may throw, and then the driver does. */
	#onEvent(event: SenderEvent): void {
		for (const pin of this.#firstUse?.onEvent(event) ?? []) this.#emit(pin);
		this.#emit(event);
	}

	#sample(): void {
		const { progress } = this;
		if (progress === undefined) return;
		try {
			this.#emit({ kind: 'progress', progress });
		} catch (error) {
			this.#fail(error);
		}
	}

	#emit(event: SendingEvent): void {
		this.#hook?.put(event);
		this.events.emit(event);
	}

	/** What is thrown where no driver sees it. After the end it changes nothing, and is only reported. */
	#fail(error: unknown): void {
		if (this.#isOver) {
			reportFault(this.#hooks.onFault, { error, groupId: this.#groupId });
			return;
		}
		this.#fault.reject(error);
		this.#driver?.fail(error);
	}

	#closeLater(close: () => void): void {
		if (this.#isOver) close();
		else this.#open.push(close);
	}

	#close(): void {
		for (const close of this.#open.splice(0).reverse()) {
			try {
				close();
			} catch (error) {
				reportFault(this.#hooks.onFault, { error, groupId: this.#groupId });
			}
		}
	}

	#faulty(error: unknown): SendingEnd {
		reportFault(this.#hooks.onFault, { error, groupId: this.#groupId });
		const failure: SendingFailure = { code: 'internal', facts: { why: messageOf(error) } };
		return { ...(this.#outcome() ?? this.#unsent(failure)), failure, fault: error };
	}

	/** How the session has ended, if it has: a hook that fails when all is over does not undo what the receivers have. */
	#outcome(): SendingEnd | undefined {
		if (this.#prepared === undefined) return undefined;
		const { session, socket } = this.#prepared;
		return session.end && outcomeOf(session.end, socket);
	}

	#unsent({ code, facts }: SendingFailure): SendingEnd {
		const failure = { code, facts };
		const elapsedMs = monotonicMs() - this.#startedMs;
		const nothing = { bytesSent: 0, packetsSent: 0, repairBytesSent: 0 };
		return { failure, results: [], elapsedMs, ...nothing, socket: undefined };
	}
}

function outcomeOf({ failure, ...rest }: SenderEnd, socket: DatagramSocket): SendingEnd {
	const problem = failure && { code: FAILURE_CODES[failure.code], facts: { why: failure.message } };
	return { ...rest, failure: problem, socket: socket.stats() };
}

function isCatalogue(what: WhatToSend): what is Catalogue {
	return 'entries' in what && !Array.isArray(what);
}

/** What `step` comes to, or the problem that keeps the session from being started. */
async function attempt<Value>(step: () => Promise<Value>): Promise<Value | EndpointError> {
	try {
		return await step();
	} catch (error) {
		if (error instanceof EndpointError) return error;
		throw error;
	}
}

async function settledNetwork(settings: SendSettings): Promise<Network> {
	const addresses = settings.addresses ?? (await settledAddresses(settings));
	const outgoing = await chooseInterface(settings.interface, addresses.family, addresses.publicAddress);
	const uid = settings.uid ?? uidFromAddress(outgoing.address);
	if (uid === undefined) throw new EndpointError('uid-underivable', { address: outgoing.address });
	return { addresses, outgoing, uid };
}

function newSession(config: SenderConfig, entries: Catalogue['entries']): SenderSession {
	try {
		return new SenderSession(config, entries, monotonicMs());
	} catch (error) {
		if (error instanceof RangeError) throw new EndpointError('setting-invalid', { why: error.message }, error);
		throw error;
	}
}

async function settledAddresses({ publicAddress = PUBLIC_ADDRESS, privateAddress }: SendSettings) {
	const resolved = await resolveHost(publicAddress);
	if ('problem' in resolved) {
		throw new EndpointError('public-address-unknown', { publicAddress, why: resolved.problem });
	}
	return sessionAddresses(resolved.address, privateAddress);
}

async function openedSocket(
	settings: SendSettings,
	{ family, isUnicast, publicAddress }: SessionAddresses,
	{ networkInterface, address }: ChosenInterface,
): Promise<DatagramSocket> {
	const { sourcePort = 0, ttl, dscp, bufferBytes, socketDriver } = settings;
	// Left alone, the kernel puts the address of another interface on what leaves by the loopback.
	const isLocal = networkInterface.isLoopback && (!isUnicast || isLoopbackAddress(publicAddress));
	try {
		return await openSocket({
			family,
			...(isUnicast && !isLocal ? {} : { networkInterface }),
			bind: isLocal ? { address, port: sourcePort } : { port: sourcePort },
			broadcast: isUnicast && family === 4,
			ecn: settings.congestion !== undefined,
			...(ttl === undefined ? {} : { ttl }),
			...(dscp === undefined ? {} : { dscp }),
			...(bufferBytes === undefined ? {} : { receiveBufferBytes: bufferBytes, sendBufferBytes: bufferBytes }),
			...(socketDriver === undefined ? {} : { driver: socketDriver }),
		});
	} catch (error) {
		throw socketError(error);
	}
}

function isLoopbackAddress(address: string): boolean {
	return /^(127\.|::1$)/.test(address);
}

function messageOf(error: unknown): string {
	if (error instanceof Error) return error.message;
	try {
		return String(error);
	} catch {
		return 'something was thrown that has no text';
	}
}
