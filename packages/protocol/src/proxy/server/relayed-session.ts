/** One session as a server proxy knows it: who sends it, and what went through. */
import { type Announce, type CommonHeader, Header, isUnspecified, MessageType } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import { advertisedGrttMs, silenceMs } from '../../shared/grtt.ts';
import type { ProxyTotals } from '../proxy-events.ts';
import { SenderAddress } from '../sender-address.ts';
import {
	SESSION_KEPT_MS_MAX,
	SESSION_KEPT_MS_MIN,
	SILENT_GIVES_WAY_MS,
	UNANSWERED_GIVES_WAY_MS,
} from './server-limits.ts';

const { func: funcField, sourceId: sourceIdField, grtt: grttField } = Header.fields;

/** What a session begins with: its first ANNOUNCE, and where that came from. */
export interface RelayedSessionParts {
	readonly now: number;
	readonly sender: Endpoint;
	readonly header: Readonly<CommonHeader>;
	readonly announce: Announce;
	readonly isOfKnownSender: boolean;
}

export class RelayedSession {
	readonly groupId: number;
	readonly groupInstance: number;
	readonly senderId: number;
	/** Where the ANNOUNCE came from. */
	readonly sender: Endpoint;
	/** Where upstream datagrams go: `sender` alone. */
	readonly upstream: readonly Endpoint[];
	readonly privateGroup: string | undefined;
	readonly isEncrypted: boolean;
	/** Its place is not given away before a site has answered it. */
	readonly isOfKnownSender: boolean;
	readonly startedAt: number;
	readonly #address: SenderAddress;
	readonly #robust: number;
	#grtt: number;
	#lastFunc: number = MessageType.ANNOUNCE;
	/** When the sender was heard last. */
	heardAt: number;
	datagramsDown = 0;
	datagramsUp = 0;

	constructor({ now, sender, header, announce, isOfKnownSender }: RelayedSessionParts) {
		assert(header.groupId !== 0, 'a session has a group id');
		assert(sender.port > 0, 'a sender has a port');
		this.groupId = header.groupId;
		this.groupInstance = header.groupInstance;
		this.senderId = header.sourceId;
		this.sender = sender;
		this.upstream = [sender];
		this.privateGroup = isUnspecified(announce.privateAddress) ? undefined : announce.privateAddress;
		this.isEncrypted = announce.encInfo !== undefined;
		this.isOfKnownSender = isOfKnownSender;
		this.startedAt = now;
		this.heardAt = now;
		this.#address = new SenderAddress(sender);
		this.#robust = announce.robust;
		this.#grtt = header.grtt;
	}

	/** Whether a datagram from there is the sender's. Hot. */
	isSender(sourceKey: number, sourcePort: number): boolean {
		return this.#address.is(sourceKey, sourcePort);
	}

	/**
	 * Whether the datagram shows another address of the same IPv6 sender: the first from there that has its port and bears
	 * its id. Ask only for what comes from no site.
	 */
	isSenderAtOtherAddress(sourceKey: number, sourcePort: number, bytes: Uint8Array, at: number): boolean {
		return sourceIdField.get(bytes, at) === this.senderId && this.#address.adopt(sourceKey, sourcePort);
	}

	/** A datagram of the sender went through, or its ANNOUNCE. Hot. */
	hear(now: number, bytes: Uint8Array, at: number): void {
		assert(now >= this.heardAt, 'time does not run backwards in a session');
		this.heardAt = now;
		this.#grtt = grttField.get(bytes, at);
		this.#lastFunc = funcField.get(bytes, at);
		this.datagramsDown++;
	}

	/** The sender has said nothing for so long that it may be gone. */
	isSilent(now: number): boolean {
		return now - this.heardAt > silenceMs(this.#robust, advertisedGrttMs(this.#grtt));
	}

	/** It has been announced for some time, and no site has said anything. */
	isUnanswered(now: number): boolean {
		if (this.datagramsUp > 0) return false;
		const answerMs = Math.max(UNANSWERED_GIVES_WAY_MS, silenceMs(this.#robust, advertisedGrttMs(this.#grtt)));
		return now - this.startedAt >= Math.min(SILENT_GIVES_WAY_MS, answerMs);
	}

	/** When it is forgotten unless the sender is heard again. */
	get deadline(): number {
		assert(this.heardAt >= this.startedAt, 'a session is heard after it began');
		const keptMs = 4 * silenceMs(this.#robust, advertisedGrttMs(this.#grtt));
		return this.heardAt + Math.min(SESSION_KEPT_MS_MAX, Math.max(SESSION_KEPT_MS_MIN, keptMs));
	}

	/** How the session ended if the sender has fallen silent; in the clear its last message shows it. */
	get outcome(): { readonly outcome: 'completed' | 'aborted' | 'silent'; readonly reason: string } {
		if (this.#lastFunc === MessageType.DONE_CONF) {
			return { outcome: 'completed', reason: 'The sender has confirmed the end and sent nothing since' };
		}
		if (this.#lastFunc === MessageType.ABORT) return { outcome: 'aborted', reason: 'The sender has aborted it' };
		if (this.isEncrypted) {
			return {
				outcome: 'silent',
				reason: 'The sender has fallen silent; the session is encrypted, so how it ended is not known here',
			};
		}
		return { outcome: 'silent', reason: 'The sender has fallen silent' };
	}

	get totals(): ProxyTotals {
		const { datagramsDown, datagramsUp } = this;
		assert(datagramsDown >= 0 && datagramsUp >= 0, 'datagrams are counted up');
		return {
			receivers: 0,
			datagramsDown,
			messagesIn: datagramsUp,
			messagesOut: datagramsUp,
			heldMs: 0,
			heldMsMax: 0,
		};
	}
}
