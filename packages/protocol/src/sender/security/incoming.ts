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
import type { DropReason } from '../../drop-reason.ts';
import type { Endpoint } from '../../ports.ts';
import { isFromPeer } from '../admission.ts';
import type { SenderContext } from '../context.ts';
import type { ProxyPeer } from '../proxies/proxy.ts';
import type { Member } from '../roster.ts';
import { REPLAYED } from './sender-security.ts';

/**
 * Opens an ENCRYPTED datagram in place, so that it stands there in the clear; `header.func` becomes that of the message
 * inside. Returns the new length of the datagram, or 0 if it was dropped.
 */
export function openSealed(
	context: SenderContext,
	now: number,
	from: Endpoint,
	header: CommonHeader,
	bytes: Uint8Array,
	at: number,
	length: number,
): number {
	const { security, roster } = context;
	const member = roster.get(header.sourceId);
	const peer = member ?? roster.proxy(header.sourceId);
	// A receiver behind a proxy has no keys of its own here: it has the group key from its proxy.
	const keys = (member?.via ?? peer)?.keys;
	if (security === undefined || peer === undefined || keys === undefined || !peer.isIn) {
		context.reports.drop(now, 'no-keys', from);
		return 0;
	}
	const plainBytes = security.open(peer, keys, bytes, at, length);
	if (plainBytes <= 0) {
		context.reports.drop(now, REFUSALS[plainBytes] ?? 'malformed', from);
		if (member?.via !== undefined && plainBytes === OpenRefusal.FORGED)
			warnOfSpoiltReports(context, member, member.via);
		return 0;
	}
	const clearLength = unwrapOpened(bytes, at, plainBytes);
	const func = bytes[at + 1];
	if (!isMessageType(func)) {
		context.reports.drop(now, 'malformed', from);
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
function warnOfSpoiltReports(context: SenderContext, member: Member, via: ProxyPeer): void {
	if (context.congestion === undefined || via.isOurs) return;
	const what = `what ${formatUid(member.id)} reports for congestion control is spoilt by its proxy ${formatUid(via.id)}`;
	const cure = 'proxies of 4.x cannot pass that on in encrypted sessions; use a fixed rate, or a proxy of ours';
	context.warnOnce('spoilt reports', `${what}: ${cure}`);
}

/**
 * Whether a clear ABORT, which the table of messages lets pass while receivers register, is from a node that could have
 * sealed it: before it has the group key a receiver cannot, and proxies of 4.x never do.
 */
export function isAbortRefusedInClear({ security, roster }: SenderContext, header: Readonly<CommonHeader>): boolean {
	if (security === undefined || header.func !== MessageType.ABORT) return false;
	const { sourceId } = header;
	return roster.proxy(sourceId) === undefined && roster.get(sourceId)?.keys?.hasGroupKey === true;
}

/** A clear message in an encrypted session was refused: says so once. */
export function warnOfClear(
	context: SenderContext,
	from: Endpoint,
	header: Readonly<CommonHeader>,
	bytes: Uint8Array,
	at: number,
	length: number,
): void {
	const { roster } = context;
	const proxy = roster.proxy(header.sourceId);
	// Of two receivers with one id the second never gets the group key: that has been said.
	if (roster.get(header.sourceId)?.hasDouble === true) return;
	const what = `a clear ${messageName(header.func)} in an encrypted session`;
	const who = `from ${from.host} as ${formatUid(header.sourceId)}`;
	const isProxys = header.func === MessageType.ABORT && proxy !== undefined && isFromPeer(proxy, from);
	if (isProxys) noteHearsay(context, proxy, bytes, at + HEADER_BYTES, length - HEADER_BYTES);
	const why = isProxys ? 'proxies of 4.x do not seal it, so anybody may have sent it' : 'it is forged';
	context.warnOnce(`clear ${isProxys}`, `${what}, ${who}, was ignored: ${why}`);
}

/** What a proxy says in the clear of one of its receivers moves nothing, but may be why nothing more comes of it. */
function noteHearsay(context: SenderContext, proxy: ProxyPeer, bytes: Uint8Array, at: number, length: number): void {
	const abort = decodeAbort(bytes, at, length);
	if (isMalformed(abort)) return;
	const member = context.roster.get(abort.host);
	if (member?.via === proxy) member.hearsay = abort.message;
}
