/** From what a sending session reports to log lines and bus events. */
import { type EventDataByKind, isDelivered } from '@uftp/bus';
import { describeSuite, formatFingerprint } from '@uftp/crypto';
import { describeWarning } from '@uftp/endpoint/problems';
import type { SendingEnd, SendingEvent, SendingOpened } from '@uftp/endpoint/sending';
import { type Endpoint, formatEndpoint } from '@uftp/protocol';
import { fileIdOf } from '@uftp/protocol/sender';
import { type EventPublisher, type Logger, reasonField, shortened } from '@uftp/service-kit';
import { formatHexId, formatUid } from '@uftp/wire';
import type { ExpectedReceiver } from '../expected-receivers.ts';
import { SERVICE_VOCABULARY } from '../vocabulary.ts';
import { failureSentence } from './job-ending.ts';
import { fileResults } from './receiver-results.ts';

export interface ReportedSession {
	readonly opened: SendingOpened;
	readonly job: string;
	/** In Kbps; -1: as fast as the receivers can. */
	readonly rateKbps: number;
	readonly totalBytes: number;
	readonly expected: ReadonlyMap<number, ExpectedReceiver>;
	/** Why it is in the clear although nobody asked for that. */
	readonly inTheClear: string | undefined;
}

/** What an event of a receiver may say besides. */
interface Ways {
	readonly fingerprint?: Uint8Array | undefined;
	readonly viaProxyId?: number | undefined;
	readonly fromProxyId?: number | undefined;
}

/** Events that are published. */
type ReportedKind =
	| 'announced'
	| 'registered'
	| 'registrationEnded'
	| 'fileStarted'
	| 'passStarted'
	| 'nakReceived'
	| 'fileEnded'
	| 'receiverLost'
	| 'receiverAborted'
	| 'duplicateUid'
	| 'receiverMoved';

export class SessionReports {
	readonly #about: ReportedSession;
	/** "0A1B2C3D". */
	readonly #session: string;
	readonly #events: EventPublisher;
	readonly #logger: Logger;
	#isAnnounced = false;
	#grttMs = 0;
	/** NAKs of the current round. */
	#naks = 0;

	constructor(about: ReportedSession, events: EventPublisher, logger: Logger) {
		this.#about = about;
		this.#session = formatHexId(about.opened.session.groupId);
		this.#events = events;
		this.#logger = logger;
	}

	onEvent(event: SendingEvent): void {
		switch (event.kind) {
			case 'announced':
				return this.#announced(event.grttMs);
			case 'registered':
				return this.#receiver('joined', event.receiverId, event.address, undefined, event);
			case 'registrationEnded':
				return this.#registrationEnded(event.registered.length, event.mute);
			case 'fileStarted':
				this.#naks = 0;
				return this.#file('started', event.file, {});
			case 'passStarted':
				if (event.pass > 1) this.#file('pass', event.file, { pass: event.pass, naks: this.#naks });
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
	ended(end: SendingEnd): void {
		const { opened, job } = this.#about;
		const { failure } = end;
		this.#events.publish(
			'session',
			{
				phase: failure === undefined ? 'completed' : 'aborted',
				session: this.#session,
				job,
				receivers: end.results.filter(({ outcome }) => outcome !== 'mute').length,
				files: opened.entries.length,
				bytes: end.bytesSent,
				seconds: Math.max(0, end.elapsedMs / 1000),
				...(failure === undefined ? {} : reasonField(failureSentence(failure))),
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
		const { job } = this.#about;
		this.#events.publish('session', { phase: 'started', ...this.#described(), receivers: registered }, job);
		if (mute.length === 0) return;
		const names = mute.slice(0, 10).map((id) => this.#named(id));
		const more = mute.length > names.length ? ` and ${mute.length - names.length} more` : '';
		this.#logger.warn(`Session ${this.#session}: ${names.join(', ')}${more} did not register.`);
	}

	#described() {
		const { opened, job, rateKbps, totalBytes, inTheClear } = this.#about;
		const { publicEndpoint, privateEndpoint, isUnicast, targets, sourceId, blockBytes, ...session } = opened.session;
		const congestion = session.congestion?.kind;
		return {
			session: this.#session,
			job,
			sender: formatUid(sourceId),
			publicAddress: publicEndpoint.host,
			...(isUnicast ? {} : { privateAddress: privateEndpoint.host }),
			port: publicEndpoint.port,
			open: targets.length === 0,
			blockSize: blockBytes,
			rateKbps: congestion === undefined ? rateKbps : -1,
			...(congestion === undefined ? {} : { congestion }),
			grttMs: this.#grttMs,
			files: opened.entries.length,
			bytes: totalBytes,
			encryption: session.security === undefined ? 'none' : describeSuite(session.security.suite),
			...(inTheClear === undefined ? {} : { inTheClear: shortened(inTheClear) }),
		};
	}

	#fileEnded({ file, results, elapsedMs }: Extract<SendingEvent, { kind: 'fileEnded' }>): void {
		const has = results.filter(({ outcome }) => isDelivered(outcome)).length;
		const seconds = Math.max(0, elapsedMs / 1000);
		const { name, size } = this.#entry(file);
		this.#file(has > 0 ? 'completed' : 'failed', file, {
			naks: this.#naks,
			seconds,
			...(seconds > 0 ? { rateBytesPerSecond: Math.round(size / seconds) } : {}),
			receivers: fileResults(results),
		});
		this.#logger.info(`${name}: ${has} of ${results.length} receivers have it, ${seconds.toFixed(3)} s.`);
	}

