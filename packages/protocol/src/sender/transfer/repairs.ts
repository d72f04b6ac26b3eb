/**
 * Which blocks a pass sends. The first pass sends them all; each later pass sends the union of what the receivers
 * reported missing. A NAK that comes while its block is still ahead in the running pass is answered by that pass.
 *
 * A long pass makes detours: what has been reported so far is sent in between, so that the end of the file is not
 * followed by repairs of all of it. Receivers take blocks in any order.
 */
import type { Status } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { SectionMap } from '../../sections.ts';
import { clearNak, countNaks, isNak, nakBytes, nextNak, orNaks, setNak } from '../../shared/nak-bitmap.ts';

/** Blocks of its section that a STATUS reports missing; 0 if it fits no section. Its bitmap may be longer than that. */
export function missingIn(map: SectionMap, { section, bitmap, bitmapAt, bitmapBytes }: Status): number {
	if (section >= map.sections) return 0;
	const blocks = map.blocksIn(section);
	return bitmapBytes < nakBytes(blocks) ? 0 : countNaks(bitmap, bitmapAt, blocks);
}

/** A place in a pass. */
interface Place {
	readonly section: number;
	readonly block: number;
	readonly sentInSection: number;
	readonly sending: Map<number, Uint8Array> | undefined;
	readonly sections: number[];
	readonly sectionIndex: number;
}

export class Repairs {
	readonly #map: SectionMap;
	/** Bitmaps by section: of the running pass (none: every block) and of the next one. */
	#sending: Map<number, Uint8Array> | undefined;
	#collecting = new Map<number, Uint8Array>();
	#sections: number[] = [];
	#sectionIndex = 0;
	/** The next block to send; `section` is -1 at the end of the pass. */
	section: number;
	block = 0;
	/** Blocks of this pass in all, sent so far, and sent of the current section. */
	passBlocks: number;
	sentBlocks = 0;
	sentInSection = 0;
	/** Blocks of the section that `advance` finished last. */
	finishedBlocks = 0;
	/** Where the pass goes on after a detour. */
	#resume: Place | undefined;
	/** The pass sends everything once more. */
	#isRepeated = false;

	/** `isFresh` false: nothing is sent before somebody has said what it misses. */
	constructor(map: SectionMap, isFresh: boolean) {
		this.#map = map;
		this.passBlocks = isFresh ? map.blocks : 0;
		this.section = isFresh && map.sections > 0 ? 0 : -1;
		if (!isFresh) this.#sending = new Map();
	}

	get hasCollected(): boolean {
		return this.#collecting.size > 0;
	}

	/**
	 * Records the missing blocks of a STATUS, whose bitmap has at least `nakBytes` bytes, but at most the first `most` of
	 * those that are new. Returns how many that were.
	 */
	collect(section: number, bytes: Uint8Array, at: number, most = Number.POSITIVE_INFINITY): number {
		const n = this.#map.blocksIn(section);
		assert(most >= 0, 'fewer repairs than none are asked for');
		assert(bytes.length >= at + nakBytes(n), 'a bitmap is shorter than its section');
		if (most === 0) return 0;
		let bitmap = this.#collecting.get(section);
		if (bitmap === undefined) {
			bitmap = new Uint8Array(nakBytes(n));
			this.#collecting.set(section, bitmap);
		}
		if (most >= n) return orNaks(bitmap, 0, bytes, at, n);
		let taken = 0;
		for (let block = nextNak(bytes, at, n, 0); block >= 0 && taken < most; block = nextNak(bytes, at, n, block + 1)) {
			if (isNak(bitmap, 0, block)) continue;
			setNak(bitmap, 0, block);
			taken++;
		}
		return taken;
	}

	/** Drops what has been collected. */
	forget(): void {
		this.#collecting.clear();
	}

	get isOnDetour(): boolean {
		return this.#resume !== undefined;
	}

