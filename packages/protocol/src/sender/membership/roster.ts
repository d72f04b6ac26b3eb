/**
 * The sender's table of receivers and proxies. It alone moves them through their life cycle: a move is checked, counted,
 * reported, and takes along what belongs to the state. Nothing here walks over all of them but where a list is asked for.
 */
import { assert } from '../../assert.ts';
import type { FileResult, ReceiverResult, SenderEvent } from '../../events.ts';
import { ROSTER_MAX } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import { Member, type Peer, type PeerState, ProxyPeer } from './members.ts';
import { RoundTrips } from './round-trips.ts';

/** Who ends a receiver's session early: itself, a limit of the session, or the end of the session for all. */
export type AbortedBy = 'itself' | 'limits' | 'session';

/** What the GRTT follows from. */
export interface BelievedRoundTrips {
	/** 0: none is known. */
	readonly longestRttMs: number;
	/** No receiver has proved its own by more than a REGISTER. */
	readonly isTentative: boolean;
}

/** Is shown every move of a receiver, after it was made. */
export interface MoveWatcher {
	moved(member: Member, from: PeerState): void;
}

export class Roster {
	readonly #emit: (event: SenderEvent) => void;
	readonly #graceMs: number;
	readonly #members = new Map<number, Member>();
	readonly #proxies = new Map<number, ProxyPeer>();
	/** Receivers by state. */
	readonly #counts: Record<PeerState, number> = { mute: 0, present: 0, away: 0, finished: 0, lost: 0, aborted: 0 };
	/** Those that are away, longest first: all have the same grace. */
	readonly #away = new Set<Member>();
	/** Those whose REGISTER no REG_CONF has answered yet. */
	readonly #unconfirmed = new Set<Peer>();
	/** Encrypted sessions: those that are in and have not acknowledged the group key. */
	readonly #keyless = new Set<Peer>();
	readonly #roundTrips = new RoundTrips();
	#withMissingFiles = 0;
	#lastAwaySince = Number.NEGATIVE_INFINITY;
	/** The round that runs. */
	watcher: MoveWatcher | undefined;

	/** `graceMs`: how long a receiver may be away. */
	constructor(emit: (event: SenderEvent) => void, graceMs: number) {
		this.#emit = emit;
		this.#graceMs = graceMs;
	}

	/** The member with this id, made if there is room. */
	add(id: number): Member | undefined {
		const known = this.#members.get(id);
		if (known !== undefined) return known;
		if (this.isFull) return undefined;
		const member = new Member(id);
		this.#put(member);
		return member;
	}

	/** The proxy with this id, made if there is room. */
	addProxy(id: number): ProxyPeer | undefined {
		const known = this.#proxies.get(id);
		if (known !== undefined) return known;
		if (this.isFull) return undefined;
		const proxy = new ProxyPeer(id);
		this.#put(proxy);
		return proxy;
	}

	#put(peer: Member | ProxyPeer): void {
		assert(!this.isFull, 'the roster has no room');
		assert(!this.#members.has(peer.id) && !this.#proxies.has(peer.id), 'two nodes of the roster have one id');
		if (peer instanceof ProxyPeer) this.#proxies.set(peer.id, peer);
		else {
			this.#members.set(peer.id, peer);
			this.#counts[peer.state]++;
		}
	}

	get isFull(): boolean {
		return this.size >= ROSTER_MAX;
	}

	get(id: number): Member | undefined {
		return this.#members.get(id);
	}

	proxy(id: number): ProxyPeer | undefined {
		return this.#proxies.get(id);
	}

	/** Whether this very node is in the table. */
	has(peer: Member | ProxyPeer): boolean {
		return this.#members.get(peer.id) === peer || this.#proxies.get(peer.id) === peer;
	}

	/** Receivers and proxies: what the group size on the wire counts. */
	get size(): number {
		return this.#members.size + this.#proxies.size;
	}

	/** All proxies, in the order in which they came. */
	proxies(): IterableIterator<ProxyPeer> {
		return this.#proxies.values();
	}

	get hasProxies(): boolean {
		return this.#proxies.size > 0;
	}

	/** Receivers only, as everywhere but where proxies are named. */
	all(): IterableIterator<Member> {
		return this.#members.values();
	}

