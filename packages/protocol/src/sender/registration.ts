/**
 * The Announce/Register phase (docs/protocol.md, section 6.1): ANNOUNCE in cycles until the receivers are there.
 *
 * A closed group goes on as soon as all are registered, else after `robust` cycles. An open group whose receivers are
 * known beforehand does the same; else it takes C's full count, or ends when nobody new comes any more.
 */
import { CcType, encodeAnnounce, formatUid, MessageType } from '@uftp/wire';
import { assert } from '../assert.ts';
import { type Member, type Peer, ProxyPeer } from './membership/members.ts';
import type { SenderParts } from './parts.ts';
import type { Phase } from './phase.ts';

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

type Parts = Pick<SenderParts, 'config' | 'clock' | 'reports' | 'roster' | 'outgoing' | 'security' | 'congestion'>;

export class Registration implements Phase {
	readonly name = 'registering';
	readonly #parts: Parts;
	readonly #isClosed: boolean;
	/** Ids that, once all are ready, end the phase early: those that are not ready yet, */
	readonly #awaited: Set<number>;
	/** and in an encrypted session, those that have not even registered. */
	readonly #mute: Set<number>;
	#hasAwaited: boolean;
	#cycle = 0;
	#cycleEndsAt: number;
	#startedAt: number;
	/** Encrypted sessions: when those that came since get the group key, before the cycle is over. */
	#keysAt = Number.POSITIVE_INFINITY;
	#cameThisCycle = 0;
	#quietCycles = 0;
	#isLastWait = false;
	isOver = false;

	constructor(parts: Parts, now: number) {
		this.#parts = parts;
		const { targets, proxies, expected } = parts.config;
		this.#isClosed = targets.length > 0;
		for (const id of targets) parts.roster.add(id);
		for (const id of proxies) if (parts.roster.get(id) === undefined) parts.roster.addProxy(id);
		const awaited = this.#isClosed ? targets : expected;
		this.#awaited = new Set(awaited);
		this.#mute = new Set(awaited);
		this.#hasAwaited = awaited.length > 0;
		this.#startedAt = now;
		this.#cycleEndsAt = now;
		this.#announce(now);
	}

