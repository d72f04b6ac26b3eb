/** Proxies that register: which receivers come in with them, and which do not (docs/protocol.md, section 12.4). */

import { formatUid, type Register } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { CLAIMED_RECEIVERS_MAX, PROXY_RECEIVERS_MAX, ROSTER_MAX } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import { problem } from '../../problem.ts';
import { readOwnMarker } from '../../shared/own-marker.ts';
import { type AdmissionParts, mayEnter, type Registering, refuseDuplicateId, sampleAnnounce } from './admission.ts';
import type { Member, ProxyPeer } from './members.ts';
import { couldMove, hasLostProxy, isProxySilent, moveTo } from './proxies.ts';

/** A REGISTER of a proxy came. Returns the receivers that are new in the session. */
export function admitProxy(parts: AdmissionParts, registering: Registering): Member[] {
	const { now, from, message } = registering;
	const { roster, handshakes } = parts;
	const proxy = proxyFor(parts, registering);
	if (proxy === undefined || !isSameProxy(parts, now, proxy, from, message)) return [];
	const marker = readOwnMarker(message.rand2);
	proxy.heardAt = now;
	proxy.instance = marker;
	if (proxy.isIn) {
		roster.mustConfirm(proxy);
		if (handshakes === undefined) movedTo(proxy, from);
		else handshakes.registerAgain(now, from, proxy, message);
		return admitReceivers(parts, registering, proxy, message.ids);
	}
	proxy.answersFrom(from);
	proxy.isOurs = marker !== undefined;
	sampleAnnounce(parts, now, proxy, message);
	for (const claimed of message.ids) {
		if (proxy.claimed.size < CLAIMED_RECEIVERS_MAX) proxy.claimed.add(claimed);
	}
	if (handshakes !== undefined && !handshakes.register(now, from, proxy, message)) return [];
	return enrollProxy(parts, registering, proxy, message.ids);
}

/** A proxy is in the session: it has registered, and shown its key if it must. Returns the receivers that come with it. */
export function enrollProxy(
	parts: AdmissionParts,
	registering: Pick<Registering, 'now' | 'isRegistering'>,
	proxy: ProxyPeer,
	ids: readonly number[] = [],
): Member[] {
	parts.roster.register(proxy);
	assert(proxy.claimed.size <= CLAIMED_RECEIVERS_MAX, 'a proxy has named more receivers than are remembered');
	const claimed = [...new Set([...proxy.claimed, ...ids])];
	proxy.claimed.clear();
	return admitReceivers(parts, registering, proxy, claimed);
}

/** The proxy with this id, if it may register: listed in a closed group, else anybody; later only in place of another. */
function proxyFor(
	parts: AdmissionParts,
	{ now, from, id, message, isRegistering }: Registering,
): ProxyPeer | undefined {
	const { roster, newcomers, handshakes, config, outgoing, reports, security } = parts;
	const uid = formatUid(id);
	if (roster.get(id) !== undefined) {
		outgoing.abortStranger(now, from, id, `UID ${uid} is that of a receiver, not of a proxy`);
		const why = 'registers as a proxy with the UID of a receiver';
		const facts = { proxy: uid, host: from.host };
		reports.warnOnce(`receiver as proxy ${id}`, `${uid} at ${from.host} ${why}`, problem('proxy-is-receiver', facts));
		return undefined;
	}
	const known = roster.proxy(id);
	const isWelcome = isRegistering
		? known !== undefined || config.targets.length === 0
		: known?.isIn === true || message.ids.some((receiver) => couldMove(security, roster.get(receiver)));
	const isGone = known?.state === 'lost' || known?.state === 'aborted';
	if (!isWelcome || isGone) {
		outgoing.abortStranger(now, from, id, isGone ? 'No longer in the session' : 'Not in host list');
		if (isRegistering && !isGone) {
			const what = `proxy ${uid} at ${from.host} is not on the list of proxies, which a closed group needs`;
			reports.warnOnce(`unlisted proxy ${id}`, what, problem('proxy-unlisted', { proxy: uid, host: from.host }));
		}
		return undefined;
	}
	if (known !== undefined) return known;
	if (isRegistering && !mayEnter(parts, now, id, from)) return undefined;
	if (newcomers.hasPlace(id, roster.size))
		return handshakes === undefined ? roster.addProxy(id) : handshakes.proxyCandidate(id);
	reports.drop(now, 'too-many-receivers', from);
	outgoing.abortStranger(now, from, id, 'Too many receivers');
	return undefined;
}

/** One proxy has one address, until it is silent: then it may come back from another one. */
function isSameProxy(parts: AdmissionParts, now: number, proxy: ProxyPeer, from: Endpoint, message: Register): boolean {
	if (!proxy.isIn || proxy.knownAddress.host === from.host || isProxySilent(parts.clock, now, proxy)) return true;
	const instance = readOwnMarker(message.rand2);
	const isSame = instance?.every((half, i) => half === proxy.instance?.[i]) === true;
	if (!isSame) refuseDuplicateId(parts, now, proxy, from);
	return isSame;
}

