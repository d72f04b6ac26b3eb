/**
 * Who is let into a session: REGISTERs, late ones, strangers, and two receivers with one id (docs/protocol.md,
 * section 6).
 */
import { type Abort, formatUid, type Register } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import type { SenderConfig } from '../../sender-config.ts';
import { readOwnMarker } from '../../shared/own-marker.ts';
import type { Clockwork } from '../clockwork.ts';
import type { Outgoing } from '../outgoing.ts';
import type { Handshakes } from '../security/handshakes.ts';
import type { SenderSecurity } from '../security/sender-security.ts';
import type { SenderReports } from '../sender-reports.ts';
import { Member, type Peer, type ProxyPeer } from './members.ts';
import type { Newcomers } from './newcomers.ts';
import { hasLostProxy, moveTo } from './proxies.ts';
import type { Roster } from './roster.ts';

/** What letting somebody in takes. */
export interface AdmissionParts {
	readonly config: SenderConfig;
	readonly clock: Clockwork;
	readonly roster: Roster;
	readonly newcomers: Newcomers;
	readonly outgoing: Outgoing;
	readonly reports: SenderReports;
	readonly security: SenderSecurity | undefined;
	readonly handshakes: Handshakes | undefined;
}

/** A REGISTER as it came. */
export interface Registering {
	readonly now: number;
	readonly from: Endpoint;
	readonly id: number;
	readonly message: Register;
	/** The session still registers receivers. */
	readonly isRegistering: boolean;
}

/** A REGISTER of a receiver came. Returns the member if it is new in the session. */
export function admit(parts: AdmissionParts, registering: Registering): Member | undefined {
	const { now, from, id, message, isRegistering } = registering;
	const { roster, outgoing, handshakes } = parts;
	const isClosed = parts.config.targets.length > 0;
	const known = roster.get(id);
	if (known === undefined && (isClosed || !isRegistering)) {
		outgoing.abortStranger(now, from, id, 'Not in host list');
		return undefined;
	}
	const member = known ?? newcomer(parts, registering);
	if (member === undefined) return undefined;
	const instance = readOwnMarker(message.rand2);
	if (member.isIn) {
		registerAgain(parts, registering, member, instance);
		return undefined;
	}
	if (member.state !== 'mute' || !isRegistering) {
		const text = member.state === 'mute' ? 'Registration is over' : 'No longer in the session';
		outgoing.abortStranger(now, from, id, text);
		return undefined;
	}
	assert(member.via === undefined, 'who was never let in is behind no proxy');
	member.answersFrom(from);
	member.instance = instance;
	member.isOurs = instance !== undefined;
	sampleAnnounce(parts, now, member, message);
	if (handshakes !== undefined && !handshakes.register(now, from, member, message)) return undefined;
	parts.newcomers.came(id);
	roster.register(member);
	return member;
}

/** A receiver of an open group that registers for the first time; undefined if there is no place for it now. */
function newcomer(parts: AdmissionParts, { now, from, id }: Registering): Member | undefined {
	const { roster, newcomers, reports, outgoing, handshakes } = parts;
	if (!mayEnter(parts, now, id, from)) return undefined;
	if (!newcomers.hasPlace(id, roster.size)) {
		reports.drop(now, 'too-many-receivers', from);
		outgoing.abortStranger(now, from, id, 'Too many receivers');
		return undefined;
	}
	// Who has not proved itself yet is not counted among the receivers.
	return handshakes === undefined ? roster.add(id) : handshakes.candidate(id);
}

/** Whether somebody who is not in the session may try to get in; counted if not. */
export function mayEnter(parts: AdmissionParts, now: number, id: number, from: Endpoint): boolean {
	const { config, newcomers, reports } = parts;
	if (config.security?.fingerprints.has(id) === true || newcomers.mayEnter(now, id, from)) return true;
	reports.drop(now, 'too-many-registers', from);
	return false;
}

