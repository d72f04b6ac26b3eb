/**
 * Receivers behind proxies: for whom a proxy's answers speak, when a proxy is taken to be gone, how its receivers then
 * find another way, and what proxies of 4.x make of congestion control (docs/protocol.md, section 12, and quirks 11 and
 * 23 in section 15).
 */

import { type Abort, formatUid } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { SILENCE_MS_MIN } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import type { SenderSecurity } from '../security/sender-security.ts';
import type { Member, ProxyPeer } from './members.ts';
import type { Roster } from './roster.ts';

/** A proxy holds answers for one GRTT, and its receivers theirs for another one. */
const SILENCE_GRTT = 4;
/** No loss that lets a transfer go on at all needs so many passes. */
export const CORRUPTED_PASSES = 100;

const CURE = 'use a fixed rate, or a proxy of ours';

/** What of the session a proxy's silence is measured by. */
interface Clock {
	readonly grttMs: number;
}

interface Parts {
	readonly clock: Clock;
	readonly roster: Roster;
	readonly security: SenderSecurity | undefined;
}

/** Whether nothing has come from the proxy for longer than it may hold answers. */
export function isProxySilent({ grttMs }: Clock, now: number, proxy: ProxyPeer): boolean {
	assert(now >= proxy.heardAt, 'time runs backwards');
	return now - proxy.heardAt > Math.max(SILENCE_MS_MIN, SILENCE_GRTT * grttMs);
}

/** Why a receiver is lost, if that is its proxy's silence, or what its proxy seems to have said. */
export function silentProxyReason(clock: Clock, now: number, member: Member): string | undefined {
	const { via, unauthenticatedReason } = member;
	if (via === undefined) return undefined;
	if (unauthenticatedReason !== undefined) {
		const what = `unsealed, and so without proof, its proxy ${formatUid(via.id)} said: ${unauthenticatedReason}`;
		return `it does not answer; ${what}`;
	}
	if (now - via.heardAt <= SILENCE_GRTT * clock.grttMs) return undefined;
	return `its proxy ${formatUid(via.id)} does not answer`;
}

/** Those of the ids in the body that are in the session behind this proxy. It speaks for nobody else. */
export function membersBehind(roster: Roster, proxy: ProxyPeer, ids: readonly number[]): Member[] {
	const members: Member[] = [];
	for (const id of ids) {
		const member = roster.get(id);
		if (member?.via === proxy && member.isIn) members.push(member);
	}
	assert(members.length <= ids.length, 'a proxy speaks for more receivers than it names');
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
export function abortedThrough(roster: Roster, proxy: ProxyPeer, { host, message }: Abort): [Member, string][] {
	if (host !== 0 && host !== proxy.id) {
		const member = roster.get(host);
		return member?.via === proxy && member.isIn ? [[member, message]] : [];
	}
	roster.abortProxy(proxy, message);
	const reason = `its proxy ${formatUid(proxy.id)} has left: ${message}`;
	return [...proxy.present()].map((member) => [member, reason]);
}

/** The ids of the members, and before them, as C lists them, of their proxies. */
export function withProxies(members: readonly Member[]): number[] {
	const proxies = new Set<number>();
	for (const { via } of members) if (via !== undefined) proxies.add(via.id);
	return [...proxies, ...members.map((member) => member.id)];
}

/**
 * Whether a receiver could have come to another way than its proxy: with the time, if that proxy is silent. Only in
 * sessions in the clear do receivers register anew; sealed answers speak for themselves.
 */
export function couldMove(security: SenderSecurity | undefined, member: Member | undefined): member is Member {
	return security === undefined && member?.via !== undefined && member.isIn && member.isOurs;
}

/** Whether a receiver that registers late, through `proxy` or (undefined) another way, has lost its old way. */
export function hasLostProxy(
	{ clock, security }: Pick<Parts, 'clock' | 'security'>,
	now: number,
	member: Member,
	proxy: ProxyPeer | undefined,
): boolean {
	const { via } = member;
	return couldMove(security, member) && via !== undefined && via !== proxy && isProxySilent(clock, now, via);
}

/** The receiver answers through `proxy` from now on, or (undefined) itself. */
export function moveTo(roster: Roster, member: Member, proxy: ProxyPeer | undefined, address: Endpoint): void {
	assert(member.via !== proxy, 'a receiver moves to where it is');
	roster.movedBehind(member, proxy, address);
	member.claimedAt = undefined;
	member.hasDuplicateId = false;
	roster.mustConfirm(member);
}

/**
 * A sealed answer of a receiver behind a proxy came from elsewhere: it opened with the group key, so it is from the
 * group, and another proxy has passed it on as it stands.
 */
export function followSealed({ clock, roster, security }: Parts, now: number, member: Member, from: Endpoint): boolean {
	const { via } = member;
	if (via === undefined || security === undefined || security.signsByKey || !member.isIn) return false;
	if (!isProxySilent(clock, now, via)) return true;
	let next = via;
	for (const proxy of roster.proxies()) {
		const isThere = proxy.isIn && proxy.keys?.hasGroupKey === true && proxy.address?.host === from.host;
		if (isThere && proxy.address?.port === from.port) next = proxy;
	}
	roster.movedBehind(member, next, from);
	return true;
}

/**
 * Proxies of 4.x merge a report that stands in a STATUS into its bitmap, so that blocks are missing for ever, and in
 * encrypted sessions they pass on no report that can be believed. Such sessions must end, and say why.
 *
 * This: why a receiver is lost of which congestion control hears nothing, if its proxy is the reason.
 */
export function corruptedReports(security: SenderSecurity | undefined, { via }: Member): string | undefined {
	if (security === undefined || via === undefined || via.isOurs) return undefined;
	return `its proxy ${formatUid(via.id)} passes on no reports for congestion control in encrypted sessions: ${CURE}`;
}

/** Why a receiver is lost whose proxy has reported missing blocks after so many passes, if that is no end in sight. */
export function corruptedNaks(isCongestionControlled: boolean, member: Member, pass: number): string | undefined {
	const { via, fileState } = member;
	if (!isCongestionControlled || via === undefined || via.isOurs || pass <= CORRUPTED_PASSES) return undefined;
	if (fileState !== 'naked' && !(fileState === 'active' && via.hasNaked)) return undefined;
	return `its proxy ${formatUid(via.id)} mixes reports for congestion control into those of missing blocks: ${CURE}`;
}
