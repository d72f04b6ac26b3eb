/** How fast blocks leave: at the fixed rate, at what congestion control sets, or as fast as the receivers can take them. */
import { assert } from '../../assert.ts';
import { Pacer } from '../../pacing.ts';
import type { SenderConfig } from '../../sender-config.ts';
import type { Clockwork } from '../clockwork.ts';
import type { Roster } from '../membership/roster.ts';
import type { SenderReports } from '../sender-reports.ts';
import { RateControl } from './rate-control.ts';

/** Bytes per second to start with when there is no limit: receivers of ours have large buffers, C's have not. */
const START_OWN = { rate: 600e6, growth: 1.04 };
/** Opening what is sealed costs a receiver as much again as storing it. */
const START_OWN_SEALED = { rate: 430e6, growth: 1.04 };
const START_C = { rate: 70e6, growth: 1.2 };
/** C receivers take a gap of 32,768 packets for the past: at this rate that is more than 0.3 s. */
const C_PACKETS_PER_SECOND_MAX = 100_000;
const RATE_MAX = 2e9;
const RATE_MIN = 1e6;
/** A section's NAKs have come when its hold-off of one GRTT and a round trip are over. */
const NAK_HOLDOFF_GRTT = 3;

export class TransmitRate {
	readonly #clock: Clockwork;
	readonly #config: SenderConfig;
	readonly #reports: SenderReports;
	readonly pacer: Pacer;
	/** Only for sessions without a rate limit, once they send. */
	#control: RateControl | undefined;

	constructor(config: SenderConfig, clock: Clockwork, reports: SenderReports) {
		this.#config = config;
		this.#clock = clock;
		this.#reports = reports;
		const { rateBytesPerSecond } = config;
		this.pacer = new Pacer(Number.isFinite(rateBytesPerSecond) ? rateBytesPerSecond : START_C.rate);
	}

	/** It finds its rate itself. */
	get isAdaptive(): boolean {
		return this.#control !== undefined || this.#config.congestion !== undefined;
	}

	/** Full data packets that may leave now. */
	packetsNow(now: number): number {
		const packets = this.pacer.packetsNow(now, this.#clock.packetBytes);
		assert(packets >= 0, 'fewer packets than none may leave');
		return packets;
	}

	/** When to ask again whether a packet may leave. */
	nextAt(now: number): number {
		return this.pacer.nextAt(now, this.#clock.packetBytes);
	}

	/** How long so many full packets take, in ms. */
	durationMs(packets: number): number {
		return (1000 * packets * this.#clock.packetBytes) / this.pacer.rateBytesPerSecond;
	}

	/** A pass begins: chooses the starting rate, now that it is known who receives. */
	startPass(now: number, roster: Roster): void {
		if (this.#config.congestion === undefined && !Number.isFinite(this.#config.rateBytesPerSecond)) {
			this.#control ??= this.#newControl(roster);
			this.pacer.setRate(now, this.#control.rateBytesPerSecond);
		}
	}

	#newControl(roster: Roster): RateControl {
		const allOurs = roster.select((member) => member.isIn && !member.isOurs).length === 0;
		const max = allOurs ? RATE_MAX : Math.min(RATE_MAX, C_PACKETS_PER_SECOND_MAX * this.#clock.packetBytes);
		const own = this.#config.security === undefined ? START_OWN : START_OWN_SEALED;
		const { rate, growth } = allOurs ? own : START_C;
		return new RateControl(rate, growth, RATE_MIN, max);
	}

	/** Before each burst: judges what was sent some time ago. Allocates nothing. */
	follow(now: number): void {
		const control = this.#control;
		if (control !== undefined) this.#apply(now, control.evaluate(now, NAK_HOLDOFF_GRTT * this.#clock.grttMs));
	}

	/** A receiver misses so many blocks of a section. */
	lossReported(now: number, section: number, missing: number): void {
		assert(missing > 0, 'a loss of nothing was reported');
		const control = this.#control;
		if (control !== undefined) this.#apply(now, control.lossReported(section, missing));
	}

	/** A section of a pass has left completely. */
	sectionSent(now: number, pass: number, section: number, blocks: number): void {
		this.#control?.sectionSent(now, pass, section, blocks, this.#clock.packetBytes);
	}

	/** Takes over what the rate control decided, and reports it when there is a reason to. */
	#apply(now: number, reason: string | undefined): void {
		const rateBytesPerSecond = this.#control?.rateBytesPerSecond ?? 0;
		assert(rateBytesPerSecond >= RATE_MIN, 'the rate is below its bound');
		if (rateBytesPerSecond !== this.pacer.rateBytesPerSecond) this.pacer.setRate(now, rateBytesPerSecond);
		if (reason !== undefined) this.#reports.emit({ kind: 'rateChanged', rateBytesPerSecond, reason });
	}
}
