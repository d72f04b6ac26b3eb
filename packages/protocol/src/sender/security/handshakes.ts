/**
 * The handshakes of an encrypted session: who has proved what, and what is not believed (docs/protocol.md, section 11).
 */
import { type ClientKey, decodeClientKey, formatUid, isMalformed, type Malformed, type Register } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { CANDIDATES_MAX, EARLY_CLIENT_KEYS_MAX, KEY_OPERATIONS_PER_SECOND } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import { problem } from '../../problem.ts';
import type { SenderConfig } from '../../sender-config.ts';
import { Allowance } from '../../shared/allowance.ts';
import { isSameEndpoint } from '../../shared/endpoints.ts';
import { agreeOnKeys, checkClientKey, isAcknowledged, type MemberKeys } from '../../shared/security/member-keys.ts';
import { Member, type Peer, ProxyPeer } from '../membership/members.ts';
import type { Roster } from '../membership/roster.ts';
import type { Outgoing } from '../outgoing.ts';
import type { SenderReports } from '../sender-reports.ts';
import type { SenderSecurity } from './sender-security.ts';

interface EarlyClientKey {
	readonly from: Endpoint;
	readonly bytes: Uint8Array;
}

interface Parts {
	readonly config: SenderConfig;
	readonly roster: Roster;
	readonly outgoing: Outgoing;
	readonly reports: SenderReports;
}

/** A CLIENT_KEY as it came: bytes[at .. at+length) behind the header. */
export interface IncomingKey {
	readonly now: number;
	readonly from: Endpoint;
	readonly sourceId: number;
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
}

export class Handshakes {
	readonly #parts: Parts;
	readonly #security: SenderSecurity;
	readonly #allowance = new Allowance(KEY_OPERATIONS_PER_SECOND, 1000);
	/** CLIENT_KEYs that overtook their REGISTER, by receiver. */
	readonly #early = new Map<number, EarlyClientKey>();
	/** Receivers and proxies of an open group that have not proved who they are, oldest first. */
	readonly #candidates = new Map<number, Member | ProxyPeer>();

	constructor(parts: Parts, security: SenderSecurity) {
		this.#parts = parts;
		this.#security = security;
	}

	/**
	 * The member for a receiver that is not in the session yet. It is kept for some time, as a CLIENT_KEY is to follow,
	 * but there may be many of them: nobody has proved anything.
	 */
	candidate(id: number): Member {
		const known = this.#candidates.get(id);
		if (known instanceof Member) return known;
		const member = new Member(id);
		this.#keep(member);
		return member;
	}

	/** The same for a proxy. */
	proxyCandidate(id: number): ProxyPeer {
		const known = this.#candidates.get(id);
		if (known instanceof ProxyPeer) return known;
		const proxy = new ProxyPeer(id);
		this.#keep(proxy);
		return proxy;
	}

	#keep(peer: Member | ProxyPeer): void {
		if (this.#candidates.size >= CANDIDATES_MAX) {
			for (const oldest of this.#candidates.keys()) {
				this.#candidates.delete(oldest);
				break;
			}
		}
		this.#candidates.set(peer.id, peer);
		assert(this.#candidates.size <= CANDIDATES_MAX, 'more candidates are kept than may be');
	}

