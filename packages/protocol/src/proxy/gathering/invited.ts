/** How a gathering proxy takes ANNOUNCEs of sessions that it does not serve yet, or that begin anew. */
import { type Announce, type CommonHeader, decodeAnnounce, HEADER_BYTES, isMalformed, MAX_ROBUST } from '@uftp/wire';
import type { Endpoint } from '../../ports.ts';
import { isSameEndpoint } from '../../shared/endpoints.ts';
import { silenceMs } from '../../shared/grtt.ts';
import type { RelaySecurity } from '../relay-security.ts';
import type { RelaySecurer } from '../security/relay-securer.ts';
import { announceRefusal } from './announcements.ts';
import { isFirstPacket } from './ended-relays.ts';
import type { RelayNode } from './relay-context.ts';
import type { RelaySession } from './relay-session.ts';
import type { RelayTable } from './relay-table.ts';

export class Invited {
	readonly #node: RelayNode;
	readonly #table: RelayTable;
	readonly #securer: RelaySecurer;

	constructor(node: RelayNode, table: RelayTable, securer: RelaySecurer) {
		this.#node = node;
		this.#table = table;
		this.#securer = securer;
	}

	/** The datagram bytes[at .. at+length) is an ANNOUNCE: it may start a session. */
	handleAnnounce(
		now: number,
		from: Endpoint,
		header: Readonly<CommonHeader>,
		bytes: Uint8Array,
		at: number,
		length: number,
	): void {
		const { reports, config, counters } = this.#node;
		const known = this.#table.get(header.groupId);
		if (known !== undefined && !mayReplace(now, known, from, header)) return;
		if (known === undefined && this.#table.ended.isOver(now, from, header)) {
			counters.drop('session-over');
			return;
		}
		const announce = decodeAnnounce(bytes, at + HEADER_BYTES, length - HEADER_BYTES);
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
		const acceptance = this.#securer.accept(now, heard, known?.context.security);
		if (acceptance.kind !== 'join') {
			reports.ignore(now, groupId, senderId, acceptance.reason);
			return;
		}
		if (known === undefined && !this.#table.makeRoom(now)) {
			reports.ignore(now, groupId, senderId, 'Too many sessions at the same time');
			return;
		}
		if (known !== undefined) {
			known.context.finish('aborted', 'The sender has started the session again');
			this.#table.settle(now, known);
		}
		this.#start(now, from, header, announce, acceptance.security);
	}

	#start(
		now: number,
		from: Endpoint,
		header: Readonly<CommonHeader>,
		announce: Announce,
		security: RelaySecurity | undefined,
	): void {
		const port = this.#node.config.receiverPort;
		this.#node.reports.forgetIgnored(header.groupId);
		const terms = {
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
		};
		this.#table.start(now, terms, header.grtt);
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
