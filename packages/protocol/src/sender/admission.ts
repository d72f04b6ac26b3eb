/** Who is let into a session: REGISTERs, late ones, strangers, and two receivers with one id. */
import { type Abort, formatUid, MessageType, type Register } from '@uftp/wire';
import { readOwnMarker } from '../own-marker.ts';
import type { Endpoint } from '../ports.ts';
import type { SenderContext } from './context.ts';
import type { Member } from './roster.ts';

/** A REGISTER came. Returns the member if it is new in the session. */
export function admit(
	context: SenderContext,
	now: number,
	from: Endpoint,
	id: number,
	message: Register,
	isRegistering: boolean,
): Member | undefined {
	if (message.ids.length > 0) {
		context.abortStranger(now, from, id, 'This sender does not serve proxies yet');
		context.emit({ kind: 'dropped', reason: 'REGISTER of a proxy: proxies are not served yet', from });
		return undefined;
	}
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
	const instance = message.rand2 === undefined ? undefined : readOwnMarker(message.rand2);
	if (member.state === 'registered') {
		if (!isSameNode(member, from, instance)) refuseDouble(context, now, member, from);
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
		viaProxyId: undefined,
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

/** Whether a message that carries a member's id comes from that member: with a double about, to the port. */
export function isFromMember(member: Member, from: Endpoint): boolean {
	const { address } = member;
	if (address === undefined || address.host !== from.host) return false;
	return !member.hasDouble || address.port === from.port;
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
function refuseDouble(context: SenderContext, now: number, member: Member, from: Endpoint): void {
	const first = member.address!;
	const isNews = !member.hasDouble;
	member.hasDouble = true;
	context.abortStranger(now, from, member.id, `UID ${formatUid(member.id)} is in use by ${first.host}`);
	if (isNews) context.emit({ kind: 'duplicateUid', receiverId: member.id, first, second: from });
}

/** Somebody that was not asked for, but heard the announcement, refuses to take part. */
export function reportRefusal(context: SenderContext, from: Endpoint, id: number, { message }: Abort): void {
	const who = `receiver ${formatUid(id)} at ${from.host}`;
	context.warnOnce(`refusal ${id}`, `${who} does not take part: ${message}`);
}

/** What receivers send; anything else under the sender's own id is its own echo. */
export const FROM_RECEIVERS: ReadonlySet<number> = new Set([
	MessageType.REGISTER,
	MessageType.CLIENT_KEY,
	MessageType.KEYINFO_ACK,
	MessageType.ENCRYPTED,
	MessageType.FILEINFO_ACK,
	MessageType.STATUS,
	MessageType.COMPLETE,
	MessageType.CC_ACK,
	MessageType.ABORT,
]);
