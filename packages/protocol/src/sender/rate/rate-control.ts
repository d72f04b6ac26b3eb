/**
 * The rate of a session that is told to go as fast as its receivers can take it.
 *
 * Rate mode has no feedback but NAKs, which come once a section. A section that the receivers lost more of than usual
 * was sent too fast; one that they lost as much of at a clearly lower rate shows that the loss is the network's own and
 * not ours, and slowing down for it would help nobody.
 */
import { assert } from '../../assert.ts';

/** Loss above the network's own that counts as too fast. */
const EXCESS_LOSS = 0.02;
const GROWTH = 1.05;
/** Growth above a rate that was too fast not long ago. */
const CAREFUL_GROWTH = 1.02;
/** One section may be lost for reasons of its own: nobody falls by more than half at once. */
const BACK_OFF = 0.7;
const BACK_OFF_MIN = 0.5;
/** The rate grows only when it was the limit: a sender that cannot go faster learns nothing from a higher number. */
const USED_SHARE = 0.8;
/** No network that is worth sending into loses more than this on its own. */
const OWN_LOSS_MAX = 0.5;
/** Sections that await their verdict. */
const PENDING_MAX = 256;
/** Sections with fewer blocks in a pass say nothing. */
const BLOCKS_MIN = 256;

interface SentSection {
	readonly section: number;
	readonly pass: number;
	readonly blocks: number;
	readonly endedAt: number;
	readonly rate: number;
	readonly epoch: number;
	/** The section left at about the rate that was allowed. */
	readonly usedRate: boolean;
	loss: number;
}

export class RateControl {
	#rate: number;
	readonly #max: number;
	readonly #min: number;
	readonly #startGrowth: number;
	#pending: SentSection[] = [];
	/** Increased at each change for the worse: sections sent before it do not count again. */
	#epoch = 0;
	#isStarting = true;
	#lastSentAt = 0;
	#ceiling = Number.POSITIVE_INFINITY;
	/** Loss that was seen whatever the rate was. */
	#ownLoss = 0;
	/** The back-off that is being judged: what was lost, and at which rate. */
	#trial: { readonly loss: number; readonly rate: number; readonly epoch: number } | undefined;

	/** Bytes per second to start with, and bounds; the rate grows by `startGrowth` per section until it was too high. */
	constructor(initial: number, startGrowth: number, min: number, max: number) {
		this.#startGrowth = startGrowth;
		this.#rate = Math.min(max, initial);
		this.#min = min;
		this.#max = max;
	}

	get rateBytesPerSecond(): number {
		return this.#rate;
	}

	/** A section of a pass has left completely: so many blocks of `packetBytes` since the section before. */
	sectionSent(now: number, pass: number, section: number, blocks: number, packetBytes: number): void {
		const elapsedMs = now - this.#lastSentAt;
		assert(elapsedMs >= 0 && blocks >= 0, 'a section was sent before the one before');
		this.#lastSentAt = now;
		if (blocks < BLOCKS_MIN) return;
		const usedRate = (blocks * packetBytes * 1000) / elapsedMs > this.#rate * USED_SHARE;
		if (this.#pending.length >= PENDING_MAX) this.#pending.shift();
		this.#pending.push({
			section,
			pass,
			blocks,
			endedAt: now,
			rate: this.#rate,
			epoch: this.#epoch,
			usedRate,
			loss: 0,
		});
	}

	/** A receiver misses `missing` blocks of a section. Returns a reason when the rate has changed. */
	lossReported(section: number, missing: number): string | undefined {
		const sent = this.#pending.findLast((entry) => entry.section === section);
		if (sent === undefined) return undefined;
		assert(missing >= 0, 'fewer blocks than none are missing');
		sent.loss = Math.max(sent.loss, Math.min(1, missing / sent.blocks));
		if (sent.epoch !== this.#epoch || this.#trial !== undefined) return undefined;
		if (sent.loss <= this.#ownLoss + EXCESS_LOSS) return undefined;
		return this.#backOff(sent);
	}

	/** Judges the sections whose NAKs must have come by now (`holdoffMs` after they left). */
	evaluate(now: number, holdoffMs: number): string | undefined {
		let reason: string | undefined;
		while (this.#pending.length > 0 && this.#pending[0].endedAt + holdoffMs <= now) {
			const sent = this.#pending.shift();
			assert(sent !== undefined, 'no section waits to be judged');
			reason = this.#judge(sent) ?? reason;
		}
		return reason;
	}

	#judge(sent: SentSection): string | undefined {
		if (sent.epoch !== this.#epoch) return undefined;
		const trial = this.#trial;
		if (trial !== undefined && trial.epoch === sent.epoch) {
			this.#trial = undefined;
			if (isIndependentOfRate(trial, sent)) {
				this.#ownLoss = Math.max(sent.loss, trial.loss);
				this.#ceiling = Number.POSITIVE_INFINITY;
				this.#rate = trial.rate;
				return `a loss of ${percent(sent.loss)} does not depend on the rate`;
			}
		}
		if (sent.loss > this.#ownLoss + EXCESS_LOSS) return this.#backOff(sent);
		this.#ownLoss = Math.min(this.#ownLoss, Math.max(sent.loss, this.#ownLoss * 0.9));
		if (!sent.usedRate) return undefined;
		const growth = this.#isStarting ? this.#startGrowth : this.#rate >= this.#ceiling ? CAREFUL_GROWTH : GROWTH;
		this.#rate = Math.min(this.#max, this.#rate * growth);
		return undefined;
	}

	#backOff(sent: SentSection): string {
		assert(sent.loss > 0 && sent.loss <= 1, 'a loss that is no share of a section');
		this.#epoch++;
		this.#isStarting = false;
		this.#ceiling = sent.rate * 0.9;
		this.#trial = { loss: sent.loss, rate: sent.rate, epoch: this.#epoch };
		const delivered = 1 - (sent.loss - this.#ownLoss);
		this.#rate = Math.max(this.#min, sent.rate * Math.max(BACK_OFF_MIN, Math.min(BACK_OFF, delivered)));
		return `a receiver lost ${percent(sent.loss)} of section ${sent.section}`;
	}
}

/**
 * Two explanations of a section's loss after a back-off: receivers that stand a fixed rate would have lost less, by what
 * the rate came down; a network that loses on its own loses as much as before. The nearer one is believed.
 */
function isIndependentOfRate(before: { loss: number; rate: number }, after: { loss: number; rate: number }): boolean {
	if (after.loss > OWN_LOSS_MAX || after.rate >= before.rate) return false;
	const ifDrowned = Math.max(0, 1 - ((1 - before.loss) * before.rate) / after.rate);
	return Math.abs(after.loss - before.loss) < Math.abs(after.loss - ifDrowned);
}

function percent(fraction: number): string {
	return `${(fraction * 100).toFixed(1)} %`;
}