/** Its round trip, from the ANNOUNCE that it answers. How far that sets timers, the roster says. */
export function sampleAnnounce({ clock, roster }: AdmissionParts, now: number, peer: Peer, message: Register): void {
	const rttMs = clock.roundTripMs(now, message.timestamp, clock.startedAt);
	if (rttMs !== undefined) roster.measured(peer, rttMs);
}

function registerAgain(
	parts: AdmissionParts,
	registering: Registering,
	member: Member,
	instance: readonly [number, number] | undefined,
): void {
	const { now, from, message, isRegistering } = registering;
	const { roster, handshakes } = parts;
	assert(member.isIn, 'only who is in the session registers again');
	if (member.via !== undefined) {
		// A receiver behind a proxy registers itself.
		if (isRegistering || instance === undefined || !hasLostProxy(parts, now, member, undefined)) {
			refuseDuplicateId(parts, now, member, from);
			return;
		}
		member.instance = instance;
		moveTo(roster, member, undefined, from);
	} else if (!isSameNode(member, from, instance)) refuseDuplicateId(parts, now, member, from);
	else if (handshakes === undefined) {
		member.answersFrom(from);
		roster.mustConfirm(member);
	} else handshakes.registerAgain(now, from, member, message);
}

/**
 * Whether an answer from elsewhere may mean that the member has another address now: it is away, so nothing comes from
 * where it was. While it still answers, or where two nodes have one id, nobody takes its place.
 */
export function hasMoved(member: Member): boolean {
	return member.isAway && !member.hasDuplicateId;
}

/** Whether a message that carries a peer's id comes from that peer: with a duplicate about, to the port. */
export function isFromPeer(peer: Peer, from: Endpoint): boolean {
	const { address } = peer;
	if (address === undefined || address.host !== from.host) return false;
	return !peer.hasDuplicateId || address.port === from.port;
}

/** The instance tells nodes of ours apart, wherever they answer from; C's only their address does. */
function isSameNode(member: Member, from: Endpoint, instance: readonly [number, number] | undefined): boolean {
	if (member.instance !== undefined || instance !== undefined) {
		if (member.instance === undefined || instance === undefined) return false;
		return member.instance[0] === instance[0] && member.instance[1] === instance[1];
	}
	return member.knownAddress.host === from.host;
}

/** The first one keeps the id; the second is told, so that neither counts for the other. */
export function refuseDuplicateId(
	{ outgoing, reports }: Pick<AdmissionParts, 'outgoing' | 'reports'>,
	now: number,
	peer: Peer,
	from: Endpoint,
	proxy?: ProxyPeer,
): void {
	assert(peer.isIn, 'an id is in use by a node that is in the session');
	const first = peer.knownAddress;
	const isNews = !peer.hasDuplicateId;
	peer.hasDuplicateId = true;
	const via = peer instanceof Member ? peer.via : undefined;
	const user = via === undefined ? first.host : `a receiver behind proxy ${formatUid(via.id)}`;
	outgoing.abortStranger(now, from, peer.id, `UID ${formatUid(peer.id)} is in use by ${user}`);
	if (!isNews) return;
	reports.emit({
		kind: 'duplicateUid',
		receiverId: peer.id,
		first,
		second: from,
		...(via === undefined ? {} : { firstProxyId: via.id }),
		...(proxy === undefined ? {} : { secondProxyId: proxy.id }),
	});
}

/** Somebody that was not asked for, but heard the announcement, refuses to take part. */
export function reportRefusal(reports: SenderReports, from: Endpoint, id: number, { host, message }: Abort): void {
	const isProxy = host !== 0 && host !== id;
	const receiver = formatUid(isProxy ? host : id);
	const who = isProxy
		? `receiver ${receiver} behind proxy ${formatUid(id)} at ${from.host}`
		: `receiver ${receiver} at ${from.host}`;
	reports.warnOnce(`refusal ${isProxy ? host : id}`, `${who} does not take part: ${message}`, {
		code: 'receiver-refuses',
		facts: { receiver, host: from.host, message, ...(isProxy ? { proxy: formatUid(id) } : {}) },
	});
}
