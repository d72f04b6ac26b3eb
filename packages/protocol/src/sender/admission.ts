/** Who is let into a session: REGISTERs, late ones, strangers, and two receivers with one id. */
import { type Abort, formatUid, type Register } from '@uftp/wire';
import type { Endpoint } from '../ports.ts';
import { readOwnMarker } from '../shared/own-marker.ts';
import type { SenderContext } from './context.ts';
import { mayMove, moveTo } from './proxies/moves.ts';
import type { Peer } from './proxies/peer.ts';
import type { ProxyPeer } from './proxies/proxy.ts';
import { Member } from './roster.ts';

/** A REGISTER of a receiver came. Returns the member if it is new in the session. */
export function admit(
	context: SenderContext,
	now: number,
	from: Endpoint,
	id: number,
	message: Register,
	isRegistering: boolean,
): Member | undefined {
	const isClosed = context.config.targets.length > 0;
	const known = context.roster.get(id);
	if (known === undefined && (isClosed || !isRegistering)) {
		context.abortStranger(now, from, id, 'Not in host list');
		return undefined;
	}
	const { handshakes } = context;
	// Who has not proved itself yet is not counted among the receivers.
	const member = known ?? (handshakes === undefined ? context.roster.add(id) : handshakes.candidate(id));
	if (member === undefined || (known === undefined && context.roster.isFull)) {
		context.abortStranger(now, from, id, 'Too many receivers');
		return undefined;
	}
	const instance = readOwnMarker(message.rand2);
	if (member.state === 'registered') {
		if (member.via !== undefined) admitMoved(context, now, from, member, instance, isRegistering);
		else if (!isSameNode(member, from, instance)) refuseDouble(context, now, member, from);
		else if (handshakes === undefined) {
			member.address = from;
			member.needsConfirmation = true;
		} else handshakes.registerAgain(now, from, member, message);
		return undefined;
	}
	if (member.state !== 'mute' || !isRegistering) {
		const text = member.state === 'mute' ? 'Registration is over' : 'No longer in the session';
		context.abortStranger(now, from, id, text);
		return undefined;
	}
	member.address = from;
	member.instance = instance;
	member.isOurs = instance !== undefined;
	context.sampleRtt(now, member, message.timestamp);
	if (handshakes !== undefined && !handshakes.register(now, from, member, message)) return undefined;
	return enroll(context, member);
}

/** A receiver is in the session: it has registered, and shown its key if it must. */
export function enroll(context: SenderContext, member: Member): Member {
	context.roster.put(member);
	member.state = 'registered';
	member.needsConfirmation = true;
	member.reason = undefined;
	const fingerprint = member.keys?.clientKey?.fingerprint;
	context.emit({
		kind: 'registered',
		receiverId: member.id,
		address: member.address!,
		rttMs: member.rttMs,
		isOurs: member.isOurs,
		viaProxyId: member.via?.id,
		...(fingerprint === undefined ? {} : { fingerprint }),
	});
	return member;
}

/**
 * Whether an answer from elsewhere may mean that the member has another address now: it is away, so nothing comes from
 * where it was. While it still answers, or where two nodes have one id, nobody takes its place.
 */
export function hasMoved(member: Member): boolean {
	return member.isAway && !member.hasDouble;
}

/** Whether a message that carries a peer's id comes from that peer: with a double about, to the port. */
export function isFromPeer(peer: Peer, from: Endpoint): boolean {
	const { address } = peer;
	if (address === undefined || address.host !== from.host) return false;
	return !peer.hasDouble || address.port === from.port;
}

/** A receiver behind a proxy registers itself. */
function admitMoved(
	context: SenderContext,
	now: number,
	from: Endpoint,
	member: Member,
	instance: readonly [number, number] | undefined,
	isRegistering: boolean,
): void {
	if (isRegistering || instance === undefined || !mayMove(context, now, member, undefined)) {
		refuseDouble(context, now, member, from);
		return;
	}
	member.instance = instance;
	moveTo(context, member, undefined, from);
}

/** The instance tells nodes of ours apart, wherever they answer from; C's only their address does. */
function isSameNode(member: Member, from: Endpoint, instance: readonly [number, number] | undefined): boolean {
	if (member.instance !== undefined || instance !== undefined) {
		if (member.instance === undefined || instance === undefined) return false;
		return member.instance[0] === instance[0] && member.instance[1] === instance[1];
	}
	return member.address!.host === from.host;
}

/** The first one keeps the id; the second is told, so that neither counts for the other. */
export function refuseDouble(context: SenderContext, now: number, peer: Peer, from: Endpoint, proxy?: ProxyPeer): void {
	const first = peer.address!;
	const isNews = !peer.hasDouble;
	peer.hasDouble = true;
	const via = peer instanceof Member ? peer.via : undefined;
	const user = via === undefined ? first.host : `a receiver behind proxy ${formatUid(via.id)}`;
	context.abortStranger(now, from, peer.id, `UID ${formatUid(peer.id)} is in use by ${user}`);
	if (!isNews) return;
	context.emit({
		kind: 'duplicateUid',
		receiverId: peer.id,
		first,
		second: from,
		...(via === undefined ? {} : { firstProxyId: via.id }),
		...(proxy === undefined ? {} : { secondProxyId: proxy.id }),
	});
}

/** Somebody that was not asked for, but heard the announcement, refuses to take part. */
export function reportRefusal(context: SenderContext, from: Endpoint, id: number, { host, message }: Abort): void {
	const isProxy = host !== 0 && host !== id;
	const who = isProxy
		? `receiver ${formatUid(host)} behind proxy ${formatUid(id)} at ${from.host}`
		: `receiver ${formatUid(id)} at ${from.host}`;
	context.warnOnce(`refusal ${isProxy ? host : id}`, `${who} does not take part: ${message}`);
}