function movedTo(proxy: ProxyPeer, from: Endpoint): void {
	proxy.answersFrom(from);
	for (const member of proxy.present()) if (member.via === proxy) member.answersFrom(from);
}

function admitReceivers(
	parts: AdmissionParts,
	registering: Pick<Registering, 'now' | 'isRegistering'>,
	proxy: ProxyPeer,
	ids: readonly number[],
): Member[] {
	assert(proxy.isIn, 'a proxy brings receivers before it is in the session');
	const admitted: Member[] = [];
	for (const id of ids) {
		const member = receiverFor(parts, registering, proxy, id);
		if (member !== undefined) admitted.push(enrollBehind(parts, proxy, member));
	}
	return admitted;
}

/** The receiver with this id, if it now comes in behind the proxy; known ones are confirmed, moved or refused here. */
function receiverFor(
	parts: AdmissionParts,
	{ now, isRegistering }: Pick<Registering, 'now' | 'isRegistering'>,
	proxy: ProxyPeer,
	id: number,
): Member | undefined {
	const { roster, newcomers, config, reports, outgoing } = parts;
	const address = proxy.knownAddress;
	const refuse = (text: string): undefined => void outgoing.abortStranger(now, address, id, text);
	if (roster.proxy(id) !== undefined) {
		const [proxyUid, uid] = [formatUid(proxy.id), formatUid(id)];
		const what = `proxy ${proxyUid} names the receiver ${uid}, which is the UID of a proxy: give one of them another`;
		reports.warnOnce(`proxy as receiver ${id}`, what, problem('receiver-is-proxy', { proxy: proxyUid, receiver: uid }));
		return undefined;
	}
	const member = roster.get(id);
	if (member?.isIn !== true && isUnprovable(parts, proxy, id)) {
		return refuse('This receiver must show its key, and behind an unlisted proxy it cannot');
	}
	if (member === undefined) {
		if (!isRegistering || config.targets.length > 0) return refuse('Not in host list');
		if (!isListed(config, proxy) && !mayEnter(parts, now, id, address)) return undefined;
		if (!newcomers.hasPlace(id, roster.size) || proxy.members.size >= PROXY_RECEIVERS_MAX) {
			reports.drop(now, 'too-many-receivers', address);
			return refuse('Too many receivers');
		}
		return roster.add(id);
	}
	if (member.state === 'mute') return isRegistering ? member : refuse('Registration is over');
	if (!member.isIn) return refuse('No longer in the session');
	if (member.via === proxy) roster.mustConfirm(member);
	else if (!isRegistering && hasLostProxy(parts, now, member, proxy)) moveTo(roster, member, proxy, address);
	else if (isRegistering || !member.isOurs || hasOldWayBeenHeard(now, member)) {
		refuseDuplicateId(parts, now, member, address, proxy);
	}
	return undefined;
}

/** The proxy stands in the configuration, or its key became known from elsewhere. */
function isListed(config: AdmissionParts['config'], proxy: ProxyPeer): boolean {
	return config.proxies.includes(proxy.id) || proxy.isListedLate;
}

/**
 * A receiver shows its key to its proxy only. Where a certain key is asked of it, that it comes behind a proxy must be
 * the doing of who wrote the list: nobody else can answer in its name.
 */
function isUnprovable({ config, reports }: AdmissionParts, proxy: ProxyPeer, id: number): boolean {
	if (config.security?.fingerprints.has(id) !== true) return false;
	const facts = { receiver: formatUid(id), proxy: formatUid(proxy.id) };
	const who = `the key of receiver ${facts.receiver} behind proxy ${facts.proxy}`;
	if (isListed(config, proxy)) {
		const what = `${who} is checked by that proxy, if at all`;
		reports.warnOnce('unprovable listed', what, problem('key-checked-by-proxy', facts));
		return false;
	}
	const what = `${who} cannot be checked, so that it is refused`;
	reports.warnOnce(`unprovable ${id}`, what, problem('key-behind-unlisted-proxy', facts));
	return true;
}

/**
 * A receiver that has lost its proxy may know that sooner than the sender. Whether there are two with one id shows when
 * the old way is heard again after the new one was first tried.
 */
function hasOldWayBeenHeard(now: number, member: Member): boolean {
	if (member.via === undefined) return true;
	member.claimedAt ??= now;
	return member.via.heardAt > member.claimedAt;
}

function enrollBehind({ roster, newcomers, security }: AdmissionParts, proxy: ProxyPeer, member: Member): Member {
	assert(member.state === 'mute', 'a receiver comes in twice');
	member.via = proxy;
	proxy.members.add(member);
	assert(proxy.members.size <= ROSTER_MAX, 'more receivers are behind a proxy than there are');
	member.keys = undefined;
	member.instance = undefined;
	member.answersFrom(proxy.knownAddress);
	roster.measured(member, proxy.rttMs);
	// In the clear the mark says that all receivers of this REGISTER are ours. Sealed REGISTERs cannot change with their body.
	member.isOurs = security === undefined && proxy.instance !== undefined;
	member.mayMove = security !== undefined && !security.signsByKey && proxy.instance !== undefined;
	newcomers.came(member.id);
	roster.register(member);
	return member;
}
