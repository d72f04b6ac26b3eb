/** From what the proxy reports to log lines and bus events. */
import type { EventDataByKind } from '@uftp/bus';
import { formatFingerprint } from '@uftp/crypto';
import { describeProblem } from '@uftp/endpoint/problems';
import type { RelayedSession, RunningProxyEvent } from '@uftp/endpoint/relaying';
import { formatEndpoint, type ProxyTotals } from '@uftp/protocol';
import type { EventPublisher, Logger } from '@uftp/service-kit';
import { formatUid } from '@uftp/wire';
import type { ProxyServiceConfig } from './config.ts';
import type { PinholeTable } from './pinhole-table.ts';
import { SERVICE_VOCABULARY } from './vocabulary.ts';

/** Longest reason that an event carries. */
const REASON_CHARACTERS = 1000;

type EventOf<Kind extends RunningProxyEvent['kind']> = Extract<RunningProxyEvent, { readonly kind: Kind }>;

export interface ProxyReportsOptions {
	readonly uid: string;
	readonly mode: ProxyServiceConfig['mode'];
	readonly events: EventPublisher;
	readonly logger: Logger;
	readonly pinholes: PinholeTable;
}

export class ProxyReports {
	readonly #options: ProxyReportsOptions;
	/** What was told last of each session. */
	readonly #told = new Map<number, string>();
	/** What each proxy upstream said last. */
	readonly #answers = new Map<string, string>();

	constructor(options: ProxyReportsOptions) {
		this.#options = options;
	}

	take(event: RunningProxyEvent): void {
		const { logger, pinholes } = this.#options;
		switch (event.kind) {
			case 'sessionStarted':
				return this.#started(event);
			case 'sessionEnded':
				return this.#ended(event);
			case 'receiverRefused':
			case 'receiverAborted':
				return logger.warn(
					`Receiver ${formatUid(event.receiverId)} of session ${formatSessionId(event.groupId)} ${event.kind === 'receiverRefused' ? 'is refused' : 'aborted'}: ${event.reason}`,
				);
			case 'receiverRegistered':
				return logger.debug(`Receiver ${formatUid(event.receiverId)} is at ${formatEndpoint(event.address)}.`);
			case 'pinholeOpened':
			case 'pinholeRefreshed':
			case 'pinholeExpired':
				return pinholes.take(event);
			case 'heartbeatAnswered':
				return this.#heartbeatAnswered(event);
			case 'announceIgnored':
				return logger.debug(
					`Session ${formatSessionId(event.groupId)} of ${formatUid(event.senderId)} is not served: ${event.reason}`,
				);
			case 'dropped':
				return logger.debug(`A datagram from ${formatEndpoint(event.from)} was dropped: ${event.reason}`);
			case 'warning':
				return logger.warn(describeProblem(event.problem, SERVICE_VOCABULARY));
			case 'packetsLost':
				return logger.warn(event.message);
			case 'receiverConfirmed':
			case 'aggregated':
			case 'keyRequested':
			case 'keySent':
				return;
			default:
				event satisfies never;
		}
	}

	/** Tells how far the sessions are: those that have gone on since they were told last. */
	sample(sessions: readonly RelayedSession[]): void {
		for (const { groupId, senderId, totals } of sessions) {
			const key = JSON.stringify(totals);
			if (this.#told.get(groupId) === key) continue;
			this.#told.set(groupId, key);
			this.#publish('aggregated', groupId, { sender: formatUid(senderId), ...rounded(totals) });
		}
	}

	/** The proxy itself is there, or leaves. */
	own(phase: 'up' | 'down', reason?: string): void {
		const { events, uid, mode } = this.#options;
		events.publish('proxy', { phase, uid, mode, ...(reason === undefined ? {} : { reason }) });
	}

	#started(event: EventOf<'sessionStarted'>): void {
		const { groupId, senderId, sender, privateGroup, security, isEncrypted } = event;
		const key = security === undefined ? '' : ` by the key ${formatFingerprint(security.senderFingerprint)}`;
		const secured = isEncrypted ? `encrypted${key}` : 'in the clear';
		this.#options.logger.info(
			`Session ${formatSessionId(groupId)} of ${formatUid(senderId)} at ${formatEndpoint(sender)} begins: ${privateGroup ?? 'by unicast'}, ${secured}.`,
		);
		this.#publish('started', groupId, { sender: formatUid(senderId) });
	}

	#ended(event: EventOf<'sessionEnded'>): void {
		const { groupId, senderId, outcome, reason, totals } = event;
		this.#told.delete(groupId);
		const { receivers, messagesIn, messagesOut, datagramsDown } = totals;
		const gathered = receivers === 0 ? '' : `; ${messagesIn} answers of ${receivers} receivers became ${messagesOut}`;
		const line =
			`Session ${formatSessionId(groupId)} ${outcome}: ${datagramsDown} packets went on${gathered}. ${reason}`.trim();
		if (outcome === 'completed' || outcome === 'silent') this.#options.logger.info(line);
		else this.#options.logger.warn(line);
		this.#publish('ended', groupId, {
			sender: formatUid(senderId),
			outcome,
			...(reason === '' ? {} : { reason: reason.slice(0, REASON_CHARACTERS) }),
			...rounded(totals),
		});
	}

	#heartbeatAnswered({ to, result }: EventOf<'heartbeatAnswered'>): void {
		const where = formatEndpoint(to);
		const before = this.#answers.get(where);
		if (before === result) return;
		this.#answers.set(where, result);
		const { logger } = this.#options;
		switch (result) {
			case 'ok':
				return logger.info(`The proxy at ${where} knows where this one is.`);
			case 'challenged':
				return logger.debug(`The proxy at ${where} asks for a signature.`);
			case 'refused':
				return logger.error(`The proxy at ${where} does not know this one's key: nothing will come from there.`);
			case 'silent':
				return logger.warn(`The proxy at ${where} does not answer heartbeats: nothing comes through from there.`);
			default:
				result satisfies never;
		}
	}

	#publish(phase: 'started' | 'aggregated' | 'ended', groupId: number, more: Partial<EventDataByKind['proxy']>): void {
		const { events, uid, mode } = this.#options;
		const session = formatSessionId(groupId);
		events.publish('proxy', { ...more, phase, uid, mode, session }, session);
	}
}

/** Milliseconds with one digit behind the point. */
function rounded(totals: ProxyTotals): ProxyTotals {
	const tenths = (ms: number): number => Math.round(10 * ms) / 10;
	return { ...totals, heldMs: tenths(totals.heldMs), heldMsMax: tenths(totals.heldMsMax) };
}

/** As logs and events show it: 8 hex digits. */
export function formatSessionId(groupId: number): string {
	return (groupId >>> 0).toString(16).toUpperCase().padStart(8, '0');
}
