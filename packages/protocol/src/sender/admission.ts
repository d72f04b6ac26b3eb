/** Who is let into a session: REGISTERs, late ones, strangers, and two receivers with one id. */
import { formatUid, MessageType, type Register } from '@uftp/wire';
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
	const member = known ?? context.roster.add(id);
	if (member === undefined) {
		context.abortStranger(now, from, id, 'Too many receivers');
		return undefined;
	}
	const instance = message.rand2 === undefined ? undefined : readOwnMarker(message.rand2);
	if (member.state === 'registered') {
		if (!isSameNode(member, from, instance)) refuseDouble(context, now, member, from);
		else {
			member.address = from;
			member.needsConfirmation = true;
		}
		return undefined;
	}
	if (member.state !== 'mute' || !isRegistering) {
		const text = member.state === 'mute' ? 'Registration is over' : 'No longer in the session';
		context.abortStranger(now, from, id, text);
		return undefined;
	}
	member.state = 'registered';
	member.address = from;
	member.instance = instance;
	member.isOurs = instance !== undefined;
	member.needsConfirmation = true;
	context.sampleRtt(now, member, message.timestamp);
	context.emit({
		kind: 'registered',
		receiverId: id,
		address: from,
		rttMs: member.rttMs,
		isOurs: member.isOurs,
		viaProxyId: undefined,
	});
	return member;
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

/** What a sender is never sent: messages of senders, and those of later issues' phases. */
export const FROM_RECEIVERS: ReadonlySet<number> = new Set([
	MessageType.REGISTER,
	MessageType.FILEINFO_ACK,
	MessageType.STATUS,
	MessageType.COMPLETE,
	MessageType.ABORT,
]);
