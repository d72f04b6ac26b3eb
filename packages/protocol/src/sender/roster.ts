/** The sender's table of receivers and proxies: who is expected, who came, and how each of them is doing. */

import type { FileResult, Outcome, ReceiverResult } from '../events.ts';
import { ROSTER_MAX } from '../limits.ts';
import { Peer } from './proxies/peer.ts';
import { ProxyPeer } from './proxies/proxy.ts';

/** Where a receiver is with the file of the current round. */
export type FileState = 'none' | 'active' | 'naked' | 'done';

/** A receiver. If it is of ours it rides out silence, and can be served later what it missed. */
export class Member extends Peer {
	/** The proxy that gathers its answers; undefined: it answers itself. */
	via: ProxyPeer | undefined;
	/** Nobody knows whether it is ours, but it may be, and may find another way: it is waited for as if it were. */
	mayMove = false;
	/** Why it has left, as its proxy is said to have said: nothing proves it. */
	hearsay: string | undefined;
	/** When it was first said that it is behind another proxy, while its own may still be there. */
	claimedAt: number | undefined;
	fileState: FileState = 'none';
	/** Blocks that its STATUSes since the last rewind reported missing. */
	missingBlocks = 0;
	/** Reports of more missing blocks than the session allows. */
	nakExcesses = 0;
	/** Does not answer at present; since when. */
	isAway = false;
	awaySince = 0;
	/** Indices of files that went by while it was away. */
	readonly owed = new Set<number>();
	/** It has answered the end of the session. */
	isFinished = false;
	/** A COMPLETE for the session's end came that no DONE_CONF has answered yet. */
	needsDoneConf = false;
	bytes = 0;
	readonly files: Record<'received' | 'overwritten' | 'skipped' | 'rejected', number> = {
		received: 0,
		overwritten: 0,
		skipped: 0,
		rejected: 0,
	};
	filesMissing = 0;

	get isPresent(): boolean {
		return this.state === 'registered' && !this.isAway;
	}

	/** Encrypted sessions: it has registered, but the group key is not there yet: with it, or with its proxy. */
	get lacksGroupKey(): boolean {
		return (this.via ?? this).keys?.hasGroupKey === false;
	}

	/** Counts what became of one file. */
	count(result: FileResult, bytes: number): void {
		switch (result.outcome) {
			case 'received':
			case 'overwritten':
				this.files[result.outcome]++;
				this.bytes += bytes;
				break;
			case 'skipped':
			case 'rejected':
				this.files[result.outcome]++;
				break;
			default:
				this.filesMissing++;
		}
	}
}

export class Roster {
	readonly #members = new Map<number, Member>();
	readonly #proxies = new Map<number, ProxyPeer>();

	/** The member with this id, made if there is room. */
	add(id: number): Member | undefined {
		const known = this.#members.get(id);
		if (known !== undefined) return known;
		if (this.isFull) return undefined;
		const member = new Member(id);
		this.#members.set(id, member);
		return member;
	}

	/** The proxy with this id, made if there is room. */
	addProxy(id: number): ProxyPeer | undefined {
		const known = this.#proxies.get(id);
		if (known !== undefined) return known;
		if (this.isFull) return undefined;
		const proxy = new ProxyPeer(id);
		this.#proxies.set(id, proxy);
		return proxy;
	}

	/** Takes in who was made elsewhere. The caller has seen that there is room. */
	put(peer: Member | ProxyPeer): void {
		if (peer instanceof ProxyPeer) this.#proxies.set(peer.id, peer);
		else this.#members.set(peer.id, peer);
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

	/** Receivers and proxies: what the group size on the wire counts. */
	get size(): number {
		return this.#members.size + this.#proxies.size;
	}

	/** All proxies, in the order in which they came. */
	proxies(): IterableIterator<ProxyPeer> {
		return this.#proxies.values();
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

	some(test: (member: Member) => boolean): boolean {
		for (const member of this.#members.values()) if (test(member)) return true;
		return false;
	}

	largestRttMs(): number {
		let largest = 0;
		for (const member of this.#members.values()) {
			if (member.isPresent && member.rttMs > largest) largest = member.rttMs;
		}
		return largest;
	}

	results(): ReceiverResult[] {
		return [...this.#members.values()].map((member) => ({
			receiverId: member.id,
			outcome: sessionOutcome(member),
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

/** The sum over the files: anything missing outranks what arrived. */
function sessionOutcome(member: Member): Outcome {
	if (member.state === 'mute') return 'mute';
	if (member.state === 'lost' || member.state === 'aborted') return member.state;
	if (member.filesMissing > 0) return 'lost';
	if (member.files.rejected > 0) return 'rejected';
	if (member.files.received > 0) return 'received';
	if (member.files.overwritten > 0) return 'overwritten';
	if (member.files.skipped > 0) return 'skipped';
	return 'received';
}
