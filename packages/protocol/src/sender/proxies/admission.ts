/** Proxies that register: which receivers come in with them, and which do not (wire facts, sections 4 and 15). */
import { formatUid, type Register } from '@uftp/wire';
import { CLAIMED_RECEIVERS_MAX, PROXY_RECEIVERS_MAX } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import { readOwnMarker } from '../../shared/own-marker.ts';
import { enroll, refuseDouble } from '../admission.ts';
import type { SenderContext } from '../context.ts';
import type { Member } from '../roster.ts';
import { couldMove, mayMove, moveTo } from './moves.ts';
import type { ProxyPeer } from './proxy.ts';
import { isProxySilent } from './silence.ts';

/** A REGISTER of a proxy came. Returns the receivers that are new in the session. */
export function admitProxy(
	context: SenderContext,
	now: number,
	from: Endpoint,
	id: number,
	message: Register,
	isRegistering: boolean,
): Member[] {
	const proxy = proxyFor(context, now, from, id, message, isRegistering);
	if (proxy === undefined || !isSameProxy(context, now, proxy, from, message)) return [];
	const { handshakes } = context;
	const marker = readOwnMarker(message.rand2);
	proxy.heardAt = now;
	proxy.instance = marker;
	if (proxy.state === 'registered') {
		proxy.needsConfirmation = true;
		if (handshakes === undefined) movedTo(proxy, from);
		else handshakes.registerAgain(now, from, proxy, message);
		return admitReceivers(context, now, proxy, message.ids, isRegistering);
	}
	proxy.address = from;
	proxy.isOurs = marker !== undefined;
	context.sampleRtt(now, proxy, message.timestamp);
	for (const claimed of message.ids) {
		if (proxy.claimed.size < CLAIMED_RECEIVERS_MAX) proxy.claimed.add(claimed);
	}
	if (handshakes !== undefined && !handshakes.register(now, from, proxy, message)) return [];
	return enrollProxy(context, now, proxy, message.ids, isRegistering);
}

/** A proxy is in the session: it has registered, and shown its key if it must. Returns the receivers that come with it. */
export function enrollProxy(
	context: SenderContext,
	now: number,
	proxy: ProxyPeer,
	ids: readonly number[] = [],
	isRegistering = true,
): Member[] {
	context.roster.put(proxy);
	proxy.state = 'registered';
	proxy.needsConfirmation = true;
	proxy.reason = undefined;
	const fingerprint = proxy.keys?.clientKey?.fingerprint;
	context.emit({
		kind: 'proxyRegistered',
		proxyId: proxy.id,
		address: proxy.address!,
		rttMs: proxy.rttMs,
		isOurs: proxy.isOurs,
		...(fingerprint === undefined ? {} : { fingerprint }),
	});
	const claimed = [...new Set([...proxy.claimed, ...ids])];
	proxy.claimed.clear();
	return admitReceivers(context, now, proxy, claimed, isRegistering);
}

/** The proxy with this id, if it may register: listed in a closed group, else anybody; later only in place of another. */
function proxyFor(
	context: SenderContext,
	now: number,
	from: Endpoint,
	id: number,
	message: Register,
	isRegistering: boolean,
): ProxyPeer | undefined {
	const { roster, handshakes, config } = context;
	if (roster.get(id) !== undefined) {
		context.abortStranger(now, from, id, `UID ${formatUid(id)} is that of a receiver, not of a proxy`);
		const why = `registers as a proxy with the UID of a receiver: list it with -j, or give it another UID`;
		context.warnOnce(`receiver as proxy ${id}`, `${formatUid(id)} at ${from.host} ${why}`);
		return undefined;
	}
	const known = roster.proxy(id);
	const isWelcome = isRegistering
		? known !== undefined || config.targets.length === 0
		: known?.isIn === true || message.ids.some((receiver) => couldMove(context, roster.get(receiver)));
	const isGone = known?.state === 'lost' || known?.state === 'aborted';
	if (!isWelcome || isGone) {
		context.abortStranger(now, from, id, isGone ? 'No longer in the session' : 'Not in host list');
		if (isRegistering && !isGone) {
			const why = 'is not on the list of proxies (-j), which a closed group needs';
			context.warnOnce(`unlisted proxy ${id}`, `proxy ${formatUid(id)} at ${from.host} ${why}`);
		}
		return undefined;
	}
	if (known !== undefined) return known;
	if (!roster.isFull) return handshakes === undefined ? roster.addProxy(id) : handshakes.proxyCandidate(id);
	context.abortStranger(now, from, id, 'Too many receivers');
	return undefined;
}

