/**
 * When a receiver reports missing blocks of a file, and of which sections (docs/protocol.md, section 8.4).
 *
 * Sections below `#floor` have been reported on in this pass. The first block of a higher section, or a DONE, makes the
 * sections before it due; they are reported after a hold-off, so that reordered blocks can still come. A repair pass
 * starts again at a low section: seen by a section number that falls, it opens all sections anew.
 */
import { assert } from '../../assert.ts';
import { NEVER } from '../../timers.ts';

export class NakWindow {
	readonly #sections: number;
	/** Sections below this one have been reported on in this pass. */
	#floor = 0;
	/** The section that the sender is at. */
	#current = 0;
	/** While the timer runs: the sections [#from, #end) will be reported on. */
	#from = 0;
	#end = 0;
	#deadline = NEVER;

	constructor(sections: number) {
		this.#sections = sections;
	}

	get deadline(): number {
		return this.#deadline;
	}

	get currentSection(): number {
		return this.#current;
	}

	/** A block of another section than `currentSection` came, in order. */
	enterSection(now: number, section: number, holdOffMs: number): void {
		assert(section >= 0 && section < this.#sections, 'blocks come for sections of the file');
		if (section < this.#current) this.#floor = 0;
		this.#current = section;
		this.#start(now, this.#floor, section, holdOffMs);
	}

	/**
	 * A DONE came: all sections up to `section` have been sent. One that lists this receiver means that the sender
	 * knows nothing of what is missing here: then everything is reported, whatever was before.
	 */
	passEnded(now: number, section: number, isListed: boolean, holdOffMs: number): void {
		assert(holdOffMs >= 0, 'a report is not due before its cause');
		const end = Math.min(section + 1, this.#sections);
		this.#current = Math.max(this.#current, end);
		if (isListed) {
			this.#start(now, 0, this.#sections, holdOffMs);
			this.#from = 0;
			this.#end = this.#sections;
		} else if (end > this.#floor) {
			this.#start(now, this.#floor, end, holdOffMs);
			if (this.#end < end) this.#end = end;
		}
	}

	#start(now: number, from: number, end: number, holdOffMs: number): void {
		if (this.#deadline !== NEVER || end <= from) return;
		assert(from >= 0 && end <= this.#sections, 'only sections of the file are reported on');
		this.#deadline = now + holdOffMs;
		this.#from = from;
		this.#end = end;
	}

	/**
	 * The timer has fired: calls `report` for sections with missing blocks, at most `most` times; what is left follows
	 * after `restMs`. `isMissing` says whether a section has missing blocks.
	 */
	expire(
		now: number,
		isMissing: (section: number) => boolean,
		report: (section: number) => void,
		most: number,
		restMs: number,
	): void {
		assert(now >= this.#deadline, 'a report is not sent before its time');
		assert(this.#from <= this.#end, 'a report is about sections in order');
		assert(most > 0, 'a round of reports gets somewhere');
		let reported = 0;
		for (let section = this.#from; section < this.#end; section++) {
			if (!isMissing(section)) continue;
			if (reported === most) {
				this.#from = section;
				this.#deadline = now + restMs;
				return;
			}
			report(section);
			reported++;
		}
		this.#deadline = NEVER;
		this.#floor = Math.max(this.#floor, this.#end);
		// Sections that ended while the timer ran.
		this.#start(now, this.#floor, Math.min(this.#current, this.#sections), restMs);
	}

	stop(): void {
		this.#deadline = NEVER;
	}

	/** The GRTT has changed by `factor`: so does what is left of the hold-off. */
	rescale(now: number, factor: number): void {
		assert(factor > 0, 'round trips take time');
		if (this.#deadline !== NEVER && this.#deadline > now) this.#deadline = now + (this.#deadline - now) * factor;
	}
}
