/** Whom an answer of a proxy speaks for (wire facts, sections 9, 10 and 15). */
import { type Abort, formatUid } from '@uftp/wire';
import type { Endpoint } from '../../ports.ts';
import type { SenderContext } from '../context.ts';
import type { Member } from '../roster.ts';
import type { ProxyPeer } from './proxy.ts';

/** Those of the ids in the body that are in the session behind this proxy. It speaks for nobody else. */
export function membersOf(
	context: SenderContext,
	now: number,
	proxy: ProxyPeer,
	ids: readonly number[],
	from: Endpoint,
): Member[] {
	const members: Member[] = [];
	for (const id of ids) {
		const member = context.roster.get(id);
		if (member?.via === proxy && member.isIn) members.push(member);
	}
	if (members.length < ids.length) context.reports.drop(now, 'not-behind-proxy', from);
	return members;
}

/** The only receiver behind the proxy that still needs the file of the round; undefined if there are several, or none. */
export function soleMember(proxy: ProxyPeer): Member | undefined {
	let sole: Member | undefined;
	for (const member of proxy.present()) {
		if (member.fileState !== 'active' && member.fileState !== 'naked') continue;
		if (sole !== undefined) return undefined;
		sole = member;
	}
	return sole;
}

/** Who leaves the session by an ABORT of a proxy, and why: one receiver, or (host 0) the proxy with all of them. */
export function abortedThrough(context: SenderContext, proxy: ProxyPeer, { host, message }: Abort): [Member, string][] {
	if (host !== 0 && host !== proxy.id) {
		const member = context.roster.get(host);
		return member?.via === proxy && member.isIn ? [[member, message]] : [];
	}
	proxy.state = 'aborted';
	proxy.reason = message;
	context.emit({ kind: 'proxyAborted', proxyId: proxy.id, reason: message });
	const reason = `its proxy ${formatUid(proxy.id)} has left: ${message}`;
	return [...proxy.present()].map((member) => [member, reason]);
}

/** The ids of the members, and before them, as C lists them, of their proxies. */
export function withProxies(members: readonly Member[]): number[] {
	const proxies = new Set<number>();
	for (const { via } of members) if (via !== undefined) proxies.add(via.id);
	return [...proxies, ...members.map((member) => member.id)];
}
