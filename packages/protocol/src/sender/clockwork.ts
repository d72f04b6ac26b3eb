/**
 * The time of a sending session: its round trip time (GRTT), and its timestamps on the wire and back (docs/protocol.md,
 * sections 3.9 and 6.4).
 */
import { EncryptedLayout, encodeRtt, TfmccDataInfoLayout, type Timestamp } from '@uftp/wire';
import { assert } from '../assert.ts';
import { packetSignatureBytes } from '../security-config.ts';
import type { SenderConfig } from '../sender-config.ts';
import { nextGrttMs } from '../shared/grtt.ts';
import type { BelievedRoundTrips } from './membership/roster.ts';

/** Shortest RTT that is believed. */
const RTT_MS_MIN = 1;
/** A receiver that holds a timestamp for some time may return it so much too new: its clock is another one. */
const RTT_MS_EARLY = 1000;
/** A round trip may be so many times as long as all that is known before it is believed outright. */
const JUMP = 4;
/** Steps below this slow no timer down that matters. */
const JUMP_MS_MIN = 50;
/** A receiver waits for at least so many packets that do not come, however slow the session is. */
const GAPS_OF_SILENCE = 4;

export class Clockwork {
	readonly #config: SenderConfig;
	readonly startedAt: number;
	/** Bytes of a full data packet as the rate counts them. */
	readonly packetBytes: number;
	readonly #slowestGrttMs: number;
	#grttMs: number;
	#isMeasured = false;
	/** What the headers carry for a GRTT; congestion control puts in more. */
	advertised: (grttMs: number) => number = (grttMs) => grttMs;

	constructor(config: SenderConfig, now: number) {
		this.#config = config;
		this.startedAt = now;
		this.packetBytes = packetBytesOf(config);
		this.#slowestGrttMs = slowestGrttMs(config, this.packetBytes);
		this.#grttMs = Math.max(config.grttMs.initial, this.#slowestGrttMs);
		assert(this.#grttMs > 0, 'the GRTT is positive');
	}

	get grttMs(): number {
		return this.#grttMs;
	}

	/** What the headers carry: with congestion control never less than the time of a packet. */
	get advertisedGrttMs(): number {
		return this.advertised(this.#grttMs);
	}

	/** The same as the headers write it. */
	get grttCode(): number {
		return encodeRtt(this.advertisedGrttMs / 1000);
	}

	/** The time of `now` as it stands on the wire. */
	timestamp(now: number): Timestamp {
		const ms = this.#config.epochMs + now;
		assert(ms >= 0, 'a timestamp lies before 1970');
		const seconds = Math.floor(ms / 1000);
		return {
			seconds: seconds % 2 ** 32,
			microseconds: Math.min(999_999, Math.floor((ms - seconds * 1000) * 1000)),
		};
	}

	/**
	 * The round trip that follows from an echoed timestamp, in ms; undefined if it cannot be one. `since`: when the first
	 * message left that it may echo: nothing older can come back, whoever sends it. `knownMs`: the round trip of the node
	 * as it was known before, 0 if it was not. One that jumps far above that and above the GRTT is believed only step by
	 * step, with each answer that confirms it.
	 */
	roundTripMs(now: number, echoed: Timestamp, since: number, knownMs = Number.POSITIVE_INFINITY): number | undefined {
		assert(since <= now, 'nothing is echoed before it was sent');
		const sentAt = echoed.seconds * 1000 + echoed.microseconds / 1000 - this.#config.epochMs;
		const rttMs = now - sentAt;
		// Timestamps are cut off to microseconds.
		if (!(rttMs <= now - since + RTT_MS_MIN) || rttMs < -RTT_MS_EARLY) return undefined;
		const most = Math.max(JUMP_MS_MIN, JUMP * Math.max(this.#grttMs, knownMs));
		return Math.min(most, this.#config.grttMs.max, Math.max(RTT_MS_MIN, rttMs));
	}

	/** A round trip was longer than all before. */
	raise(rttMs: number): void {
		assert(rttMs >= 0, 'no round trip is negative');
		this.#grttMs = Math.max(this.#grttMs, Math.min(rttMs, this.#config.grttMs.max));
	}

	/** Works out the GRTT anew. As long as no round trip is proved it follows what is known, up and down. */
	update({ longestRttMs, isTentative }: BelievedRoundTrips): void {
		if (longestRttMs === 0) return;
		const isFirst = !this.#isMeasured || isTentative;
		const measuredMs = nextGrttMs(this.#grttMs, longestRttMs, isFirst, this.#config.grttMs);
		this.#grttMs = Math.max(measuredMs, this.#slowestGrttMs);
		this.#isMeasured = true;
		assert(this.#grttMs > 0 && Number.isFinite(this.#grttMs), 'the GRTT is no time');
	}
}

function packetBytesOf({ blockBytes, family, security, congestion }: SenderConfig): number {
	const envelope =
		security === undefined
			? 0
			: EncryptedLayout.size + 16 + packetSignatureBytes(security.suite, security.key.publicKey);
	const dataInfo = congestion === undefined ? 0 : TfmccDataInfoLayout.size;
	return blockBytes + 8 + dataInfo + envelope + 16 + 8 + (family === 4 ? 20 : 40);
}

/**
 * The least GRTT that the rate allows. Receivers give up after `robust` GRTT without a packet: when two packets are
 * further apart than the round trip, the gap is what they must be told, within the bounds of the GRTT, or else as
 * much as carries them over some lost packets.
 */
function slowestGrttMs(config: SenderConfig, packetBytes: number): number {
	const { rateBytesPerSecond, congestion, robust, grttMs } = config;
	const most = congestion?.maxBytesPerSecond ?? rateBytesPerSecond;
	if (!Number.isFinite(most)) return 0;
	const gapMs = (1000 * packetBytes) / most;
	return Math.max(Math.min(gapMs, grttMs.max), (GAPS_OF_SILENCE * gapMs) / robust);
}
