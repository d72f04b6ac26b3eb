/**
 * Announce and Register: from the ANNOUNCE to the first sign that the sender knows this receiver (section 4). In an
 * encrypted session that sign is KEYINFO, and only KEYINFO (section 12).
 */
import { decodeKeyInfo, decodeRegConf, EMPTY_SPAN, formatUid, isMalformed, type Malformed } from '@uftp/wire';
import { OWN_MARKER_BYTES, writeOwnMarker } from '../own-marker.ts';
import { type SessionContext, SessionTimer } from './session-context.ts';

/** CLIENT_KEY follows its REGISTER so much later: where it overtakes it, 4.10.2 senders crash. */
const CLIENT_KEY_GAP_MS = 3;

export class Registration {
	readonly #context: SessionContext;
	readonly #rand2: Uint8Array;
	/** What speaks against being confirmed. */
	#hint = '';

	constructor(context: SessionContext) {
		this.#context = context;
		const { security } = context.link;
		this.#rand2 = security?.rand2 ?? new Uint8Array(OWN_MARKER_BYTES);
		if (security === undefined) writeOwnMarker(this.#rand2, context.node.config.instance);
	}

	start(now: number): void {
		this.#register(now);
		this.#context.timers.set(SessionTimer.AnswerWindow, now + this.#context.answerWindowMs);
	}

	#register(now: number): void {
		const { terms, timers, resendMs, link } = this.#context;
		const keyInfo = link.security?.keyInfo ?? EMPTY_SPAN;
		// Repeats echo the first ANNOUNCE: its timestamp has been advancing here since then.
		this.#context.answer({ kind: 'register', announced: terms.announced, rand2: this.#rand2, keyInfo });
		timers.set(SessionTimer.Resend, now + resendMs);
		if (link.security?.clientKey !== undefined) timers.set(SessionTimer.ClientKey, now + CLIENT_KEY_GAP_MS);
	}

	handleRegConf(bytes: Uint8Array, at: number, length: number): Malformed | undefined {
		const message = decodeRegConf(bytes, at, length);
		if (isMalformed(message)) return message;
		if (message.ids.includes(this.#context.node.config.receiverId)) this.confirm();
		return undefined;
	}

	/** KEYINFO: takes the group key and says so, again whenever it is sent again. */
	handleKeyInfo(sourceId: number, bytes: Uint8Array, at: number, length: number): Malformed | undefined {
		const message = decodeKeyInfo(bytes, at, length);
		if (isMalformed(message)) return message;
		const { link, node } = this.#context;
		const item = message.items.find(({ clientId }) => clientId === node.config.receiverId);
		if (item === undefined || link.security === undefined) return undefined;
		if (link.security.takeGroupKey(message.counter, sourceId, item)) {
			this.confirm();
			this.#context.answer({ kind: 'keyInfoAck', verifyData: link.security.verifyData() });
			return undefined;
		}
		node.counters.drop('key-info-not-for-our-keys');
		const uid = formatUid(node.config.receiverId);
		this.#hint = `another receiver seems to use the UID ${uid}, too: give one of them another (-U)`;
		this.#context.warnOnce(`KEYINFO from ${link.replyTo.host} does not open with this receiver's keys: ${this.#hint}`);
		return undefined;
	}

	/** A REG_CONF or FILEINFO listed this receiver, or it has the group key. */
	confirm(): void {
		const context = this.#context;
		if (context.phase !== 'registering') return;
		context.phase = 'active';
		context.timers.clearAll();
		context.node.emit({ kind: 'registered', groupId: context.link.groupId, grttMs: context.grttMs });
	}

	handleTimeout(now: number): void {
		const { timers, link } = this.#context;
		if (timers.takeDue(SessionTimer.AnswerWindow, now)) {
			const reason = this.#hint === '' ? 'Registration unconfirmed' : `Registration unconfirmed: ${this.#hint}`;
			this.#context.finish('unconfirmed', reason, true);
			return;
		}
		const message = link.security?.clientKey;
		if (timers.takeDue(SessionTimer.ClientKey, now) && message !== undefined) {
			this.#context.answer({ kind: 'clientKey', message });
		}
		if (timers.takeDue(SessionTimer.Resend, now)) this.#register(now);
	}
}
