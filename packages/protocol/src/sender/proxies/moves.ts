/**
 * Receivers of ours whose proxy is gone answer through another one, or by themselves, in the middle of a session. Only
 * in sessions in the clear do they register anew; sealed answers speak for themselves.
 */
import type { Endpoint } from '../../ports.ts';
import type { SenderContext } from '../context.ts';
import type { Member } from '../roster.ts';
import type { ProxyPeer } from './proxy.ts';
import { isProxySilent } from './silence.ts';

/** Whether a receiver could have come to another way than its proxy: with the time, if that proxy is silent. */
export function couldMove(context: SenderContext, member: Member | undefined): member is Member {
	return context.security === undefined && member?.via !== undefined && member.isIn && member.isOurs;
}

/** Whether a receiver that registers late, through `proxy` or (undefined) another way, has lost its old way. */
export function mayMove(context: SenderContext, now: number, member: Member, proxy: ProxyPeer | undefined): boolean {
	return couldMove(context, member) && member.via !== proxy && isProxySilent(context, now, member.via!);
}

/** The receiver answers through `proxy` from now on, or (undefined) itself. */
export function moveTo(context: SenderContext, member: Member, proxy: ProxyPeer | undefined, address: Endpoint): void {
	const old = member.via!;
	old.members.delete(member);
	proxy?.members.add(member);
	member.via = proxy;
	member.address = address;
	member.claimedAt = undefined;
	member.hasDouble = false;
	member.needsConfirmation = true;
	const viaProxyId = proxy?.id;
	context.emit({ kind: 'receiverMoved', receiverId: member.id, fromProxyId: old.id, viaProxyId, address });
}

/**
 * A sealed answer of a receiver behind a proxy came from elsewhere: it opened with the group key, so it is from the
 * group, and another proxy has passed it on as it stands.
 */
export function followSealed(context: SenderContext, now: number, member: Member, from: Endpoint): boolean {
	const { via } = member;
	const { security, roster } = context;
	if (via === undefined || security === undefined || security.signsByKey) return false;
	if (!isProxySilent(context, now, via)) return true;
	let next = via;
	for (const proxy of roster.proxies()) {
		const isThere = proxy.isIn && proxy.keys?.hasGroupKey === true && proxy.address?.host === from.host;
		if (isThere && proxy.address?.port === from.port) next = proxy;
	}
	member.address = from;
	member.via = next;
	const viaProxyId = next === via ? undefined : next.id;
	if (next !== via) {
		via.members.delete(member);
		next.members.add(member);
	}
	context.emit({ kind: 'receiverMoved', receiverId: member.id, fromProxyId: via.id, viaProxyId, address: from });
	return true;
}
