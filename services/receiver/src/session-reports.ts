/** From what the receiving node reports to log lines and bus events. */
import type { Outcome } from '@uftp/bus';
import { formatFingerprint } from '@uftp/crypto';
import { describeWarning } from '@uftp/endpoint/problems';
import { CompleteStatus, formatEndpoint, type IncomingFile, type ReceiverEvent } from '@uftp/protocol';
import type { EventPublisher, Logger } from '@uftp/service-kit';
import { formatUid } from '@uftp/wire';
import { SERVICE_VOCABULARY } from './vocabulary.ts';

const outcomeByStatus: Readonly<Record<CompleteStatus, Outcome>> = {
	[CompleteStatus.Normal]: 'received',
	[CompleteStatus.Skipped]: 'skipped',
	[CompleteStatus.Overwritten]: 'overwritten',
	[CompleteStatus.Rejected]: 'rejected',
};

/** Longest reason that an event carries. */
const REASON_CHARACTERS = 1000;

export class SessionReports {
	readonly #uid: string;
	readonly #address: string;
	readonly #host: string;
	readonly #events: EventPublisher;
	readonly #logger: Logger;

	constructor(node: { uid: string; address: string; host: string }, events: EventPublisher, logger: Logger) {
		this.#uid = node.uid;
		this.#address = node.address;
		this.#host = node.host;
		this.#events = events;
		this.#logger = logger;
	}

	take(event: ReceiverEvent): void {
		switch (event.kind) {
			case 'sessionStarted':
				return this.#started(event);
			case 'registered':
				return this.#joined(event.groupId);
			case 'fileEnded':
				return this.#fileEnded(event);
			case 'fileDiscarded':
				return this.#fileDiscarded(event.file, event.reason);
			case 'sessionEnded':
				return this.#ended(event);
			case 'proxyKeyRequested':
				return this.#logger.debug(`Asked the response proxy at ${formatEndpoint(event.proxy)} for its key.`);
			case 'proxyKeyReceived':
				return this.#proxyKey(event);
			case 'sessionMoved':
				return this.#moved(event);
			case 'announceIgnored':
				return this.#logger.debug(
					`Session ${sessionId(event.groupId)} of ${formatUid(event.senderId)} is not taken: ${event.reason}`,
				);
			case 'warning':
				return this.#logger.warn(describeWarning(event, SERVICE_VOCABULARY));
			case 'dropped':
				return this.#logger.debug(`A datagram from ${formatEndpoint(event.from)} was dropped: ${event.reason}`);
			case 'fileOffered':
			case 'fileStarted':
			case 'fileComplete':
				return;
			default:
				event satisfies never;
		}
	}

	#proxyKey({ proxy, fingerprint, isOther }: Extract<ReceiverEvent, { kind: 'proxyKeyReceived' }>): void {
		const line = `The response proxy at ${formatEndpoint(proxy)} has the key ${formatFingerprint(fingerprint)}`;
		if (isOther) this.#logger.warn(`${line}; it had another one before.`);
		else this.#logger.info(`${line}.`);
	}

	#moved({ groupId, from, to }: Extract<ReceiverEvent, { kind: 'sessionMoved' }>): void {
		const target = to === undefined ? 'to the sender' : `through the one at ${formatEndpoint(to)}`;
		const session = sessionId(groupId);
		this.#logger.warn(`Session ${session} goes on ${target}: the response proxy at ${formatEndpoint(from)} is lost.`);
	}

	#started(event: Extract<ReceiverEvent, { kind: 'sessionStarted' }>): void {
		const session = sessionId(event.groupId);
		const sender = formatUid(event.senderId);
		this.#logger.info(
			`Session ${session} of ${sender} at ${formatEndpoint(event.sender)} begins: ` +
				`${event.isOpenGroup ? 'open group' : 'closed group'}, ${event.privateGroup ?? 'unicast'}, ${secured(event)}${proxied(event)}.`,
		);
		this.#events.publish(
			'session',
			{
				phase: 'started',
				session,
				sender,
				open: event.isOpenGroup,
				blockSize: event.blockBytes,
				...(event.privateGroup === undefined ? {} : { privateAddress: event.privateGroup }),
				encryption: event.security?.suite ?? 'none',
			},
			session,
		);
	}

	#joined(groupId: number): void {
		const session = sessionId(groupId);
		this.#events.publish('receiver', { phase: 'joined', session, ...this.#self() }, session);
	}

	#fileEnded(event: Extract<ReceiverEvent, { kind: 'fileEnded' }>): void {
		const { file, status, reason, elapsedMs } = event;
		const outcome = outcomeByStatus[status];
		const why = reason === undefined || reason === '' ? '' : `: ${reason}`;
		const line = `${file.name} (${file.size} bytes) of session ${sessionId(file.groupId)} ${outcome}${why}`;
		if (outcome === 'rejected') this.#logger.warn(line);
		else this.#logger.info(line);
		this.#events.publish(
			'file',
			{
				phase: outcome === 'rejected' ? 'failed' : 'completed',
				...described(file),
				outcome,
				seconds: Math.max(0, elapsedMs / 1000),
				...(outcome === 'rejected' ? {} : { storedAs: file.name }),
				...(reason === undefined || reason === '' ? {} : { reason: reason.slice(0, REASON_CHARACTERS) }),
			},
			sessionId(file.groupId),
		);
	}

	#fileDiscarded(file: IncomingFile, reason: string): void {
		this.#logger.warn(`${file.name} of session ${sessionId(file.groupId)} is not complete: ${reason}`);
		this.#events.publish(
			'file',
			{ phase: 'failed', ...described(file), outcome: 'aborted', reason: reason.slice(0, REASON_CHARACTERS) },
			sessionId(file.groupId),
		);
	}

	#ended(event: Extract<ReceiverEvent, { kind: 'sessionEnded' }>): void {
		const session = sessionId(event.groupId);
		const isComplete = event.outcome === 'completed';
		const line = `Session ${session} ${event.outcome}: ${event.filesReceived} files received. ${event.reason}`.trim();
		if (isComplete) this.#logger.info(line);
		else this.#logger.warn(line);
		this.#events.publish(
			'session',
			{
				phase: isComplete ? 'completed' : 'aborted',
				session,
				sender: formatUid(event.senderId),
				files: event.filesReceived,
				...(event.reason === '' ? {} : { reason: event.reason.slice(0, REASON_CHARACTERS) }),
			},
			session,
		);
		this.#events.publish(
			'receiver',
			{
				phase: isComplete ? 'completed' : 'aborted',
				session,
				...this.#self(),
				...(isComplete ? {} : { reason: event.reason.slice(0, REASON_CHARACTERS) }),
			},
			session,
		);
	}

	#self(): { uid: string; address: string; host: string } {
		return { uid: this.#uid, address: this.#address, host: this.#host };
	}
}

function described(file: IncomingFile): { session: string; fileId: number; name: string; size: number } {
	return { session: sessionId(file.groupId), fileId: file.fileId, name: file.name, size: file.size };
}

function secured({ security }: Extract<ReceiverEvent, { kind: 'sessionStarted' }>): string {
	if (security === undefined) return 'in the clear';
	return `encrypted (${security.suite}) by the key ${formatFingerprint(security.senderFingerprint)}`;
}

function proxied({ proxy }: Extract<ReceiverEvent, { kind: 'sessionStarted' }>): string {
	return proxy === undefined ? '' : `, answered through ${formatEndpoint(proxy)}`;
}

function sessionId(groupId: number): string {
	return (groupId >>> 0).toString(16).toUpperCase().padStart(8, '0');
}
