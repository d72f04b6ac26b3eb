/** What all phases of one sending session share. */

import {
	EncryptedLayout,
	encodeAbort,
	encodeRegConf,
	HEADER_BYTES,
	keyInfoItemsPerMessage,
	MAX_DATAGRAM_BYTES,
	MAX_NAME_BYTES,
	MessageType,
	TfmccDataInfoLayout,
	type Timestamp,
} from '@uftp/wire';
import type { SenderEvent } from '../events.ts';
import { STRANGER_ABORTS_PER_SECOND } from '../limits.ts';
import { Pacer } from '../pacing.ts';
import type { CatalogueEntry, Endpoint } from '../ports.ts';
import { packetSignatureBytes } from '../security-config.ts';
import type { SenderConfig } from '../sender-config.ts';
import type { Encode } from '../shared/encode.ts';
import { nextGrttMs } from '../shared/grtt.ts';
import { CongestionControl } from './congestion-control.ts';
import { Outbox } from './outbox.ts';
import type { Peer } from './proxies/peer.ts';
import { silentProxyReason } from './proxies/silence.ts';
import { RateControl } from './rate-control.ts';
import { type Member, Roster } from './roster.ts';
import { Handshakes } from './security/handshakes.ts';
import { SenderSecurity } from './security/sender-security.ts';
import { SenderReports } from './sender-reports.ts';

/** Shortest RTT that is believed (wire facts, section 4). */
const RTT_MS_MIN = 1;
/** A receiver of ours that has not answered so many requests, and for so long, is away. */
const AWAY_REQUESTS = 3;
const AWAY_MS = 2000;
/**
 * No receiver is lost sooner, however often it was asked: where the GRTT is 10 ms C's requests are over after 0.6 s, and a busy
 * disk holds a receiver up for longer. Receivers themselves wait for at least a second.
 */
const LOST_MS_MIN = 2000;
/** Bytes per second to start with when there is no limit: receivers of ours have large buffers, C's have not. */
const START_OWN = { rate: 600e6, growth: 1.04 };
/** Opening what is sealed costs a receiver as much again as storing it. */
const START_OWN_SEALED = { rate: 430e6, growth: 1.04 };
const START_C = { rate: 70e6, growth: 1.2 };
/** C receivers take a gap of 32,768 packets for the past: at this rate that is more than 0.3 s. */
const C_PACKETS_PER_SECOND_MAX = 100_000;
/** A receiver waits for at least so many packets that do not come, however slow the session is. */
const GAPS_OF_SILENCE = 4;
const RATE_MAX = 2e9;
const RATE_MIN = 1e6;
/** An ABORT to all is said this often: nobody acknowledges it. */
const ABORT_COPIES = 2;
/** A FILEINFO without ids. */
const FULL_FILEINFO_BYTES = 28 + 2 * MAX_NAME_BYTES;

/** How a phase reads and changes the session. */
export class SenderContext {
	readonly config: SenderConfig;
	readonly catalogue: readonly CatalogueEntry[];
	readonly roster = new Roster();
	readonly outbox = new Outbox();
	readonly reports = new SenderReports();
	readonly pacer: Pacer;
	/** Undefined in a session in the clear. */
	readonly security: SenderSecurity | undefined;
	readonly handshakes: Handshakes | undefined;
	/** Undefined in a session at a fixed rate, or without a limit. */
	readonly congestion: CongestionControl | undefined;
	/** Only for sessions without a rate limit. */
	rateControl: RateControl | undefined;
	grttMs: number;
	#grttMeasured = false;
	readonly startedAt: number;
	bytesSent = 0;
	packetsSent = 0;
	repairBytesSent = 0;
	answersHandled = 0;
	#strangerWindow = 0;
	#strangerAborts = 0;

