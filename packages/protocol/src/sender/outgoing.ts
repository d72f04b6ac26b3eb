/** What a sending session sends besides blocks, to whom, and how much of everything has left. */
import {
	encodeAbort,
	encodeRegConf,
	HEADER_BYTES,
	keyInfoItemsPerMessage,
	MAX_DATAGRAM_BYTES,
	MAX_NAME_BYTES,
	MessageType,
} from '@uftp/wire';
import { assert } from '../assert.ts';
import { STRANGER_ABORT_CHARACTERS_MAX, STRANGER_ABORTS_PER_SECOND, STRANGER_ABORTS_PER_SOURCE } from '../limits.ts';
import type { Endpoint } from '../ports.ts';
import type { SenderConfig } from '../sender-config.ts';
import { Allowance } from '../shared/allowance.ts';
import type { Encode } from '../shared/encode.ts';
import type { Member, Peer } from './membership/members.ts';
import type { Roster } from './membership/roster.ts';
import { Outbox, type QueueOptions } from './outbox.ts';
import type { SenderSecurity } from './security/sender-security.ts';
import type { SenderReports } from './sender-reports.ts';

/** An ABORT to all is sent this often: nobody acknowledges it. */
const ABORT_COPIES = 2;
/** A FILEINFO without ids. */
const FULL_FILEINFO_BYTES = 28 + 2 * MAX_NAME_BYTES;

export class Outgoing {
	readonly #config: SenderConfig;
	readonly #security: SenderSecurity | undefined;
	readonly #reports: SenderReports;
	readonly outbox = new Outbox();
	/** Ids that fit into the body of one message. */
	readonly idsPerPacket: number;
	bytesSent = 0;
	packetsSent = 0;
	repairBytesSent = 0;
	readonly #aborts = new Allowance(STRANGER_ABORTS_PER_SECOND, 1000);
	/** ABORTs of the last second, by the host that they went to. */
	readonly #abortsTo = new Map<string, number>();
	#abortsSince = Number.NEGATIVE_INFINITY;

	constructor(config: SenderConfig, security: SenderSecurity | undefined, reports: SenderReports) {
		this.#config = config;
		this.#security = security;
		this.#reports = reports;
		// With the largest blocks a datagram has no room for a block of ids behind the longest FILEINFO.
		const room = MAX_DATAGRAM_BYTES - FULL_FILEINFO_BYTES - (security?.sealer.sealedBytes(0) ?? HEADER_BYTES);
		this.idsPerPacket = Math.trunc(Math.min(config.blockBytes, room) / 4);
		assert(this.idsPerPacket > 0, 'a message has room for an id');
	}

	/** Queues a message for all that are in the session. */
	send(func: MessageType, encode: Encode, options?: QueueOptions): void {
		this.outbox.push(func, this.#config.privateEndpoint, encode, options);
	}

	/** Queues one message per list of ids that fits into a packet, for all: `encode` is given each list. */
	sendList(func: MessageType, ids: readonly number[], encode: (ids: readonly number[]) => Encode): void {
		const { idsPerPacket } = this;
		for (let first = 0; first < ids.length; first += idsPerPacket) {
			const part = first === 0 && ids.length <= idsPerPacket ? ids : ids.slice(first, first + idsPerPacket);
			this.send(func, encode(part), { isPaced: ids.length > idsPerPacket });
		}
	}

	/** Counts what has left. */
	sent(packets: number, bytes: number): void {
		assert(packets > 0 && bytes >= packets * HEADER_BYTES, 'a packet has left that holds no header');
		this.packetsSent += packets;
		this.bytesSent += bytes;
	}

	/**
	 * Confirms registrations: sends REG_CONF to those whose REGISTER it answers; in an encrypted session KEYINFO, again
	 * and again until it is acknowledged, and REG_CONF to those whose proxy has the group key: it waits for that.
	 */
	confirmRegistrations(roster: Roster): void {
		const security = this.#security;
		if (security !== undefined) this.#sendKeys(security, roster.keyless);
		const peers = roster.takeUnconfirmed((peer) => security === undefined || isKeyedBehindProxy(peer));
		const ids = peers.map((peer) => peer.id);
		this.sendList(MessageType.REG_CONF, ids, (part) => (bytes, at) => encodeRegConf(bytes, at, { ids: [...part] }));
	}

	#sendKeys(security: SenderSecurity, peers: readonly Peer[]): void {
		const most = keyInfoItemsPerMessage(this.#config.blockBytes);
		for (let first = 0; first < peers.length; first += most) {
			const encode = security.keyInfoFor(peers.slice(first, first + most));
			this.send(MessageType.KEYINFO, encode, { isPaced: peers.length > most });
		}
	}

	/**
	 * Whether what goes there counts in the sequence: what goes to a stranger only would be missed by all receivers, and
	 * with congestion control they would take it for a loss.
	 */
	isForAll(destination: Endpoint): boolean {
		const { congestion, publicEndpoint, privateEndpoint } = this.#config;
		return congestion === undefined || destination === privateEndpoint || destination === publicEndpoint;
	}

	/** Ends the session for one receiver, sealed if the session is. */
	abort(id: number, message: string): void {
		this.#pushAbort(this.#config.privateEndpoint, id, message, false);
	}

	#pushAbort(destination: Endpoint, host: number, message: string, isClear: boolean): void {
		const encode: Encode = (bytes, at) => encodeAbort(bytes, at, { currentFileOnly: false, host, message });
		this.outbox.push(MessageType.ABORT, destination, encode, { isClear });
	}

	/**
	 * Tells everybody that the session is over. Receivers with the group key believe only sealed messages, and those
	 * that do not have it yet cannot read them: while they register both are sent.
	 */
	abortAll(message: string, isRegistering: boolean): void {
		const { privateEndpoint } = this.#config;
		const isSecured = this.#security !== undefined;
		for (let copy = 0; copy < ABORT_COPIES; copy++) {
			if (!isSecured || isRegistering) this.#pushAbort(privateEndpoint, 0, message, true);
			if (isSecured) this.#pushAbort(privateEndpoint, 0, message, false);
		}
	}

	/**
	 * Tells a node that is not in the session so: a bounded number of times a second, fewer times to one host, and in few
	 * bytes. What asked for it may have been sent by somebody else in the name of that host.
	 */
	abortStranger(now: number, from: Endpoint, id: number, message: string): void {
		if (now - this.#abortsSince >= 1000) {
			this.#abortsSince = now;
			this.#abortsTo.clear();
		}
		assert(message.length > 0, 'a node is refused without a reason');
		const count = this.#abortsTo.get(from.host) ?? 0;
		if (count >= STRANGER_ABORTS_PER_SOURCE || !this.#aborts.take(now)) {
			this.#reports.count('too-many-refusals');
			return;
		}
		this.#abortsTo.set(from.host, count + 1);
		assert(this.#abortsTo.size <= 2 * STRANGER_ABORTS_PER_SECOND, 'more hosts were refused than may be');
		this.#pushAbort(from, id, message.slice(0, STRANGER_ABORT_CHARACTERS_MAX), true);
	}
}

/** Encrypted sessions: a receiver whose proxy can pass the group key on to it. */
function isKeyedBehindProxy(peer: Peer): boolean {
	return 'via' in peer && (peer as Member).via !== undefined && !(peer as Member).lacksGroupKey;
}