/** One proxy has one address, until it is silent: then it may come back from another one. */
function isSameProxy(
	context: SenderContext,
	now: number,
	proxy: ProxyPeer,
	from: Endpoint,
	message: Register,
): boolean {
	if (!proxy.isIn || proxy.address!.host === from.host || isProxySilent(context, now, proxy)) return true;
	const instance = readOwnMarker(message.rand2);
	const isSame = instance?.every((half, i) => half === proxy.instance?.[i]) === true;
	if (!isSame) refuseDouble(context, now, proxy, from);
	return isSame;
}

function movedTo(proxy: ProxyPeer, from: Endpoint): void {
	proxy.address = from;
	for (const member of proxy.members) if (member.via === proxy) member.address = from;
}

function admitReceivers(
	context: SenderContext,
	now: number,
	proxy: ProxyPeer,
	ids: readonly number[],
	isRegistering: boolean,
): Member[] {
	const admitted: Member[] = [];
	for (const id of ids) {
		const member = receiverFor(context, now, proxy, id, isRegistering);
		if (member !== undefined) admitted.push(enrollBehind(context, proxy, member));
	}
	return admitted;
}

/** The receiver with this id, if it now comes in behind the proxy; known ones are confirmed, moved or refused here. */
function receiverFor(
	context: SenderContext,
	now: number,
	proxy: ProxyPeer,
	id: number,
	isRegistering: boolean,
): Member | undefined {
	const { roster, config } = context;
	const refuse = (text: string): undefined => void context.abortStranger(now, proxy.address!, id, text);
	if (roster.proxy(id) !== undefined) {
		const why = 'which is the UID of a proxy: give one of them another';
		context.warnOnce(
			`proxy as receiver ${id}`,
			`proxy ${formatUid(proxy.id)} names the receiver ${formatUid(id)}, ${why}`,
		);
		return undefined;
	}
	const member = roster.get(id);
	if (member?.isIn !== true && isUnprovable(context, proxy, id)) {
		return refuse('This receiver must show its key, and behind an unlisted proxy it cannot');
	}
	if (member === undefined) {
		if (!isRegistering || config.targets.length > 0) return refuse('Not in host list');
		if (roster.isFull || proxy.members.size >= PROXY_RECEIVERS_MAX) return refuse('Too many receivers');
		return roster.add(id);
	}
	if (member.state === 'mute') return isRegistering ? member : refuse('Registration is over');
	if (member.state !== 'registered') return refuse('No longer in the session');
	if (member.via === proxy) member.needsConfirmation = true;
	else if (!isRegistering && mayMove(context, now, member, proxy)) moveTo(context, member, proxy, proxy.address!);
	else if (isRegistering || !member.isOurs || hasOldWayBeenHeard(now, member)) {
		refuseDouble(context, now, member, proxy.address!, proxy);
	}
	return undefined;
}

/**
 * A receiver shows its key to its proxy only. Where a certain key is asked of it, that it comes behind a proxy must be
 * the doing of who wrote the list: nobody else can answer in its name.
 */
function isUnprovable(context: SenderContext, proxy: ProxyPeer, id: number): boolean {
	const { config } = context;
	if (config.security?.fingerprints.has(id) !== true) return false;
	const who = `the key of receiver ${formatUid(id)} behind proxy ${formatUid(proxy.id)}`;
	const isListed = config.proxies.includes(proxy.id) || proxy.isListedLate;
	const what = isListed
		? 'is checked by that proxy, if at all'
		: 'cannot be checked: it is refused; list the proxy (-j)';
	context.warnOnce(`unprovable ${isListed ? 'listed' : id}`, `${who} ${what}`);
	return !isListed;
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

function enrollBehind(context: SenderContext, proxy: ProxyPeer, member: Member): Member {
	const { security } = context;
	member.via = proxy;
	proxy.members.add(member);
	member.keys = undefined;
	member.instance = undefined;
	member.address = proxy.address;
	member.rttMs = proxy.rttMs;
	// In the clear the mark says that all receivers of this REGISTER are ours. Sealed REGISTERs cannot change with their body.
	member.isOurs = security === undefined && proxy.instance !== undefined;
	member.mayMove = security !== undefined && !security.signsByKey && proxy.instance !== undefined;
	return enroll(context, member);
}