	select(test: (member: Member) => boolean): Member[] {
		const chosen: Member[] = [];
		for (const member of this.#members.values()) if (test(member)) chosen.push(member);
		return chosen;
	}

	/** Receivers in one of these states. */
	count(...states: readonly PeerState[]): number {
		let count = 0;
		for (const state of states) count += this.#counts[state];
		return count;
	}

	/** Receivers that are in the session. */
	get countIn(): number {
		return this.count('present', 'away', 'finished');
	}

	/** Receivers that have failed so far: they are not in the session, or lack a file for good. */
	get hasFailures(): boolean {
		return this.#withMissingFiles > 0 || this.count('mute', 'lost', 'aborted') > 0;
	}

	#move(peer: Peer, state: PeerState, reason?: string): void {
		const from = peer.state;
		peer.enter(state, reason);
		if (!peer.isIn) {
			this.#unconfirmed.delete(peer);
			this.#keyless.delete(peer);
		}
		if (!(peer instanceof Member)) return;
		assert(this.#members.get(peer.id) === peer, 'a receiver that is not in the roster made a move');
		this.#counts[from]--;
		this.#counts[state]++;
		assert(this.#counts[from] >= 0, 'fewer receivers than none are in a state');
		if (from === 'away') this.#away.delete(peer);
		const wasPresent = from === 'present' || from === 'finished';
		if (wasPresent && !peer.isPresent) this.#roundTrips.remove(peer);
		else if (!wasPresent && peer.isPresent) this.#roundTrips.add(peer);
		this.watcher?.moved(peer, from);
	}

	/** It has registered, and shown its key if it must: it is in the session. */
	register(peer: Member | ProxyPeer): void {
		if (!this.has(peer)) this.#put(peer);
		this.#move(peer, 'present');
		this.#unconfirmed.add(peer);
		this.keysChanged(peer);
		const { id, knownAddress: address, rttMs, isOurs } = peer;
		const key = peer.keys?.clientKey?.fingerprint;
		const common = { address, rttMs, isOurs, ...(key === undefined ? {} : { fingerprint: key }) };
		if (peer instanceof ProxyPeer) this.#emit({ kind: 'proxyRegistered', proxyId: id, ...common });
		else this.#emit({ kind: 'registered', receiverId: id, viaProxyId: peer.via?.id, ...common });
	}

	/** Something came from a receiver that is in: it is back if it was away. */
	answered(member: Member): void {
		assert(member.isIn, 'only who is in the session can answer');
		if (!member.hasAnswered) {
			if (member.isPresent) this.#roundTrips.remove(member);
			member.hasAnswered = true;
			if (member.isPresent) this.#roundTrips.add(member);
		}
		if (!member.isAway) return;
		this.#move(member, 'present');
		this.#emit({ kind: 'receiverReturned', receiverId: member.id });
	}

	/** It does not answer, and may come back within the grace. */
	away(now: number, member: Member): void {
		this.#move(member, 'away');
		assert(now >= this.#lastAwaySince, 'time runs backwards');
		this.#lastAwaySince = now;
		member.awaySince = now;
		this.#away.add(member);
		this.#emit({ kind: 'receiverAway', receiverId: member.id });
	}

	/** It does not answer any more. */
	lose(member: Member, reason: string): void {
		this.#move(member, 'lost', reason);
		this.#emit({ kind: 'receiverLost', receiverId: member.id, reason });
	}

	abort(member: Member, reason: string, by: AbortedBy): void {
		this.#move(member, 'aborted', reason);
		const receiverId = member.id;
		if (by === 'itself') this.#emit({ kind: 'receiverAborted', receiverId, reason });
		else if (by === 'limits') this.#emit({ kind: 'receiverDropped', receiverId, reason });
	}

	/** The proxy has left. */
	abortProxy(proxy: ProxyPeer, reason: string): void {
		this.#move(proxy, 'aborted', reason);
		this.#emit({ kind: 'proxyAborted', proxyId: proxy.id, reason });
	}

	/** It has answered the end of the session, or everything else and is not waited for. */
	finish(member: Member): void {
		if (!member.isFinished) this.#move(member, 'finished');
	}

	/** When the next receiver that is away has been so for the grace. */
	get awayDeadline(): number {
		for (const member of this.#away) return member.awaySince + this.#graceMs;
		return Number.POSITIVE_INFINITY;
	}

	/** A receiver whose grace is over; undefined if there is none. The caller loses it. */
	overdue(now: number): Member | undefined {
		for (const member of this.#away) return now >= member.awaySince + this.#graceMs ? member : undefined;
		return undefined;
	}

	/** A receiver answers through `proxy` from now on, or (undefined) itself. */
	movedBehind(member: Member, proxy: ProxyPeer | undefined, address: Endpoint): void {
		const { via } = member;
		assert(via !== undefined, 'only a receiver that is behind a proxy can move');
		via.members.delete(member);
		proxy?.members.add(member);
		assert(proxy === undefined || proxy.isIn, 'a receiver moves behind a proxy that is not in the session');
		member.via = proxy;
		member.answersFrom(address);
		const viaProxyId = proxy === via ? undefined : proxy?.id;
		this.#emit({ kind: 'receiverMoved', receiverId: member.id, fromProxyId: via.id, viaProxyId, address });
	}

	/** A REGISTER of a node that is in has to be confirmed. */
	mustConfirm(peer: Peer): void {
		assert(peer.isIn, 'only who is in the session is confirmed');
		this.#unconfirmed.add(peer);
	}

	isUnconfirmed(peer: Peer): boolean {
		return this.#unconfirmed.has(peer);
	}

	/** Those that wait for REG_CONF and may get it now, proxies first: they do not wait any more. */
	takeUnconfirmed(mayHave: (peer: Peer) => boolean): Peer[] {
		assert(this.#unconfirmed.size <= this.size, 'more nodes wait for confirmation than there are');
		const taken: Peer[] = [];
		for (const peer of this.#unconfirmed) if (mayHave(peer)) taken.push(peer);
		for (const peer of taken) this.#unconfirmed.delete(peer);
		return proxiesFirst(taken);
	}

	/** The keys of a node were agreed upon, or it has acknowledged the group key. */
	keysChanged(peer: Peer): void {
		if (peer.isIn && peer.keys?.hasGroupKey === false) this.#keyless.add(peer);
		else this.#keyless.delete(peer);
	}

	/** Those that are to get the group key, proxies first. */
	get keyless(): Peer[] {
		return proxiesFirst([...this.#keyless]);
	}

	/** A round trip was measured. */
	measured(peer: Peer, rttMs: number): void {
		assert(rttMs >= 0, 'a round trip is negative');
		const isCounted = peer instanceof Member && peer.isPresent;
		if (isCounted) this.#roundTrips.remove(peer);
		peer.rttMs = rttMs;
		if (isCounted) this.#roundTrips.add(peer);
	}

	/** The longest round trip of those that are present, as far as it is believed. */
	get roundTrips(): BelievedRoundTrips {
		const longestRttMs = this.#roundTrips.longestMs(this.#members.values());
		return { longestRttMs, isTentative: this.#roundTrips.isTentative };
	}

	/** Counts what became of one file for one receiver. */
	record(member: Member, result: FileResult, bytes: number): void {
		const had = member.filesMissing > 0;
		member.count(result, bytes);
		if (!had && member.filesMissing > 0) this.#withMissingFiles++;
	}

	/** Files that a receiver will not get. */
	missed(member: Member, files: number): void {
		assert(files >= 0, 'fewer files than none were missed');
		if (member.filesMissing === 0 && files > 0) this.#withMissingFiles++;
		member.filesMissing += files;
	}

	results(): ReceiverResult[] {
		return [...this.#members.values()].map((member) => ({
			receiverId: member.id,
			outcome: member.outcome,
			address: member.address,
			...(member.via === undefined ? {} : { viaProxyId: member.via.id }),
			...(member.reason === undefined ? {} : { reason: member.reason }),
			isOurs: member.isOurs,
			rttMs: member.rttMs,
			filesReceived: member.files.received,
			filesOverwritten: member.files.overwritten,
			filesSkipped: member.files.skipped,
			filesRejected: member.files.rejected,
			filesMissing: member.filesMissing,
			bytes: member.bytes,
		}));
	}
}

/** As C lists them. */
function proxiesFirst(peers: readonly Peer[]): Peer[] {
	return [
		...peers.filter((peer) => peer instanceof ProxyPeer),
		...peers.filter((peer) => !(peer instanceof ProxyPeer)),
	];
}