	#file(phase: EventDataByKind['file']['phase'], file: number, more: Partial<EventDataByKind['file']>): void {
		const { job } = this.#about;
		const { name, size } = this.#entry(file);
		this.#events.publish(
			'file',
			{ ...more, phase, session: this.#session, job, fileId: fileIdOf(file), name, size },
			job,
		);
	}

	#entry(file: number): { readonly name: string; readonly size: number } {
		return this.#about.opened.entries[file] ?? { name: '', size: 0 };
	}

	#receiver(
		phase: 'joined' | 'moved' | 'lost' | 'aborted',
		id: number,
		from: Endpoint | undefined,
		reason?: string,
		{ fingerprint, viaProxyId, fromProxyId }: Ways = {},
	): void {
		const { job, expected } = this.#about;
		const known = expected.get(id);
		const address = from?.host ?? known?.address;
		this.#events.publish(
			'receiver',
			{
				phase,
				uid: formatUid(id),
				session: this.#session,
				job,
				...(address === undefined ? {} : { address }),
				...(known === undefined ? {} : { host: known.host }),
				...reasonField(reason),
				...(fingerprint === undefined ? {} : { fingerprint: formatFingerprint(fingerprint) }),
				...(viaProxyId === undefined ? {} : { via: formatUid(viaProxyId) }),
				...(fromProxyId === undefined ? {} : { previousVia: formatUid(fromProxyId) }),
			},
			job,
		);
		if (phase === 'joined') return;
		const what = phase === 'moved' ? `answers ${wayOf(viaProxyId)} now` : `is ${phase}`;
		this.#logger.warn(`Session ${this.#session}: ${this.#named(id)} ${what}: ${reason ?? ''}`);
	}

	#duplicate(event: Extract<SendingEvent, { kind: 'duplicateUid' }>): void {
		const { job } = this.#about;
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
				session: this.#session,
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

	#logOnly(event: Exclude<SendingEvent, { kind: ReportedKind }>): void {
		const session = this.#session;
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
			case 'keyPinned':
				return this.#logger.info(`The key ${event.fingerprint} of ${formatUid(event.id)} is pinned at its first use.`);
			case 'keysNotPinned':
				return this.#logger.warn(`The keys of the receivers cannot be pinned: ${event.why}`);
			case 'warning':
				return this.#logger.warn(`Session ${session}: ${describeWarning(event, SERVICE_VOCABULARY)}`);
			case 'rateChanged':
				return this.#logger.debug(
					`Session ${session}: ${Math.round(event.rateBytesPerSecond / 1024)} KiB/s: ${event.reason}`,
				);
			case 'dropped':
				return this.#logger.debug(
					`Session ${session}: a datagram from ${formatEndpoint(event.from)} was dropped: ${event.reason}`,
				);
			case 'keyed':
			case 'proxyKeyed':
			case 'transferLimited':
			case 'sectionSent':
			case 'fileCompletedBy':
			case 'receiverDropped':
			case 'ended':
			case 'opened':
			case 'notSent':
			case 'progress':
				return;
			default:
				event satisfies never;
		}
	}

	#named(id: number): string {
		const host = this.#about.expected.get(id)?.host;
		return host === undefined ? formatUid(id) : `${formatUid(id)} (${host})`;
	}
}

function wayOf(viaProxyId: number | undefined): string {
	return viaProxyId === undefined ? 'another way' : `through the proxy ${formatUid(viaProxyId)}`;
}

function placeOf(address: Endpoint, proxyId: number | undefined): string {
	return proxyId === undefined ? formatEndpoint(address) : `${formatEndpoint(address)} (proxy ${formatUid(proxyId)})`;
}
