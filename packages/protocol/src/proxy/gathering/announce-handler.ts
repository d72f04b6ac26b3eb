/** How a gathering proxy takes ANNOUNCEs of sessions that it does not serve yet, or that begin anew. */

import { type Announce, type CommonHeader, decodeAnnounce, isMalformed, MAX_ROBUST, MessageType } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { KNOWN_ANNOUNCES_PER_SECOND, STRANGERS_ANNOUNCES_PER_SECOND } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import { Allowance } from '../../shared/allowance.ts';
import { isSameEndpoint } from '../../shared/endpoints.ts';
import { silenceMs } from '../../shared/grtt.ts';
import { decodeBody, type HandledDatagram } from '../handled-datagram.ts';
import type { RelaySecurer } from '../security/relay-securer.ts';
import type { RelaySessionSecurity } from '../security/relay-session-security.ts';
import { announceRefusal } from './announcements.ts';
import { isFirstPacket } from './ended-relays.ts';
import type { RelayNode, RelayTerms } from './relay-context.ts';
import type { RelaySession } from './relay-session.ts';
import type { RelayTable } from './relay-table.ts';

export class AnnounceHandler {
	readonly #node: RelayNode;
	readonly #table: RelayTable;
	readonly #securer: RelaySecurer;
	readonly #strangers = new Allowance(STRANGERS_ANNOUNCES_PER_SECOND, 1000);
	readonly #known = new Allowance(KNOWN_ANNOUNCES_PER_SECOND, 1000);

	constructor(node: RelayNode, table: RelayTable, securer: RelaySecurer) {
		this.#node = node;
		this.#table = table;
		this.#securer = securer;
	}

	/** The datagram is an ANNOUNCE: it may start a session. */
	handle(datagram: HandledDatagram): void {
		const { now, from, header, bytes, at, length } = datagram;
		const { reports, config, counters } = this.#node;
		assert(header.func === MessageType.ANNOUNCE, 'an ANNOUNCE is handled as one');
		const replaced = this.#table.get(header.groupId);
		if (replaced !== undefined && !mayReplace(now, replaced, from, header)) return;
		if (replaced === undefined && this.#table.ended.isOver(now, from, header)) {
			counters.drop('session-over');
			return;
		}
		const isKnown = replaced !== undefined || this.#isKnown(datagram);
		if (!(isKnown ? this.#known : this.#strangers).take(now)) {
			counters.drop('too-many-announces');
			return;
		}
		const announce = decodeBody(decodeAnnounce, datagram);
		if (isMalformed(announce)) {
			reports.drop(now, announce.malformed, from);
			return;
		}
		const { groupId, sourceId: senderId } = header;
		const refusal = announceRefusal(config, announce);
		if (refusal !== undefined) {
			reports.ignore(now, groupId, senderId, refusal);
			return;
		}
		const heard = { from, header, announce, bytes, at, length };
		const acceptance = this.#securer.accept(now, heard, replaced?.context.security);
		if (acceptance.kind !== 'join') {
			reports.ignore(now, groupId, senderId, acceptance.reason);
			return;
		}
		// A pinned key has signed the ANNOUNCE.
		const isProved = isKnown || acceptance.security?.facts.isPinned === true;
		if (replaced === undefined && !this.#table.makeRoom(now, isProved)) {
			reports.ignore(now, groupId, senderId, 'Too many sessions at the same time');
			return;
		}
		if (replaced !== undefined) {
			replaced.context.finish('aborted', 'The sender has started the session again');
			this.#table.settle(now, replaced);
			assert(this.#table.get(groupId) === undefined, 'a session that is replaced is over');
		}
		this.#table.start(now, this.#terms(datagram, announce, acceptance.security, isProved), header.grtt);
	}

	/** A sender in the list of this proxy, or one whose session has had receivers here. */
	#isKnown({ header, from, sourceKey }: HandledDatagram): boolean {
		const { config, knownSenders } = this.#node;
		if (knownSenders.has(header.sourceId, sourceKey)) return true;
		const senders = config.security?.senders ?? [];
		return senders.some(
			({ senderId, address, fingerprint }) =>
				senderId === header.sourceId && fingerprint === undefined && (address === undefined || address === from.host),
		);
	}

	#terms(
		{ now, from, header }: HandledDatagram,
		announce: Announce,
		security: RelaySessionSecurity | undefined,
		isOfKnownSender: boolean,
	): RelayTerms {
		const port = this.#node.config.receiverPort;
		assert(header.groupId !== 0, 'a session has a group id');
		assert(announce.blockBytes > 0, 'the blocks of a session have a size');
		return {
			groupId: header.groupId,
			groupInstance: header.groupInstance,
			senderId: header.sourceId,
			sender: from,
			publicGroup: { host: announce.publicAddress, port },
			privateGroup: { host: announce.privateAddress, port },
			robust: Math.min(announce.robust, MAX_ROBUST),
			blockBytes: announce.blockBytes,
			announced: { timestamp: announce.timestamp, heardAt: now },
			security,
			isOfKnownSender,
		};
	}
}

/**
 * Whether an ANNOUNCE of a known group may end its session: a later instance of the same sender, or anybody once the
 * sender is silent. One that still speaks is not replaced by whoever announces in its name.
 */
function mayReplace(now: number, known: RelaySession, from: Endpoint, header: Readonly<CommonHeader>): boolean {
	const { terms, heardAt, grttMs } = known.context;
	if (header.sourceId === terms.senderId && isSameEndpoint(from, terms.sender)) {
		return header.groupInstance > terms.groupInstance || isFirstPacket(now, header, heardAt);
	}
	return now - heardAt > silenceMs(terms.robust, grttMs);
}