	deadline(): number {
		return Math.min(this.#cycleEndsAt, this.#keysAt);
	}

	onTimeout(now: number): void {
		if (this.isOver || now < this.deadline()) return;
		assert(now >= this.#startedAt, 'time runs backwards');
		const { config, clock, roster, outgoing } = this.#parts;
		const isCycleOver = now >= this.#cycleEndsAt;
		if (isCycleOver) clock.update(roster.roundTrips);
		const isStillAsked = this.#isLastWait && this.#isForeignProxyAsking();
		outgoing.confirmRegistrations(roster);
		this.#keysAt = Number.POSITIVE_INFINITY;
		if (!isCycleOver) return;
		const isSettled = (this.#isLastWait || this.#isSettled(now)) && !this.#isSomebodyWithoutKeys();
		if ((isSettled && !isStillAsked) || this.#cycle >= config.robust) {
			this.#end();
			return;
		}
		this.#announce(now);
		if (isStillAsked) this.#cycleEndsAt = now + this.#keysBehindProxiesMs();
	}

	onRegister(now: number, member: Member): void {
		assert(member.isIn, 'only who has been let in has registered');
		const { clock, roster, outgoing, security } = this.#parts;
		this.#cameThisCycle++;
		clock.update(roster.roundTrips);
		// Once a round trip is known, those that missed the announcement need not wait out the initial guess.
		this.#cycleEndsAt = Math.min(this.#cycleEndsAt, now + this.#cycleMs());
		const isLast = this.#mute.delete(member.id) && this.#mute.size === 0;
		if (security === undefined) {
			this.#ready(now, member);
			return;
		}
		// Its proxy has the key, and passes it on when the receiver is confirmed.
		if (!member.lacksGroupKey) {
			outgoing.confirmRegistrations(roster);
			this.#ready(now, member);
		}
		// The last one that is awaited gets its key at once.
		else if (isLast) outgoing.confirmRegistrations(roster);
		// Soon, with the keys of others that come at the same time.
		else this.#keysAt = Math.min(this.#keysAt, now + KEY_DELAY_GRTT * clock.grttMs);
	}

	onKeyed(now: number, peer: Member | ProxyPeer): void {
		if (!(peer instanceof ProxyPeer)) {
			this.#ready(now, peer);
			return;
		}
		// It waits for the confirmation of its receivers before it gives them the key.
		this.#parts.outgoing.confirmRegistrations(this.#parts.roster);
		for (const member of peer.present()) this.#ready(now, member);
	}

	/** A receiver is ready: registered, and in an encrypted session with the group key. */
	#ready(now: number, member: Member): void {
		if (this.#awaited.delete(member.id) && this.#awaited.size === 0) this.#everybodyIsThere(now);
	}

	#everybodyIsThere(now: number): void {
		assert(this.#awaited.size === 0 && this.#mute.size === 0, 'somebody is still awaited');
		if (!this.#hasAwaited) return;
		this.#hasAwaited = false;
		// Everybody is there: confirm, and go on without another announcement.
		const { roster, security, clock, outgoing } = this.#parts;
		outgoing.confirmRegistrations(roster);
		const hasProxies =
			roster.hasProxies && roster.select((member) => member.isIn && member.via !== undefined).length > 0;
		if (this.#isClosed && !hasProxies) this.#end();
		else {
			// An open group may hold receivers that nobody told us of: they get one GRTT to answer this announcement, and the
			// receivers behind proxies two to get the group key.
			this.#isLastWait = true;
			if (hasProxies && security !== undefined) this.#cycleEndsAt = now + this.#keysBehindProxiesMs();
			else this.#cycleEndsAt = Math.min(this.#cycleEndsAt, now + clock.grttMs);
		}
	}

	#keysBehindProxiesMs(): number {
		const { roster, clock } = this.#parts;
		const isForeign = roster.select((member) => member.isIn && member.via?.isOurs === false).length > 0;
		return (isForeign ? KEYS_BEHIND_FOREIGN_PROXY_GRTT : KEYS_BEHIND_PROXY_GRTT) * clock.grttMs;
	}

	/** Encrypted sessions: a receiver behind a proxy of 4.x has registered again, so it has no key yet. */
	#isForeignProxyAsking(): boolean {
		const { roster, security } = this.#parts;
		if (security === undefined || !roster.hasProxies) return false;
		const isAsking = (member: Member) => member.isIn && member.via?.isOurs === false && roster.isUnconfirmed(member);
		return roster.select(isAsking).length > 0;
	}

	/** Somebody refuses to take part, or has left again: nobody waits for it. */
	onRosterChange(now: number, member?: Member): void {
		if (this.isOver || member === undefined || member.isIn) return;
		const wasMute = this.#mute.delete(member.id);
		if (this.#awaited.delete(member.id) && this.#awaited.size === 0) this.#everybodyIsThere(now);
		else if (wasMute && this.#mute.size === 0) this.#parts.outgoing.confirmRegistrations(this.#parts.roster);
	}

	/**
	 * C waits out 3 initial GRTT and then hurries through the other cycles at 3 measured ones. The same time spread
	 * evenly over the cycles gives a receiver that lost the first announcement the second one much sooner.
	 */
	#cycleMs(): number {
		const { config, clock } = this.#parts;
		const wholeMs = CYCLE_GRTT * (config.grttMs.initial + (config.robust - 1) * clock.grttMs);
		return Math.max(CYCLE_GRTT * clock.grttMs, wholeMs / config.robust);
	}

	#announce(now: number): void {
		const { roster, clock, reports, outgoing } = this.#parts;
		this.#quietCycles = this.#cycle > 0 && this.#cameThisCycle === 0 ? this.#quietCycles + 1 : 0;
		this.#cameThisCycle = 0;
		this.#cycle++;
		assert(this.#cycle <= this.#parts.config.robust, 'more announcements than the session may send');
		this.#cycleEndsAt = now + this.#cycleMs();
		reports.emit({ kind: 'announced', attempt: this.#cycle, grttMs: clock.grttMs });
		if (!this.#isClosed) {
			this.#queueAnnounce([], this.#cycle === 1);
			return;
		}
		const isMute = (peer: Peer) => peer.state === 'mute';
		const mute = [...[...roster.proxies()].filter(isMute), ...roster.select(isMute)].map(({ id }) => id);
		for (let first = 0; first < mute.length; first += outgoing.idsPerPacket) {
			this.#queueAnnounce(mute.slice(first, first + outgoing.idsPerPacket), false);
		}
	}

	#queueAnnounce(ids: readonly number[], hidesGroupSize: boolean): void {
		const { config, clock, outgoing, security, congestion } = this.#parts;
		const { family, isUnicast, publicEndpoint, privateEndpoint, robust, blockBytes } = config;
		const { sync = false, preview = false } = config;
		const zero = family === 4 ? '0.0.0.0' : '::';
		outgoing.outbox.push(
			MessageType.ANNOUNCE,
			publicEndpoint,
			(bytes, at, now) =>
				encodeAnnounce(bytes, at, {
					// A preview is one of sync mode: both flags are set.
					sync: sync || preview,
					preview,
					family,
					robust,
					ccType: congestion === undefined ? CcType.NONE : CcType.TFMCC,
					blockBytes,
					timestamp: clock.timestamp(now),
					publicAddress: isUnicast ? zero : publicEndpoint.host,
					privateAddress: isUnicast ? zero : privateEndpoint.host,
					...(security === undefined ? {} : { encInfo: security.encInfo }),
					ids,
				}),
			{
				isPaced: ids.length >= outgoing.idsPerPacket,
				hidesGroupSize,
				sign: (bytes, length) => security?.signAnnounce(bytes, length),
			},
		);
	}

	#isSettled(now: number): boolean {
		const { config, clock, roster } = this.#parts;
		if (this.#isClosed || config.openPolicy === 'full') return false;
		const quiet = this.#cameThisCycle === 0 ? this.#quietCycles + 1 : 0;
		if (quiet < QUIET_CYCLES || roster.countIn === 0) return false;
		// Receivers slower than those that came first: they get the round trip time that the user reckons with.
		// Proxies hold the registrations of their receivers for as long.
		const guesses = this.#awaited.size > 0 || config.proxies.length > 0 ? 2 : 1;
		const patience = Math.max(SETTLE_GRTT * clock.grttMs, guesses * config.grttMs.initial);
		return now - this.#startedAt >= patience;
	}

	#isSomebodyWithoutKeys(): boolean {
		const { roster, security } = this.#parts;
		return security !== undefined && roster.select((member) => member.isIn && member.lacksGroupKey).length > 0;
	}

	#end(): void {
		const { roster, reports } = this.#parts;
		this.isOver = true;
		const [registered, mute]: [number[], number[]] = [[], []];
		for (const member of roster.all()) {
			if (member.isIn && member.lacksGroupKey) {
				const { via } = member;
				const who = via === undefined ? '' : ` of its proxy ${formatUid(via.id)}`;
				roster.lose(member, `no valid answer${who} to KEYINFO`);
			}
			if (member.isIn) registered.push(member.id);
			else if (member.state === 'mute') mute.push(member.id);
		}
		reports.emit({ kind: 'registrationEnded', registered, mute });
	}
}
