/** What comes in from receivers in an encrypted session: sealed messages are opened, clear ones refused. */
import { OpenRefusal, unwrapOpened } from '@uftp/crypto';
import {
	type CommonHeader,
	decodeAbort,
	formatUid,
	HEADER_BYTES,
	isMalformed,
	isMessageType,
	MessageType,
	messageName,
} from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { DropReason } from '../../drop-reason.ts';
import type { Endpoint } from '../../ports.ts';
import { problem } from '../../problem.ts';
import { isFromPeer } from '../membership/admission.ts';
import type { Member, ProxyPeer } from '../membership/members.ts';
import type { Roster } from '../membership/roster.ts';
import type { CongestionControl } from '../rate/congestion-control.ts';
import type { SenderReports } from '../sender-reports.ts';
import { REPLAYED, type SenderSecurity } from './sender-security.ts';

interface Parts {
	readonly roster: Roster;
	readonly reports: SenderReports;
	readonly security: SenderSecurity | undefined;
	readonly congestion: CongestionControl | undefined;
}

/** A datagram, bytes[at .. at+length). */
export interface IncomingDatagram {
	readonly now: number;
	readonly from: Endpoint;
	readonly header: CommonHeader;
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
}

/**
 * Opens an ENCRYPTED datagram in place, so that it stands there in the clear; `header.func` becomes that of the message
 * inside. Returns the new length of the datagram, or 0 if it was dropped.
 */
export function openSealed(parts: Parts, { now, from, header, bytes, at, length }: IncomingDatagram): number {
	const { security, roster, reports } = parts;
	const member = roster.get(header.sourceId);
	const peer = member ?? roster.proxy(header.sourceId);
	// A receiver behind a proxy has no keys of its own here: it has the group key from its proxy.
	const keys = (member?.via ?? peer)?.keys;
	if (security === undefined || peer === undefined || keys === undefined || !peer.isIn) {
		reports.drop(now, 'no-keys', from);
		return 0;
	}
	assert(at >= 0 && at + length <= bytes.length, 'a datagram lies outside of its buffer');
	const plainBytes = security.open(peer, keys, bytes, at, length);
	if (plainBytes <= 0) {
		reports.drop(now, REFUSALS[plainBytes] ?? 'malformed', from);
		if (member?.via !== undefined && plainBytes === OpenRefusal.FORGED) {
			warnOfCorruptedReports(parts, member, member.via);
		}
		return 0;
	}
	const clearLength = unwrapOpened(bytes, at, plainBytes);
	assert(clearLength >= HEADER_BYTES && clearLength <= length, 'what was opened is longer than what was sealed');
	const func = bytes[at + 1];
	if (!isMessageType(func)) {
		reports.drop(now, 'malformed', from);
		return 0;
	}
	header.func = func;
	return clearLength;
}

const REFUSALS: Readonly<Record<number, DropReason>> = {
	[REPLAYED]: 'replayed',
	[OpenRefusal.MALFORMED]: 'malformed',
	[OpenRefusal.UNKNOWN_SIGNER]: 'unknown-signer',
	[OpenRefusal.FORGED]: 'forged',
	[OpenRefusal.BADLY_PADDED]: 'badly-padded',
};

/** Proxies of 4.10.2 pass reports of congestion control on with another sequence number, and without their HMAC. */
function warnOfCorruptedReports({ congestion, reports }: Parts, member: Member, via: ProxyPeer): void {
	if (congestion === undefined || via.isOurs) return;
	const facts = { receiver: formatUid(member.id), proxy: formatUid(via.id) };
	const what = `what ${facts.receiver} reports for congestion control is corrupted by its proxy ${facts.proxy}`;
	const cure = 'proxies of 4.x cannot pass that on in encrypted sessions; use a fixed rate, or a proxy of ours';
	reports.warnOnce('corrupted reports', `${what}: ${cure}`, problem('reports-corrupted-by-proxy', facts));
}

/**
 * Whether a clear ABORT, which the table of messages lets pass while receivers register, is from a node that could have
 * sealed it: before it has the group key a receiver cannot, and proxies of 4.x never do.
 */
export function isAbortRefusedInClear({ security, roster }: Parts, header: Readonly<CommonHeader>): boolean {
	if (security === undefined || header.func !== MessageType.ABORT) return false;
	const { sourceId } = header;
	return roster.proxy(sourceId) === undefined && roster.get(sourceId)?.keys?.hasGroupKey === true;
}

/** A clear message in an encrypted session was refused: says so once. */
export function warnOfClear(parts: Parts, { from, header, bytes, at, length }: IncomingDatagram): void {
	const { roster, reports } = parts;
	const proxy = roster.proxy(header.sourceId);
	// Of two receivers with one id the second never gets the group key: that has been said.
	if (roster.get(header.sourceId)?.hasDuplicateId === true) return;
	const facts = { message: messageName(header.func), host: from.host, node: formatUid(header.sourceId) };
	const isProxys = header.func === MessageType.ABORT && proxy !== undefined && isFromPeer(proxy, from);
	if (isProxys) noteReason(roster, proxy, bytes, at + HEADER_BYTES, length - HEADER_BYTES);
	const why = isProxys ? 'proxies of 4.x do not seal it, so anybody may have sent it' : 'it is forged';
	const what = `a clear ${facts.message} in an encrypted session, from ${facts.host} as ${facts.node}, was ignored: ${why}`;
	reports.warnOnce(`clear ${isProxys}`, what, problem('clear-message', { ...facts, isProxys }));
}

/** What a proxy says in the clear of one of its receivers moves nothing, but may be why nothing more comes of it. */
function noteReason(roster: Roster, proxy: ProxyPeer, bytes: Uint8Array, at: number, length: number): void {
	const abort = decodeAbort(bytes, at, length);
	if (isMalformed(abort)) return;
	const member = roster.get(abort.host);
	if (member?.via === proxy) member.unauthenticatedReason = abort.message;
}