	/** A REGISTER of a member came once more. */
	registerAgain(now: number, from: Endpoint, peer: Peer, message: Register): void {
		const { keys } = peer;
		assert(peer.isIn, 'only who is in the session registers again');
		// With the group key it needs nothing more; a repeat gets KEYINFO with the next cycle anyway.
		if (keys === undefined || keys.hasGroupKey || keys.isOf(message)) return;
		// Started anew. Behind a proved key there may be anybody: that one has to wait for the next session.
		if (!this.#security.needsClientKeys && this.#agree(now, from, peer, message)) peer.answersFrom(from);
	}

	/** A REGISTER came: takes over the keys that follow from it. True if the receiver may be let in. */
	register(now: number, from: Endpoint, member: Peer, message: Register): boolean {
		// Repeated until it is answered: what it says was worked out when it came first.
		if (member.keys?.isOf(message) !== true && !this.#agree(now, from, member, message)) return false;
		if (!this.#security.needsClientKeys || member.keys?.clientKey !== undefined) return true;
		const early = this.#early.get(member.id);
		if (early === undefined || !isSameEndpoint(early.from, from)) return false;
		this.#early.delete(member.id);
		const clientKey = decodeClientKey(early.bytes, 0, early.bytes.length);
		return !isMalformed(clientKey) && this.#check(now, member, clientKey);
	}

	#agree(now: number, from: Endpoint, member: Peer, message: Register): boolean {
		const { config, roster, outgoing, reports } = this.#parts;
		if (!this.#allowance.take(now)) {
			reports.drop(now, 'too-many-registers', from);
			return false;
		}
		const keys = agreeOnKeys(this.#security, config.groupId, from, message);
		if (typeof keys !== 'string') {
			member.keys = keys;
			roster.keysChanged(member);
			return true;
		}
		member.refused(keys);
		outgoing.abortStranger(now, from, member.id, keys);
		const facts = { receiver: formatUid(member.id), host: from.host, reason: keys };
		const what = `receiver ${facts.receiver} at ${from.host} is refused: ${keys}`;
		reports.warnOnce(`agree ${member.id}`, what, problem('no-agreement', facts));
		return false;
	}

	/** A CLIENT_KEY came: the member, if it has now proved who it is and may be let in. */
	clientKey({ now, from, sourceId: id, bytes, at, length }: IncomingKey): Member | ProxyPeer | Malformed | undefined {
		const message = decodeClientKey(bytes, at, length);
		if (isMalformed(message)) return message;
		const { roster } = this.#parts;
		const member = roster.get(id) ?? roster.proxy(id) ?? this.#candidates.get(id);
		const keys = member?.keys;
		if (member === undefined || keys === undefined) {
			// C senders do not survive this; the REGISTER is under way, or will be repeated.
			if (this.#early.size >= EARLY_CLIENT_KEYS_MAX) this.#early.clear();
			this.#early.set(id, { from, bytes: bytes.slice(at, at + length) });
			assert(this.#early.size <= EARLY_CLIENT_KEYS_MAX, 'more early keys are kept than may be');
			return undefined;
		}
		if (!this.#security.needsClientKeys || keys.clientKey !== undefined || member.state !== 'mute') return undefined;
		return isSameEndpoint(keys.from, from) && this.#check(now, member, message) ? member : undefined;
	}

	#check(now: number, member: Peer, message: ClientKey): boolean {
		const { keys } = member;
		assert(keys !== undefined, 'a CLIENT_KEY is checked with the keys of its REGISTER');
		if (!this.#allowance.take(now)) return false;
		const late = member instanceof ProxyPeer ? member.lateFingerprint : undefined;
		const pinned = this.#security.config.fingerprints.get(member.id) ?? late;
		const wrong = checkClientKey(this.#security, member.id, keys, message, pinned);
		if (wrong === undefined) return true;
		// Not its end: who knows who sent this. The receiver repeats itself, and may be right the next time.
		member.refused(wrong);
		this.#warnNotLetIn('client-key-invalid', member, keys, wrong);
		return false;
	}

	#warnNotLetIn(
		code: 'client-key-invalid' | 'key-info-ack-invalid',
		member: Peer,
		keys: MemberKeys,
		why: string,
	): void {
		const facts = { receiver: formatUid(member.id), host: keys.from.host, reason: why };
		const what = `receiver ${facts.receiver} at ${facts.host} is not let in: ${why}`;
		this.#parts.reports.warnOnce(`${code} ${member.id}`, what, problem(code, facts));
	}

	/** A KEYINFO_ACK came: true if it is right, and new. */
	acknowledge(member: Peer, verifyData: Uint8Array): boolean {
		const { keys } = member;
		if (keys === undefined || keys.hasGroupKey) return false;
		if (!isAcknowledged(this.#security, keys, verifyData)) {
			const why = 'its KEYINFO_ACK does not fit the handshake: somebody may have changed messages on the way';
			this.#warnNotLetIn('key-info-ack-invalid', member, keys, why);
			return false;
		}
		keys.hasGroupKey = true;
		this.#parts.roster.keysChanged(member);
		return true;
	}
}
