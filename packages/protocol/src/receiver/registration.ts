/**
 * Announce and Register: from the ANNOUNCE to the first sign that the sender knows this receiver (docs/protocol.md,
 * section 6). In an encrypted session that sign is KEYINFO, and only KEYINFO (docs/protocol.md, section 11.7).
 */

import {
	decodeKeyInfo,
	decodeRegConf,
	EMPTY_SPAN,
	formatUid,
	HEADER_BYTES,
	isMalformed,
	type Malformed,
	RegisterLayout,
} from '@uftp/wire';
import { assert } from '../assert.ts';
import { RESTATEMENTS_MAX } from '../limits.ts';
import { problem } from '../problem.ts';
import { formatEndpoint } from '../shared/endpoints.ts';
import { OWN_MARKER_BYTES, writeOwnMarker } from '../shared/own-marker.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { type SessionContext, SessionTimer } from './session-context.ts';

/**
 * CLIENT_KEY follows its REGISTER so much later: where it comes before any REGISTER, 4.10.2 senders crash. One alone may
 * get lost, so that the first CLIENT_KEY follows two.
 */
const CLIENT_KEY_GAP_MS = 3;

export class Registration {
	readonly #context: SessionContext;
	readonly #rand2: Uint8Array;
	/** What speaks against being confirmed. */
	#hint = '';
	/** How often REGISTER is still said behind the loss of a response proxy. */
	#restatements = 0;
	#registers = 0;

	constructor(context: SessionContext) {
		this.#context = context;
		const { security } = context.link;
		this.#rand2 = security?.rand2 ?? new Uint8Array(OWN_MARKER_BYTES);
		if (security === undefined) writeOwnMarker(this.#rand2, context.node.config.instance);
	}

	start(now: number): void {
		assert(this.#context.phase === 'registering', 'a session begins with its registration');
		this.#register(now);
		this.#context.beginAnswerWindow(now);
	}

	#register(now: number): void {
		const { timers, resendMs, link } = this.#context;
		timers.set(SessionTimer.Resend, now + resendMs);
		if (!this.#context.mayAnswer(HEADER_BYTES + RegisterLayout.size + (link.security?.keyInfo.length ?? 0))) return;
		this.#sayRegister();
		if (link.security?.clientKey !== undefined) timers.set(SessionTimer.ClientKey, now + CLIENT_KEY_GAP_MS);
	}

	/** Repeats echo the first ANNOUNCE: its timestamp has been advancing here since then. */
	#sayRegister(): void {
		const { terms, link } = this.#context;
		const keyInfo = link.security?.keyInfo ?? EMPTY_SPAN;
		this.#context.answer({ kind: 'register', announced: terms.announced, rand2: this.#rand2, keyInfo });
		this.#registers++;
	}

	handleRegConf({ bytes, at, length }: IncomingMessage): Malformed | undefined {
		const message = decodeRegConf(bytes, at, length);
		if (isMalformed(message)) return message;
		if (!message.ids.includes(this.#context.node.config.receiverId)) return undefined;
		this.#context.timers.clear(SessionTimer.Restate);
		this.confirm();
		return undefined;
	}

	/** KEYINFO: takes the group key and says so, again whenever it is sent again. */
	handleKeyInfo({ header, bytes, at, length }: IncomingMessage): Malformed | undefined {
		const message = decodeKeyInfo(bytes, at, length);
		if (isMalformed(message)) return message;
		const { link, node } = this.#context;
		const item = message.items.find(({ clientId }) => clientId === node.config.receiverId);
		if (item === undefined || link.security === undefined) return undefined;
		if (link.security.takeGroupKey(message.counter, header.sourceId, item)) {
			this.confirm();
			this.#context.answer({ kind: 'keyInfoAck', verifyData: link.security.verifyData() });
			return undefined;
		}
		node.counters.drop('key-info-not-for-our-keys');
		const uid = formatUid(node.config.receiverId);
		const { host } = link.proxy ?? link.sender;
		this.#hint = `another receiver seems to use the UID ${uid}, too: give one of them another`;
		this.#context.warnOnce(
			`KEYINFO from ${host} does not open with this receiver's keys: ${this.#hint}`,
			problem('uid-shared', { host, uid }),
		);
		return undefined;
	}

	/** A REG_CONF or FILEINFO listed this receiver, or it has the group key. */
	confirm(): void {
		const context = this.#context;
		if (context.phase !== 'registering') return;
		assert(context.end === undefined, 'a session that has ended is not confirmed');
		context.phase = 'active';
		context.timers.clearAll();
		context.node.emit({ kind: 'registered', groupId: context.link.groupId, grttMs: context.grttMs });
	}

	/** In the clear: whoever takes the answers from now on learns who it is, while the session goes on. */
	restate(now: number): void {
		if (this.#context.phase === 'registering') {
			this.start(now);
			return;
		}
		this.#restatements = RESTATEMENTS_MAX;
		this.#sayAgain(now);
	}

	#sayAgain(now: number): void {
		const { terms, timers, resendMs } = this.#context;
		assert(this.#restatements > 0, 'REGISTER is repeated a bounded number of times');
		this.#restatements--;
		this.#context.answer({ kind: 'register', announced: terms.announced, rand2: this.#rand2, keyInfo: EMPTY_SPAN });
		if (this.#restatements > 0) timers.set(SessionTimer.Restate, now + resendMs);
		else timers.clear(SessionTimer.Restate);
	}

	#fail(now: number): void {
		const { link, node } = this.#context;
		const { proxy, security } = link;
		const silent =
			proxy === undefined ? '' : `nothing has come back by way of the response proxy at ${formatEndpoint(proxy)}`;
		const why = this.#hint === '' ? silent : this.#hint;
		if (proxy !== undefined && security !== undefined) node.responseProxy.doubt(now);
		const reason = why === '' ? 'Registration unconfirmed' : `Registration unconfirmed: ${why}`;
		this.#context.finish('unconfirmed', reason, this.#context.mayRefuse);
	}

	handleTimeout(now: number): void {
		const { timers, link, phase } = this.#context;
		if (phase !== 'registering') {
			if (timers.takeDue(SessionTimer.Restate, now)) this.#sayAgain(now);
			return;
		}
		if (timers.takeDue(SessionTimer.AnswerWindow, now)) {
			this.#fail(now);
			return;
		}
		const message = link.security?.clientKey;
		if (timers.takeDue(SessionTimer.ClientKey, now) && message !== undefined) {
			if (this.#registers === 1) this.#sayRegister();
			this.#context.answer({ kind: 'clientKey', message });
		}
		if (timers.takeDue(SessionTimer.Resend, now)) this.#register(now);
	}
}
