/**
 * The Announce/Register phase (wire facts, section 4.1): ANNOUNCE in cycles until the receivers are there.
 *
 * A closed group goes on as soon as all are registered, else after `robust` cycles. An open group whose receivers are
 * known beforehand does the same; else it takes C's full count, or ends when nobody new comes any more.
 */
import { CcType, encodeAnnounce, formatUid, MessageType } from '@uftp/wire';
import type { SenderContext } from './context.ts';
import type { Phase } from './phase.ts';
import type { Peer } from './proxies/peer.ts';
import { ProxyPeer } from './proxies/proxy.ts';
import type { Member } from './roster.ts';

const CYCLE_GRTT = 3;
/** An open group is settled after so many announcements that brought nobody, */
const QUIET_CYCLES = 3;
/** and after at least so many GRTT. */
const SETTLE_GRTT = 5;
/** Receivers that register within this get the group key in one message. */
const KEY_DELAY_GRTT = 0.5;
/** A proxy that has the group key and confirmed receivers passes it on within this. */
const KEYS_BEHIND_PROXY_GRTT = 2;
/**
 * One of 4.x does that only until the next phase, so whoever has not got it by then is lost to the session. A receiver
 * without it registers anew after 4 GRTT: that must not have come.
 */
const KEYS_BEHIND_FOREIGN_PROXY_GRTT = 6;

export class Registration implements Phase {
	readonly name = 'registering';
	readonly #context: SenderContext;
	readonly #isClosed: boolean;
	/** Ids that, once all registered, end the phase early. */
	readonly #awaited: ReadonlySet<number>;
	/** How many of them are not ready yet, and in an encrypted session, how many have not even registered. */
	#awaitedLeft: number;
	#muteLeft: number;
	#cycle = 0;
	#cycleEndsAt: number;
	#startedAt: number;
	/** Encrypted sessions: when those that came since get the group key, before the cycle is over. */
	#keysAt = Number.POSITIVE_INFINITY;
	#cameThisCycle = 0;
	#quietCycles = 0;
	#isLastWait = false;
	isOver = false;

	constructor(context: SenderContext, now: number) {
		this.#context = context;
		const { targets, proxies, expected } = context.config;
		this.#isClosed = targets.length > 0;
		for (const id of targets) context.roster.add(id);
		for (const id of proxies) context.roster.addProxy(id);
		this.#awaited = new Set(this.#isClosed ? targets : expected);
		this.#awaitedLeft = this.#awaited.size;
		this.#muteLeft = this.#awaited.size;
		this.#startedAt = now;
		this.#cycleEndsAt = now;
		this.#announce(now);
	}

	deadline(): number {
		return Math.min(this.#cycleEndsAt, this.#keysAt);
	}

	onTimeout(now: number): void {
		if (this.isOver || now < this.deadline()) return;
		const context = this.#context;
		const isCycleOver = now >= this.#cycleEndsAt;
		if (isCycleOver) context.updateGrtt();
		const isStillAsked = this.#isLastWait && this.#isForeignProxyAsking();
		context.confirmRegistrations();
		this.#keysAt = Number.POSITIVE_INFINITY;
		if (!isCycleOver) return;
		const isSettled = (this.#isLastWait || this.#isSettled(now)) && !this.#isSomebodyWithoutKeys();
		if ((isSettled && !isStillAsked) || this.#cycle >= context.config.robust) {
			this.#end();
			return;
		}
		this.#announce(now);
		if (isStillAsked) this.#cycleEndsAt = now + this.#keysBehindProxiesMs();
	}

	onRegister(now: number, member: Member): void {
		const context = this.#context;
		this.#cameThisCycle++;
		context.updateGrtt();
		// Once a round trip is known, those that missed the announcement need not wait out the initial guess.
		this.#cycleEndsAt = Math.min(this.#cycleEndsAt, now + this.#cycleMs());
		if (context.security === undefined) {
			this.#arrived(now, member);
			return;
		}
		const isLast = this.#awaited.has(member.id) && --this.#muteLeft === 0;
		// Its proxy has the key, and passes it on when the receiver is confirmed.
		if (!member.lacksGroupKey) {
			context.confirmRegistrations();
			this.#arrived(now, member);
		}
		// The last one that is awaited gets its key at once.
		else if (isLast) context.confirmRegistrations();
		// Soon, with the keys of others that come at the same time.
		else this.#keysAt = Math.min(this.#keysAt, now + KEY_DELAY_GRTT * context.grttMs);
	}

	onKeyed(now: number, peer: Member | ProxyPeer): void {
		if (!(peer instanceof ProxyPeer)) {
			this.#arrived(now, peer);
			return;
		}
		// It waits for the confirmation of its receivers before it gives them the key.
		this.#context.confirmRegistrations();
		for (const member of peer.present()) this.#arrived(now, member);
	}

	/** A receiver is ready: registered, and in an encrypted session with the group key. */
	#arrived(now: number, member: Member): void {
		if (this.#awaited.has(member.id) && --this.#awaitedLeft === 0) this.#everybodyIsThere(now);
	}

	#everybodyIsThere(now: number): void {
		// Everybody is there: confirm, and go on without another announcement.
		const { roster, security, grttMs } = this.#context;
		this.#context.confirmRegistrations();
		const hasProxies = roster.some((member) => member.isIn && member.via !== undefined);
		if (this.#isClosed && !hasProxies) this.#end();
		else {
			// An open group may hold receivers that nobody told us of: they get one GRTT to answer this announcement, and the
			// receivers behind proxies two to get the group key.
			this.#isLastWait = true;
			if (hasProxies && security !== undefined) this.#cycleEndsAt = now + this.#keysBehindProxiesMs();
			else this.#cycleEndsAt = Math.min(this.#cycleEndsAt, now + grttMs);
		}
	}

	#keysBehindProxiesMs(): number {
		const { roster, grttMs } = this.#context;
		const isForeign = roster.some((member) => member.isIn && member.via?.isOurs === false);
		return (isForeign ? KEYS_BEHIND_FOREIGN_PROXY_GRTT : KEYS_BEHIND_PROXY_GRTT) * grttMs;
	}

	/** Encrypted sessions: a receiver behind a proxy of 4.x has registered again, so it has no key yet. */
	#isForeignProxyAsking(): boolean {
		const { roster, security } = this.#context;
		if (security === undefined) return false;
		return roster.some((member) => member.isIn && member.via?.isOurs === false && member.needsConfirmation);
	}

