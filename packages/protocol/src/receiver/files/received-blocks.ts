/**
 * Which blocks of a file are still missing.
 *
 * A section costs memory only while it is under way: its bitmap is made when its first block arrives and freed with its
 * last. All bitmaps of a node come out of one budget, so that no announcement can make the receiver grow; a block for
 * which there is no memory is refused and asked for again like a lost one.
 */

import { assert, fail } from '../../assert.ts';
import { type BlockMap, SectionState } from '../../ports.ts';
import type { SectionMap } from '../../sections.ts';
import { clearNak, countNaks, fillNaks, isNak, nakBytes, orNaks } from '../../shared/nak-bitmap.ts';

/** Memory for block bitmaps, shared by all sessions of a node. */
export class BitmapBudget {
	readonly limitBytes: number;
	#usedBytes = 0;

	constructor(limitBytes: number) {
		assert(limitBytes >= 0, 'a budget is no debt');
		this.limitBytes = limitBytes;
	}

	get usedBytes(): number {
		return this.#usedBytes;
	}

	/** Takes `bytes` out of the budget; false, and nothing taken, when they are not there. */
	tryTake(bytes: number): boolean {
		assert(bytes >= 0, 'what is taken out of a budget is no gift');
		if (this.#usedBytes + bytes > this.limitBytes) return false;
		this.#usedBytes += bytes;
		return true;
	}

	give(bytes: number): void {
		assert(bytes >= 0 && bytes <= this.#usedBytes, 'no more is given back than was taken');
		this.#usedBytes -= bytes;
	}
}

/** What became of a block. */
export const Taken = { New: 0, Duplicate: 1, Refused: 2 } as const;
export type Taken = (typeof Taken)[keyof typeof Taken];

const { Missing: Unseen, Partial, Complete } = SectionState;

interface PartialSection {
	/** One bit per block, 1 = missing, as STATUS carries it. */
	readonly bitmap: Uint8Array;
	missing: number;
}

export class ReceivedBlocks {
	readonly map: SectionMap;
	readonly #budget: BitmapBudget;
	readonly #states: Uint8Array;
	readonly #partial = new Map<number, PartialSection>();
	#missingBlocks: number;
	/** The section that blocks are coming for: the map is asked only when it changes. */
	#hotSection = -1;
	#hot: PartialSection | undefined;
	#isClosed = false;

	private constructor(map: SectionMap, budget: BitmapBudget) {
		this.map = map;
		this.#budget = budget;
		this.#states = new Uint8Array(map.sections);
		this.#missingBlocks = map.blocks;
	}

	/**
	 * The ledger of a file of which nothing is received but what is `present`; undefined when the budget has no room for
	 * its section states. A map that does not fit the file counts for nothing, nor does a section of it without memory.
	 */
	static open(map: SectionMap, budget: BitmapBudget, present?: BlockMap): ReceivedBlocks | undefined {
		if (!budget.tryTake(map.sections)) return undefined;
		const ledger = new ReceivedBlocks(map, budget);
		if (present !== undefined) ledger.#adopt(present);
		return ledger;
	}

	#adopt({ size, blockBytes, sections, bitmaps }: BlockMap): void {
		const { map } = this;
		if (size !== map.size || blockBytes !== map.blockBytes || sections.length !== map.sections) return;
		for (let section = 0; section < map.sections; section++) {
			const blocks = map.blocksIn(section);
			const bitmap = bitmaps.get(section);
			if (sections[section] === Complete) {
				this.#states[section] = Complete;
				this.#missingBlocks -= blocks;
			} else if (sections[section] === Partial && bitmap?.length === nakBytes(blocks)) {
				this.#adoptPartial(section, blocks, bitmap);
			}
		}
	}

	#adoptPartial(section: number, blocks: number, bitmap: Uint8Array): void {
		const missing = countNaks(bitmap, 0, blocks);
		if (missing === blocks || !this.#select(section)) return;
		const opened = this.#partial.get(section);
		assert(opened !== undefined, 'a section that was just selected is partial');
		assert(missing < opened.missing, 'what is here from before is not missing');
		opened.bitmap.fill(0);
		orNaks(opened.bitmap, 0, bitmap, 0, blocks);
		opened.missing = missing;
		this.#missingBlocks -= blocks - missing;
		if (missing === 0) this.#completeSection(section, opened);
	}

	/** What is there, as it is now; undefined when nothing is. The ledger must not be used any more but to close it. */
	arrived(): BlockMap | undefined {
		const { size, blockBytes, blocks } = this.map;
		if (this.#isClosed || this.#missingBlocks === blocks) return undefined;
		return { size, blockBytes, sections: this.#states, bitmaps: bitmapsOf(this.#partial) };
	}

	get missingBlocks(): number {
		return this.#missingBlocks;
	}

	isSectionComplete(section: number): boolean {
		return this.#states[section] === Complete;
	}

	/** Marks block `i` of `section` received. Both are in range. Allocates for the first block of a section only. */
	take(section: number, i: number): Taken {
		if (!(section >= 0 && section < this.#states.length)) fail('a block is in a section of its file');
		if (section !== this.#hotSection && !this.#select(section)) return Taken.Refused;
		const hot = this.#hot;
		if (hot === undefined || !isNak(hot.bitmap, 0, i)) return Taken.Duplicate;
		if (!(hot.missing > 0 && hot.missing <= this.#missingBlocks)) fail('a block that is missing is counted as missing');
		clearNak(hot.bitmap, 0, i);
		this.#missingBlocks--;
		if (--hot.missing === 0) this.#completeSection(section, hot);
		return Taken.New;
	}

	/** Makes `section` the hot one; false when there is no memory for its bitmap. */
	#select(section: number): boolean {
		assert(!this.#isClosed, 'no blocks come for a file that is closed');
		const state = this.#states[section];
		if (state === Unseen) {
			const blocks = this.map.blocksIn(section);
			if (!this.#budget.tryTake(nakBytes(blocks))) return false;
			const opened = { bitmap: new Uint8Array(nakBytes(blocks)), missing: blocks };
			fillNaks(opened.bitmap, 0, blocks);
			this.#partial.set(section, opened);
			this.#states[section] = Partial;
			this.#hot = opened;
		} else this.#hot = state === Partial ? this.#partial.get(section) : undefined;
		this.#hotSection = section;
		return true;
	}

	#completeSection(section: number, done: PartialSection): void {
		assert(done.missing === 0, 'a section is complete when none of its blocks is missing');
		assert(this.#states[section] === Partial, 'a section becomes complete once');
		this.#states[section] = Complete;
		this.#partial.delete(section);
		this.#hot = undefined;
		this.#budget.give(done.bitmap.length);
	}

	/**
	 * Writes the section's bitmap of missing blocks (`nakBytes` bytes) and returns how many are missing; 0, and nothing
	 * written, when the file is not wanted any more.
	 */
	writeNaks(section: number, bytes: Uint8Array, at: number): number {
		if (this.#isClosed) return 0;
		const blocks = this.map.blocksIn(section);
		assert(at + nakBytes(blocks) <= bytes.length, 'a report has room for its bitmap');
		const partial = this.#partial.get(section);
		if (partial !== undefined) {
			bytes.set(partial.bitmap, at);
			return countNaks(bytes, at, blocks);
		}
		if (this.#states[section] === Complete) {
			bytes.fill(0, at, at + nakBytes(blocks));
			return 0;
		}
		fillNaks(bytes, at, blocks);
		return blocks;
	}

	/** Gives all memory back; the ledger is not used any more. */
	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		let bytes = this.#states.length;
		for (const partial of this.#partial.values()) bytes += partial.bitmap.length;
		this.#partial.clear();
		this.#hot = undefined;
		this.#budget.give(bytes);
	}
}

function bitmapsOf(sections: ReadonlyMap<number, PartialSection>): Map<number, Uint8Array> {
	const bitmaps = new Map<number, Uint8Array>();
	for (const [section, { bitmap }] of sections) bitmaps.set(section, bitmap);
	return bitmaps;
}
