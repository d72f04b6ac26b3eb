/**
 * What a receiver knows of losses (docs/protocol.md, section 10.2): gaps in the sequence numbers become loss events,
 * the distances between events the loss event rate. A packet counts as lost when five newer ones have come; a
 * congestion mark counts as a loss; losses within one GRTT are one event. Hot: `packet` allocates nothing.
 */
import { LATE_PACKETS_MAX } from '../limits.ts';
import { sequenceAhead } from '../shared/sequence.ts';

/** Newer packets that make one that has not come a lost one. */
const REORDERING = 5;
/** Closed intervals that count. */
const INTERVALS = 8;
const WEIGHTS = [1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2];
/** How little older intervals count at least while the present one is very long (RFC 5348, section 5.5). */
const DISCOUNT_MIN = 0.25;

export class LossHistory {
	/** The highest sequence numbers that have come (they go on counting where 16 bits wrap), highest first. */
	readonly #newest = new Float64Array(REORDERING).fill(Number.NEGATIVE_INFINITY);
	/** When each of them came. */
	readonly #newestAt = new Float64Array(REORDERING);
	#seen = 0;
	/** Packets between the starts of loss events, the latest first; the oldest events have left it. */
	readonly #intervals = new Float64Array(INTERVALS);
	#closed = 0;
	/** Each closed interval's weight is scaled by this: old losses fade while nothing is lost. */
	readonly #discounts = new Float64Array(INTERVALS).fill(1);
	#eventStart = Number.NaN;
	#eventAt = Number.NEGATIVE_INFINITY;
	/** Packets that did not come, and packets that came marked. */
	lostPackets = 0;
	markedPackets = 0;
	lossEvents = 0;

	/** Nothing has been lost so far. */
	get isLossless(): boolean {
		return this.lossEvents === 0;
	}

	/**
	 * A packet came, `isMarked` by a router that was about to drop it. `grttMs` joins losses into events. True when the
	 * first loss event has begun with it: the caller then says with `begin` how long the interval before it was.
	 */
	packet(now: number, sequence: number, isMarked: boolean, grttMs: number): boolean {
		const wasLossless = this.isLossless;
		const extended = this.#extend(sequence);
		if (!this.#arrive(now, extended, grttMs)) return false;
		if (isMarked) {
			this.markedPackets++;
			this.#lose(now, extended, grttMs);
		}
		return wasLossless && !this.isLossless;
	}

	/** How many packets the interval before the first loss event is taken to have had. */
	begin(packets: number): void {
		this.#intervals[0] = Math.max(1, packets);
		this.#closed = Math.max(1, this.#closed);
	}

	/** Loss events per packet, 0 before the first. */
	get lossEventRate(): number {
		return this.isLossless ? 0 : 1 / this.#meanInterval();
	}

	#extend(sequence: number): number {
		if (this.#seen === 0) return sequence;
		const highest = this.#newest[0];
		const ahead = sequenceAhead(sequence, highest & 0xffff);
		// As far behind as that, it is ahead: the sequence has wrapped in between.
		return highest + (ahead > -LATE_PACKETS_MAX ? ahead : ahead + 0x10000);
	}

	/** Sorts a packet in among the newest; false if it is there already, or has been given up. */
	#arrive(now: number, sequence: number, grttMs: number): boolean {
		const newest = this.#newest;
		let place = 0;
		while (place < REORDERING && newest[place] > sequence) place++;
		if (place === REORDERING || newest[place] === sequence) return false;
		const last = newest[REORDERING - 1];
		const lastAt = this.#newestAt[REORDERING - 1];
		for (let i = REORDERING - 1; i > place; i--) {
			newest[i] = newest[i - 1];
			this.#newestAt[i] = this.#newestAt[i - 1];
		}
		newest[place] = sequence;
		this.#newestAt[place] = now;
		// What lies between the packet that leaves and the one that is now the last of the newest has not come.
		if (++this.#seen > REORDERING) this.#noteGap(last, lastAt, grttMs);
		return true;
	}

	#noteGap(before: number, beforeAt: number, grttMs: number): void {
		const after = this.#newest[REORDERING - 1];
		const afterAt = this.#newestAt[REORDERING - 1];
		const lost = after - before - 1;
		if (lost <= 0) return;
		this.lostPackets += lost;
		// When a lost packet would have come lies between its neighbours.
		const step = Math.max(0, afterAt - beforeAt) / (lost + 1);
		let i = 1;
		while (i <= lost) {
			this.#lose(beforeAt + i * step, before + i, grttMs);
			// On to the first one that can begin another event.
			const next = step > 0 ? Math.floor((this.#eventAt + grttMs - beforeAt) / step) + 1 : lost + 1;
			i = Math.max(i + 1, next);
		}
	}

	#lose(at: number, sequence: number, grttMs: number): void {
		if (at - this.#eventAt <= grttMs) return;
		if (this.#closed > 0) this.#close(Math.max(1, sequence - this.#eventStart));
		this.lossEvents++;
		this.#eventStart = sequence;
		this.#eventAt = at;
	}

	#close(packets: number): void {
		const discount = this.#discount();
		for (let i = INTERVALS - 1; i > 0; i--) {
			this.#intervals[i] = this.#intervals[i - 1];
			this.#discounts[i] = this.#discounts[i - 1] * discount;
		}
		this.#intervals[0] = packets;
		this.#discounts[0] = 1;
		this.#closed = Math.min(INTERVALS, this.#closed + 1);
	}

	/** Packets since the last loss event began. */
	get #open(): number {
		return Math.max(0, this.#newest[0] - this.#eventStart);
	}

	/** The mean of the closed intervals, as they are weighted before the present one has its say. */
	#closedMean(): number {
		let sum = 0;
		let weights = 0;
		for (let i = 0; i < this.#closed; i++) {
			const weight = WEIGHTS[i] * this.#discounts[i];
			sum += weight * this.#intervals[i];
			weights += weight;
		}
		return weights > 0 ? sum / weights : 1;
	}

	/** How much the closed intervals still count, when the present one is more than twice as long as they are. */
	#discount(): number {
		const mean = this.#closedMean();
		const open = this.#open;
		return open > 2 * mean ? Math.max(DISCOUNT_MIN, (2 * mean) / open) : 1;
	}

	/** The present interval counts only if it makes the mean longer. */
	#meanInterval(): number {
		const discount = this.#discount();
		let sum = WEIGHTS[0] * this.#open;
		let weights = WEIGHTS[0];
		for (let i = 0; i + 1 < INTERVALS && i < this.#closed; i++) {
			const weight = WEIGHTS[i + 1] * this.#discounts[i] * discount;
			sum += weight * this.#intervals[i];
			weights += weight;
		}
		return Math.max(1, this.#closedMean(), sum / weights);
	}
}
