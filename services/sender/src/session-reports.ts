/** From what a sending session reports to log lines and bus events. */
import { type EventDataByKind, isDelivered } from '@uftp/bus';
import { describeSuite, formatFingerprint, type Suite } from '@uftp/crypto';
import { type Endpoint, formatEndpoint, type SenderEnd, type SenderEvent } from '@uftp/protocol';
import type { EventPublisher, Logger } from '@uftp/service-kit';
import { formatUid } from '@uftp/wire';
import type { ExpectedReceiver } from './expected-receivers.ts';
import { fileResults } from './receiver-results.ts';
import type { SessionAddresses } from './session-addresses.ts';

const REASON_CHARACTERS = 1000;

export interface ReportedSession {
	/** "0A1B2C3D". */
	readonly session: string;
	readonly job: string;
	readonly senderUid: string;
	readonly addresses: SessionAddresses;
	readonly port: number;
	readonly isOpen: boolean;
	readonly blockSize: number;
	readonly rateKbps: number;
	/** Undefined: the rate does not follow the receivers' reports. */
	readonly congestion: 'tfmcc' | undefined;
	readonly files: readonly { readonly name: string; readonly size: number }[];
	readonly totalBytes: number;
	readonly expected: ReadonlyMap<number, ExpectedReceiver>;
	/** Undefined: in the clear. */
	readonly suite: Suite | undefined;
	/** Why it is in the clear although nobody asked for that. */
	readonly inTheClear: string | undefined;
}

/** What an event of a receiver may say besides. */
interface Ways {
	readonly fingerprint?: Uint8Array | undefined;
	readonly viaProxyId?: number | undefined;
	readonly fromProxyId?: number | undefined;
}

export class SessionReports {
	readonly #about: ReportedSession;
	readonly #events: EventPublisher;
	readonly #logger: Logger;
	#isAnnounced = false;
	#grttMs = 0;
	/** NAKs of the current round. */
	#naks = 0;

	constructor(about: ReportedSession, events: EventPublisher, logger: Logger) {
		this.#about = about;
		this.#events = events;
		this.#logger = logger;
	}

	take(event: SenderEvent): void {
		switch (event.kind) {
			case 'announced':
				return this.#announced(event.grttMs);
			case 'registered':
				return this.#receiver('joined', event.receiverId, event.address, undefined, event);
			case 'registrationEnded':
				return this.#registrationEnded(event.registered.length, event.mute);
			case 'fileStarted':
				this.#naks = 0;
				return this.#file('started', event.file, event.fileId, {});
			case 'passStarted':
				if (event.pass > 1)
					this.#file('pass', event.file, fileIdOf(event.file), { pass: event.pass, naks: this.#naks });
				return;
			case 'nakReceived':
				this.#naks++;
				return;
			case 'fileEnded':
				return this.#fileEnded(event);
			case 'receiverLost':
				return this.#receiver('lost', event.receiverId, undefined, event.reason);
			case 'receiverAborted':
				return this.#receiver('aborted', event.receiverId, undefined, event.reason);
			case 'duplicateUid':
				return this.#duplicate(event);
			case 'receiverMoved':
				return this.#receiver('moved', event.receiverId, event.address, 'its proxy does not answer', event);
			default:
				return this.#logOnly(event);
		}
	}