	constructor(config: SenderConfig, catalogue: readonly CatalogueEntry[], now: number) {
		this.config = config;
		this.catalogue = catalogue;
		this.security = config.security && new SenderSecurity(config, config.security, now);
		this.handshakes = this.security && new Handshakes(this, this.security);
		this.grttMs = Math.max(config.grttMs.initial, this.#slowestGrttMs());
		this.startedAt = now;
		this.congestion = config.congestion && new CongestionControl(this, config.congestion);
		const limit = this.congestion?.rateBytesPerSecond ?? config.rateBytesPerSecond;
		this.pacer = new Pacer(Number.isFinite(limit) ? limit : START_C.rate);
	}

	emit(event: SenderEvent): void {
		this.reports.emit(event);
	}

	warnOnce(what: string, message: string): void {
		this.reports.warnOnce(what, message);
	}

	/** Bytes of a full data packet as the rate counts them (wire facts, section 8). */
	get packetBytes(): number {
		const { blockBytes, family, security, congestion } = this.config;
		const envelope =
			security === undefined
				? 0
				: EncryptedLayout.size + 16 + packetSignatureBytes(security.suite, security.key.publicKey);
		const dataInfo = congestion === undefined ? 0 : TfmccDataInfoLayout.size;
		return blockBytes + 8 + dataInfo + envelope + 16 + 8 + (family === 4 ? 20 : 40);
	}

	/** Ids that fit into the body of one message. */
	get idsPerPacket(): number {
		// With the largest blocks a datagram has no room for a block of ids behind the longest FILEINFO.
		const room = MAX_DATAGRAM_BYTES - FULL_FILEINFO_BYTES - (this.security?.sealer.sealedBytes(0) ?? HEADER_BYTES);
		return Math.trunc(Math.min(this.config.blockBytes, room) / 4);
	}

	/** Chooses the starting rate once it is known who receives. */
	startRateControl(now: number): void {
		if (this.congestion !== undefined || Number.isFinite(this.config.rateBytesPerSecond)) return;
		const allOurs = !this.roster.some((member) => member.isIn && !member.isOurs);
		const max = allOurs ? RATE_MAX : Math.min(RATE_MAX, C_PACKETS_PER_SECOND_MAX * this.packetBytes);
		const own = this.security === undefined ? START_OWN : START_OWN_SEALED;
		const { rate, growth } = allOurs ? own : START_C;
		this.rateControl ??= new RateControl(rate, growth, RATE_MIN, max);
		this.pacer.setRate(now, this.rateControl.rateBytesPerSecond);
	}

	/** Takes over what the rate control decided, and reports it when there is a reason to. */
	applyRate(now: number, reason: string | undefined): void {
		if (this.rateControl === undefined) return;
		const rateBytesPerSecond = this.rateControl.rateBytesPerSecond;
		if (rateBytesPerSecond !== this.pacer.rateBytesPerSecond) this.pacer.setRate(now, rateBytesPerSecond);
		if (reason !== undefined) this.emit({ kind: 'rateChanged', rateBytesPerSecond, reason });
	}

	/** The time of `now` as it stands on the wire. */
	timestamp(now: number): Timestamp {
		const ms = this.config.epochMs + now;
		const seconds = Math.floor(ms / 1000);
		return {
			seconds: seconds % 2 ** 32,
			microseconds: Math.min(999_999, Math.floor((ms - seconds * 1000) * 1000)),
		};
	}

	/** Takes an RTT sample from an echoed timestamp. */
	sampleRtt(now: number, peer: Peer, echoed: Timestamp): void {
		const sentAt = echoed.seconds * 1000 + echoed.microseconds / 1000 - this.config.epochMs;
		const rttMs = now - sentAt;
		// A clock that was set, or nonsense: no sample.
		if (!(rttMs < this.config.grttMs.max * 4) || rttMs < -1000) return;
		peer.rttMs = Math.max(RTT_MS_MIN, rttMs);
	}

	/** What the headers carry: with congestion control never less than the time of a packet. */
	get advertisedGrttMs(): number {
		return this.congestion?.advertisedGrttMs ?? this.grttMs;
	}

	/** A round trip was longer than all before. */
	raiseGrtt(rttMs: number): void {
		this.grttMs = Math.max(this.grttMs, Math.min(rttMs, this.config.grttMs.max));
	}

	updateGrtt(): void {
		const largest = this.roster.largestRttMs();
		if (largest === 0) return;
		const measuredMs = nextGrttMs(this.grttMs, largest, !this.#grttMeasured, this.config.grttMs);
		this.grttMs = Math.max(measuredMs, this.#slowestGrttMs());
		this.#grttMeasured = true;
	}

	/**
	 * The least GRTT that the rate allows. Receivers give up after `robust` GRTT without a packet: when two packets are
	 * further apart than the round trip, the gap is what they must be told, within the bounds of the GRTT, or else as
	 * much as carries them over some lost packets.
	 */
	#slowestGrttMs(): number {
		const { rateBytesPerSecond, congestion, robust, grttMs } = this.config;
		const most = congestion?.maxBytesPerSecond ?? rateBytesPerSecond;
		if (!Number.isFinite(most)) return 0;
		const gapMs = (1000 * this.packetBytes) / most;
		return Math.max(Math.min(gapMs, grttMs.max), (GAPS_OF_SILENCE * gapMs) / robust);
	}

	/** Whether to go on without a member after so many unanswered requests, the first of them `sinceMs` ago. */
	patienceIsOver(member: Member, requests: number, sinceMs: number): boolean {
		if (!this.#ridesOut(member)) return requests >= this.config.robust && sinceMs >= LOST_MS_MIN;
		return requests >= AWAY_REQUESTS && sinceMs >= AWAY_MS;
	}

	/** A member does not answer: it is away if it may come back, else lost. */
	giveUp(now: number, member: Member, reason: string): void {
		if (this.#ridesOut(member)) {
			member.isAway = true;
			member.awaySince = now;
			this.emit({ kind: 'receiverAway', receiverId: member.id });
		} else this.lose(member, silentProxyReason(this, now, member) ?? reason);
	}

	/** Whether a member that is silent is waited for, as it may come back. */
	#ridesOut(member: Member): boolean {
		return (member.isOurs || member.mayMove) && this.config.graceMs > 0;
	}

	lose(member: Member, reason: string): void {
		member.state = 'lost';
		member.isAway = false;
		member.reason = reason;
		this.emit({ kind: 'receiverLost', receiverId: member.id, reason });
	}

	/** Something came from a member that was away. */
	welcomeBack(member: Member): void {
		if (!member.isAway) return;
		member.isAway = false;
		this.emit({ kind: 'receiverReturned', receiverId: member.id });
	}

	/** Away for longer than the grace: lost. True when somebody was. */
	expireAway(now: number): boolean {
		let expired = false;
		for (const member of this.roster.all()) {
			// The same sum as in `awayDeadline`: a difference may be rounded to just below the grace, and never be over.
			if (!member.isAway || now < member.awaySince + this.config.graceMs) continue;
			const seconds = Math.round(this.config.graceMs / 1000);
			this.lose(member, silentProxyReason(this, now, member) ?? `no answer for ${seconds} s`);
			expired = true;
		}
		return expired;
	}

	/** When the next member that is away is lost. */
	awayDeadline(): number {
		let earliest = Number.POSITIVE_INFINITY;
		for (const member of this.roster.all()) {
			if (member.isAway) earliest = Math.min(earliest, member.awaySince + this.config.graceMs);
		}
		return earliest;
	}

	/**
	 * Confirms registrations: sends REG_CONF to those whose REGISTER it answers; in an encrypted session KEYINFO, again
	 * and again until it is acknowledged, and REG_CONF to those whose proxy has the group key: it waits for that.
	 */
	confirmRegistrations(): void {
		const { security, roster } = this;
		if (security !== undefined) this.#sendKeys(security);
		const proxies = security === undefined ? [...roster.proxies()].filter((proxy) => proxy.needsConfirmation) : [];
		const members = roster.select(
			(member) =>
				member.needsConfirmation &&
				(security === undefined || (member.via !== undefined && member.isIn && !member.lacksGroupKey)),
		);
		const waiting: Peer[] = [...proxies, ...members];
		if (waiting.length === 0) return;
		for (const peer of waiting) peer.needsConfirmation = false;
		const ids = waiting.map((peer) => peer.id);
		this.outbox.pushList(
			MessageType.REG_CONF,
			this.config.privateEndpoint,
			ids,
			this.idsPerPacket,
			(part) => (bytes, at) => encodeRegConf(bytes, at, { ids: [...part] }),
		);
	}

	#sendKeys(security: SenderSecurity): void {
		const lacksKey = (peer: Peer) => peer.isIn && peer.keys?.hasGroupKey === false;
		const members: Peer[] = [...[...this.roster.proxies()].filter(lacksKey), ...this.roster.select(lacksKey)];
		const most = keyInfoItemsPerMessage(this.config.blockBytes);
		for (let first = 0; first < members.length; first += most) {
			const encode = security.keyInfoFor(members.slice(first, first + most));
			const isPaced = members.length > most;
			this.outbox.push(MessageType.KEYINFO, this.config.privateEndpoint, encode, { isPaced });
		}
	}

	/**
	 * Whether what goes there counts in the sequence: what goes to a stranger only would be missed by all receivers, and
	 * with congestion control they would take it for a loss.
	 */
	isForAll(destination: Endpoint): boolean {
		const { congestion, publicEndpoint, privateEndpoint } = this.config;
		return congestion === undefined || destination === privateEndpoint || destination === publicEndpoint;
	}

	/** Tells one node, or all (`host` 0), that the session is over for it: sealed for those that have the group key. */
	sendAbort(destination: Endpoint, host: number, message: string, isClear = false): void {
		const encode: Encode = (bytes, at) => encodeAbort(bytes, at, { currentFileOnly: false, host, message });
		this.outbox.push(MessageType.ABORT, destination, encode, { isClear });
	}

	/**
	 * Tells everybody that the session is over. Receivers with the group key believe only sealed messages, and those
	 * that do not have it yet cannot read them: while they register both are sent.
	 */
	abortAll(message: string, isRegistering: boolean): void {
		const { privateEndpoint } = this.config;
		const isSecured = this.security !== undefined;
		for (let copy = 0; copy < ABORT_COPIES; copy++) {
			if (!isSecured || isRegistering) this.sendAbort(privateEndpoint, 0, message, true);
			if (isSecured) this.sendAbort(privateEndpoint, 0, message);
		}
	}

	/** Tells a node that is not in the session so, a bounded number of times a second. */
	abortStranger(now: number, from: Endpoint, id: number, message: string): void {
		if (now - this.#strangerWindow > 1000) {
			this.#strangerWindow = now;
			this.#strangerAborts = 0;
		}
		if (++this.#strangerAborts <= STRANGER_ABORTS_PER_SECOND) this.sendAbort(from, id, message, true);
	}
}