	/** Begins a pass with what has been collected. */
	rewind(): void {
		this.sentBlocks = 0;
		this.passBlocks = this.#sendCollected();
		this.#isRepeated = false;
	}

	/** Lets the pass that `rewind` has begun send everything a second time, after the first. */
	sendTwice(): void {
		this.#isRepeated = true;
		this.passBlocks *= 2;
	}

	/** Sends what has been collected before the pass goes on. Only in a pass, and not on a detour. */
	detour(): void {
		assert(this.section >= 0, 'a detour leaves a pass that is over');
		assert(this.#resume === undefined, 'a detour leaves another');
		const { section, block, sentInSection } = this;
		const resume = { section, block, sentInSection, sending: this.#sending, sections: this.#sections };
		this.#resume = { ...resume, sectionIndex: this.#sectionIndex };
		this.sentInSection = 0;
		this.passBlocks += this.#sendCollected();
		if (this.section < 0) this.#endDetour();
	}

	#sendCollected(): number {
		this.#sending = this.#collecting;
		this.#collecting = new Map();
		this.#sections = [...this.#sending.keys()].sort((a, b) => a - b);
		this.#sectionIndex = -1;
		let blocks = 0;
		for (const [section, bitmap] of this.#sending) blocks += countNaks(bitmap, 0, this.#map.blocksIn(section));
		this.#enterNextSection();
		return blocks;
	}

	#endDetour(): void {
		assert(this.#resume !== undefined, 'a detour ends that was not begun');
		const { section, block, sentInSection, sending, sections, sectionIndex } = this.#resume;
		this.section = section;
		this.block = block;
		this.sentInSection = sentInSection;
		this.#sending = sending;
		this.#sections = sections;
		this.#sectionIndex = sectionIndex;
		this.#resume = undefined;
	}

	/** Counts the block at the cursor as sent and moves on. Returns the section that this finished, or -1. */
	advance(): number {
		const section = this.section;
		assert(section >= 0, 'a pass that is over goes on');
		this.sentBlocks++;
		assert(this.sentBlocks <= this.passBlocks, 'more blocks of a pass are sent than it has');
		this.sentInSection++;
		const collecting = this.#collecting.size === 0 ? undefined : this.#collecting.get(section);
		if (collecting !== undefined && isNak(collecting, 0, this.block)) clearNak(collecting, 0, this.block);
		const n = this.#map.blocksIn(section);
		if (this.#sending === undefined) {
			if (++this.block < n) return -1;
			this.#closeSection();
			this.section = section + 1 < this.#map.sections ? section + 1 : -1;
			this.block = 0;
			return section;
		}
		assert(this.block < n, 'a block lies outside of its section');
		this.block = nextNak(this.#bitmapOf(section), 0, n, this.block + 1);
		if (this.block >= 0) return -1;
		this.#closeSection();
		this.#enterNextSection();
		if (this.#resume === undefined) {
			if (this.section < 0 && this.#isRepeated) this.#repeat();
			return section;
		}
		if (this.section < 0) this.#endDetour();
		return -1;
	}

	#repeat(): void {
		this.#isRepeated = false;
		this.#sectionIndex = -1;
		this.#enterNextSection();
	}

	#bitmapOf(section: number): Uint8Array {
		const bitmap = this.#sending?.get(section);
		assert(bitmap !== undefined, 'a pass has no bitmap of its section');
		return bitmap;
	}

	#closeSection(): void {
		this.finishedBlocks = this.sentInSection;
		this.sentInSection = 0;
	}

	#enterNextSection(): void {
		for (;;) {
			const section = this.#sections[++this.#sectionIndex];
			if (section === undefined) {
				this.section = -1;
				this.block = 0;
				return;
			}
			const first = nextNak(this.#bitmapOf(section), 0, this.#map.blocksIn(section), 0);
			if (first >= 0) {
				this.section = section;
				this.block = first;
				return;
			}
		}
	}
}