	/** The session is over. */
	ended(end: SenderEnd): void {
		const { session, job } = this.#about;
		const { failure } = end;
		this.#events.publish(
			'session',
			{
				phase: failure === undefined ? 'completed' : 'aborted',
				session,
				job,
				receivers: end.results.filter(({ outcome }) => outcome !== 'mute').length,
				files: this.#about.files.length,
				bytes: end.bytesSent,
				seconds: Math.max(0, end.elapsedMs / 1000),
				...(failure === undefined ? {} : { reason: failure.message.slice(0, REASON_CHARACTERS) }),
			},
			job,
		);
	}

	#announced(grttMs: number): void {
		this.#grttMs = grttMs;
		if (this.#isAnnounced) return;
		this.#isAnnounced = true;
		const { job } = this.#about;
		this.#events.publish(
			'session',
			{ phase: 'announced', ...this.#described(), receivers: this.#about.expected.size },
			job,
		);
	}

	#registrationEnded(registered: number, mute: readonly number[]): void {
		const { job, session } = this.#about;
		this.#events.publish('session', { phase: 'started', ...this.#described(), receivers: registered }, job);
		if (mute.length === 0) return;
		const names = mute.slice(0, 10).map((id) => this.#named(id));
		const more = mute.length > names.length ? ` and ${mute.length - names.length} more` : '';
		this.#logger.warn(`Session ${session}: ${names.join(', ')}${more} did not register.`);
	}

	#described() {
		const { session, job, senderUid, addresses, port, isOpen, blockSize, rateKbps, files, totalBytes } = this.#about;
		const { suite, inTheClear, congestion } = this.#about;
		return {
			session,
			job,
			sender: senderUid,
			publicAddress: addresses.publicAddress,
			...(addresses.isUnicast ? {} : { privateAddress: addresses.privateAddress }),
			port,
			open: isOpen,
			blockSize,
			rateKbps,
			...(congestion === undefined ? {} : { congestion }),
			grttMs: this.#grttMs,
			files: files.length,
			bytes: totalBytes,
			encryption: suite === undefined ? 'none' : describeSuite(suite),
			...(inTheClear === undefined ? {} : { inTheClear: inTheClear.slice(0, REASON_CHARACTERS) }),
		};
	}

	#fileEnded({ file, results, elapsedMs }: Extract<SenderEvent, { kind: 'fileEnded' }>): void {
		const has = results.filter(({ outcome }) => isDelivered(outcome)).length;
		const seconds = Math.max(0, elapsedMs / 1000);
		const size = this.#about.files[file]?.size ?? 0;
		this.#file(has > 0 ? 'completed' : 'failed', file, fileIdOf(file), {
			naks: this.#naks,
			seconds,
			...(seconds > 0 ? { rateBytesPerSecond: Math.round(size / seconds) } : {}),
			receivers: fileResults(results),
		});
		this.#logger.info(
			`${this.#about.files[file]?.name}: ${has} of ${results.length} receivers have it, ${seconds.toFixed(3)} s.`,
		);
	}

	#file(
		phase: 'started' | 'pass' | 'completed' | 'failed',
		file: number,
		fileId: number,
		more: Partial<EventDataByKind['file']>,
	): void {
		const { session, job, files } = this.#about;
		const { name, size } = files[file] ?? { name: '', size: 0 };
		this.#events.publish('file', { ...more, phase, session, job, fileId, name, size }, job);
	}

	#receiver(
		phase: 'joined' | 'moved' | 'lost' | 'aborted',
		id: number,
		from: Endpoint | undefined,
		reason?: string,
		{ fingerprint, viaProxyId, fromProxyId }: Ways = {},
	): void {
		const { session, job, expected } = this.#about;
		const known = expected.get(id);
		const address = from?.host ?? known?.address;
		this.#events.publish(
			'receiver',
			{
				phase,
				uid: formatUid(id),
				session,
				job,
				...(address === undefined ? {} : { address }),
				...(known === undefined ? {} : { host: known.host }),
				...(reason === undefined || reason === '' ? {} : { reason: reason.slice(0, REASON_CHARACTERS) }),
				...(fingerprint === undefined ? {} : { fingerprint: formatFingerprint(fingerprint) }),
				...(viaProxyId === undefined ? {} : { via: formatUid(viaProxyId) }),
				...(fromProxyId === undefined ? {} : { previousVia: formatUid(fromProxyId) }),
			},
			job,
		);
		if (phase === 'joined') return;
		const what = phase === 'moved' ? `answers ${wayOf(viaProxyId)} now` : `is ${phase}`;
		this.#logger.warn(`Session ${session}: ${this.#named(id)} ${what}: ${reason ?? ''}`);
	}

	#duplicate(event: Extract<SenderEvent, { kind: 'duplicateUid' }>): void {
		const { session, job } = this.#about;
		const { receiverId: id, first, second, firstProxyId, secondProxyId } = event;
		const [one, other] = [placeOf(first, firstProxyId), placeOf(second, secondProxyId)];
		const reason =
			`Two receivers answer with the UID ${formatUid(id)}: ${one} and ${other}. ` +
			'The first one counts; give the other another UID.';
		this.#logger.error(reason);
		this.#events.publish(
			'receiver',
			{
				phase: 'duplicate',
				uid: formatUid(id),
				session,
				job,
				address: formatEndpoint(first),
				otherAddress: formatEndpoint(second),
				...(firstProxyId === undefined ? {} : { via: formatUid(firstProxyId) }),
				...(secondProxyId === undefined ? {} : { otherVia: formatUid(secondProxyId) }),
				reason,
			},
			job,
		);
	}

	#logOnly(event: SenderEvent): void {
		const { session } = this.#about;
		switch (event.kind) {
			case 'receiverAway':
				return this.#logger.warn(
					`Session ${session}: ${this.#named(event.receiverId)} does not answer; going on without it.`,
				);
			case 'receiverReturned':
				return this.#logger.info(`Session ${session}: ${this.#named(event.receiverId)} is back.`);
			case 'proxyRegistered':
				return this.#logger.info(
					`Session ${session}: the proxy ${formatUid(event.proxyId)} at ${formatEndpoint(event.address)} answers for receivers.`,
				);
			case 'proxyAborted':
				return this.#logger.warn(`Session ${session}: the proxy ${formatUid(event.proxyId)} has left: ${event.reason}`);
			case 'warning':
				return this.#logger.warn(`Session ${session}: ${event.message}`);
			case 'rateChanged':
				return this.#logger.debug(
					`Session ${session}: ${Math.round(event.rateBytesPerSecond / 1024)} KiB/s: ${event.reason}`,
				);
			case 'dropped':
				return this.#logger.debug(
					`Session ${session}: a datagram from ${formatEndpoint(event.from)} was dropped: ${event.reason}`,
				);
			default:
				return;
		}
	}

	#named(id: number): string {
		const host = this.#about.expected.get(id)?.host;
		return host === undefined ? formatUid(id) : `${formatUid(id)} (${host})`;
	}
}

/** Ids on the wire count from 1 and skip 0 when they wrap (docs/protocol.md, section 4.7). */
function fileIdOf(file: number): number {
	return (file % 65_535) + 1;
}

function wayOf(viaProxyId: number | undefined): string {
	return viaProxyId === undefined ? 'another way' : `through the proxy ${formatUid(viaProxyId)}`;
}

function placeOf(address: Endpoint, proxyId: number | undefined): string {
	return proxyId === undefined ? formatEndpoint(address) : `${formatEndpoint(address)} (proxy ${formatUid(proxyId)})`;
}
