/** How a server proxy takes ANNOUNCEs: repeats are carried on, others begin a session if there is a place for it. */

import { type CommonHeader, decodeAnnounce, isMalformed, MessageType } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { DropReason } from '../../drop-reason.ts';
import { KNOWN_ANNOUNCES_PER_SECOND, STRANGERS_ANNOUNCES_PER_SECOND } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import { Allowance } from '../../shared/allowance.ts';
import type { DatagramQueue } from '../datagram-queue.ts';
import { decodeBody, type HandledDatagram } from '../handled-datagram.ts';
import { AnnounceCheck } from './announce-check.ts';
import type { DownstreamSites } from './downstream-sites.ts';
import { RelayedSession } from './relayed-session.ts';
import type { ServerNode, SessionTable } from './session-table.ts';

export class AnnounceHandler {
	readonly #node: ServerNode;
	readonly #sites: DownstreamSites;
	readonly #sessions: SessionTable;
	readonly #queue: DatagramQueue;
	readonly #check: AnnounceCheck;
	readonly #strangers = new Allowance(STRANGERS_ANNOUNCES_PER_SECOND, 1000);
	readonly #known = new Allowance(KNOWN_ANNOUNCES_PER_SECOND, 1000);

	/** `queue`: of what goes to the sites. */
	constructor(node: ServerNode, sites: DownstreamSites, sessions: SessionTable, queue: DatagramQueue) {
		this.#node = node;
		this.#sites = sites;
		this.#sessions = sessions;
		this.#queue = queue;
		this.#check = new AnnounceCheck(node.config);
	}

	handle(datagram: HandledDatagram): void {
		const { now, from, sourceKey, header } = datagram;
		const { containment, reports } = this.#node;
		// What a site is sent does not come back from it, or two proxies would send it to and fro.
		if (this.#sites.has(sourceKey, from.port)) {
			reports.drop(now, 'announce-from-downstream', from);
			return;
		}
		assert(header.func === MessageType.ANNOUNCE, 'an ANNOUNCE is handled as one');
		// Nothing could be answered to port 0, and no session has group id 0.
		if (header.groupId === 0 || from.port === 0) {
			reports.drop(now, header.groupId === 0 ? 'no-group' : 'announce-ignored', from);
			return;
		}
		const known = this.#sessions.get(header.groupId);
		containment.acting = known;
		if (known !== undefined && this.#isRepeat(known, datagram)) {
			this.#forward(datagram, known);
			return;
		}
		// Whoever sent it: what goes wrong with it is no fault of the session under its group id.
		containment.acting = undefined;
		const reason = known && reasonToKeep(now, known, header, from);
		if (reason !== undefined) reports.drop(now, reason, from);
		else this.#begin(datagram, known);
	}

	/** An ANNOUNCE of a session that is under way, from its own sender. */
	#isRepeat(known: RelayedSession, { header, sourceKey, from, bytes, at }: HandledDatagram): boolean {
		if (header.groupInstance !== known.groupInstance || header.sourceId !== known.senderId) return false;
		return known.isSender(sourceKey, from.port) || known.isSenderAtOtherAddress(sourceKey, from.port, bytes, at);
	}

	#begin(datagram: HandledDatagram, replaced: RelayedSession | undefined): void {
		const { now, from, sourceKey, header } = datagram;
		const { containment, counters, reports, knownSenders } = this.#node;
		const { groupId, sourceId: senderId } = header;
		const isKnown =
			replaced !== undefined || this.#check.isListed(senderId, from) || knownSenders.has(senderId, sourceKey);
		if (!(isKnown ? this.#known : this.#strangers).take(now)) {
			counters.drop('too-many-announces');
			return;
		}
		const announce = decodeBody(decodeAnnounce, datagram);
		if (isMalformed(announce)) {
			reports.drop(now, announce.malformed, from);
			return;
		}
		const refusal = this.#check.refusal(announce, senderId, from) ?? this.#makeRoom(now, replaced, isKnown);
		if (refusal !== undefined) {
			reports.ignore(now, groupId, senderId, refusal);
			return;
		}
		const session = new RelayedSession({ now, sender: from, header, announce, isOfKnownSender: isKnown });
		if (replaced !== undefined) {
			const { outcome } = replaced.outcome;
			const reason = 'Its sender has started anew under its group id';
			this.#sessions.end(replaced, outcome === 'silent' ? 'aborted' : outcome, reason);
		}
		this.#sessions.start(session);
		assert(this.#sessions.get(groupId) === session, 'a session that begins is found');
		containment.acting = session;
		this.#forward(datagram, session);
	}

	/** A sentence if every place is taken by a session that is under way, or may soon be. */
	#makeRoom(now: number, replaced: RelayedSession | undefined, isKnown: boolean): string | undefined {
		if (replaced !== undefined || !this.#sessions.isFull) return undefined;
		const session = this.#sessions.whoGivesWay(now, isKnown);
		if (session === undefined) return 'Too many sessions at the same time';
		const { outcome, reason } = session.outcome;
		this.#sessions.end(session, outcome, `${reason}, and its place is needed`);
		assert(!this.#sessions.isFull, 'a session that ends gives its place away');
		return undefined;
	}

	#forward({ now, bytes, at, length }: HandledDatagram, session: RelayedSession): void {
		const { counters } = this.#node;
		session.hear(now, bytes, at);
		counters.datagramsDown++;
		assert(at + length <= bytes.length, 'a datagram lies within its batch');
		const copy = bytes.slice(at, at + length);
		for (const endpoint of this.#sites.live) if (!this.#queue.push(endpoint, copy)) counters.drop('queue-full');
	}
}

/** Why an ANNOUNCE that is no repeat does not end the session that has its group id; undefined if it does. */
function reasonToKeep(
	now: number,
	known: RelayedSession,
	header: Readonly<CommonHeader>,
	from: Endpoint,
): DropReason | undefined {
	if (known.isSilent(now)) return undefined;
	if (header.sourceId !== known.senderId) return 'wrong-source';
	if (from.host !== known.sender.host) return 'wrong-address';
	// A restart of the same sender comes with the next instance, and speaks for itself.
	if (header.groupInstance > known.groupInstance) return undefined;
	return header.groupInstance < known.groupInstance ? 'old-instance' : 'wrong-address';
}