	/** Somebody refuses to take part, or has left again: nobody waits for it. */
	onRosterChange(now: number): void {
		if (this.isOver || this.#awaitedLeft === 0) return;
		this.#awaitedLeft = 0;
		this.#muteLeft = 0;
		for (const id of this.#awaited) {
			const member = this.#context.roster.get(id);
			const isMute = member === undefined || member.state === 'mute';
			if (isMute) this.#muteLeft++;
			if (isMute || (member.isIn && member.lacksGroupKey)) this.#awaitedLeft++;
		}
		if (this.#awaitedLeft === 0) this.#everybodyIsThere(now);
		else if (this.#muteLeft === 0) this.#context.confirmRegistrations();
	}

	/**
	 * C waits out 3 initial GRTT and then hurries through the other cycles at 3 measured ones. The same time spread
	 * evenly over the cycles gives a receiver that lost the first announcement the second one much sooner.
	 */
	#cycleMs(): number {
		const { config, grttMs } = this.#context;
		const wholeMs = CYCLE_GRTT * (config.grttMs.initial + (config.robust - 1) * grttMs);
		return Math.max(CYCLE_GRTT * grttMs, wholeMs / config.robust);
	}

	#announce(now: number): void {
		const context = this.#context;
		this.#quietCycles = this.#cycle > 0 && this.#cameThisCycle === 0 ? this.#quietCycles + 1 : 0;
		this.#cameThisCycle = 0;
		this.#cycle++;
		this.#cycleEndsAt = now + this.#cycleMs();
		context.emit({ kind: 'announced', attempt: this.#cycle, grttMs: context.grttMs });
		if (!this.#isClosed) {
			this.#queueAnnounce([], this.#cycle === 1);
			return;
		}
		const { roster } = context;
		const isMute = (peer: Peer) => peer.state === 'mute';
		const mute = [...[...roster.proxies()].filter(isMute), ...roster.select(isMute)].map(({ id }) => id);
		for (let first = 0; first < mute.length; first += context.idsPerPacket) {
			this.#queueAnnounce(mute.slice(first, first + context.idsPerPacket), false);
		}
	}

	#queueAnnounce(ids: readonly number[], hidesGroupSize: boolean): void {
		const context = this.#context;
		const { family, isUnicast, publicEndpoint, privateEndpoint, robust, blockBytes } = context.config;
		const { sync = false, preview = false } = context.config;
		const { security } = context;
		const zero = family === 4 ? '0.0.0.0' : '::';
		context.outbox.push(
			MessageType.ANNOUNCE,
			publicEndpoint,
			(bytes, at, now) =>
				encodeAnnounce(bytes, at, {
					// A preview is one of sync mode: both flags are set.
					sync: sync || preview,
					preview,
					family,
					robust,
					ccType: context.congestion === undefined ? CcType.NONE : CcType.TFMCC,
					blockBytes,
					timestamp: context.timestamp(now),
					publicAddress: isUnicast ? zero : publicEndpoint.host,
					privateAddress: isUnicast ? zero : privateEndpoint.host,
					...(security === undefined ? {} : { encInfo: security.encInfo }),
					ids,
				}),
			{
				isPaced: ids.length >= context.idsPerPacket,
				hidesGroupSize,
				sign: (bytes, length) => security?.signAnnounce(bytes, length),
			},
		);
	}

	#isSettled(now: number): boolean {
		const context = this.#context;
		if (this.#isClosed || context.config.openPolicy === 'full') return false;
		const quiet = this.#cameThisCycle === 0 ? this.#quietCycles + 1 : 0;
		if (quiet < QUIET_CYCLES || !context.roster.some((member) => member.isIn)) return false;
		// Receivers slower than those that came first: they get the round trip time that the user reckons with.
		// Proxies hold the registrations of their receivers for as long.
		const guesses = this.#awaitedLeft > 0 || context.config.proxies.length > 0 ? 2 : 1;
		const patience = Math.max(SETTLE_GRTT * context.grttMs, guesses * context.config.grttMs.initial);
		return now - this.#startedAt >= patience;
	}

	#isSomebodyWithoutKeys(): boolean {
		return this.#context.roster.some((member) => member.isIn && member.lacksGroupKey);
	}

	#end(): void {
		const context = this.#context;
		this.isOver = true;
		for (const member of context.roster.all()) {
			if (!member.isIn || !member.lacksGroupKey) continue;
			const { via } = member;
			const who = via === undefined ? '' : ` of its proxy ${formatUid(via.id)}`;
			context.lose(member, `no valid answer${who} to KEYINFO`);
		}
		context.emit({
			kind: 'registrationEnded',
			registered: context.roster.select((member) => member.isIn).map((member) => member.id),
			mute: context.roster.select((member) => member.state === 'mute').map((member) => member.id),
		});
	}
}
