/**
 * How a file is cut into blocks and sections (docs/protocol.md, section 7.5). Both ends compute this from the size and
 * the block size; nothing of it travels.
 */
import { MAX_BLOCK_BYTES, MIN_BLOCK_BYTES } from '@uftp/wire';
import { FILE_BYTES_MAX, SECTIONS_MAX } from './limits.ts';

/** The geometry of one file. Sections 0 .. `bigSections - 1` have one block more than the others. */
export class SectionMap {
	readonly size: number;
	readonly blockBytes: number;
	/** Blocks of the whole file; up to 2^39, so never use 32-bit operators on it. */
	readonly blocks: number;
	readonly sections: number;
	readonly bigSections: number;
	readonly blocksInSmall: number;
	/** Bytes of the file's last block; 0 for an empty file. */
	readonly lastBlockBytes: number;

	private constructor(size: number, blockBytes: number) {
		this.size = size;
		this.blockBytes = blockBytes;
		this.blocks = Math.ceil(size / blockBytes);
		const sectionBlocksMax = Math.min(blockBytes * 8, 65536);
		this.sections = Math.ceil(this.blocks / sectionBlocksMax);
		this.blocksInSmall = this.sections === 0 ? 0 : Math.floor(this.blocks / this.sections);
		this.bigSections = this.blocks - this.blocksInSmall * this.sections;
		this.lastBlockBytes = this.blocks === 0 ? 0 : size - (this.blocks - 1) * blockBytes;
	}

	/** The map of a file of `size` bytes, or a sentence that says why there can be none. */
	static of(size: number, blockBytes: number): SectionMap | string {
		if (!Number.isInteger(blockBytes) || blockBytes < MIN_BLOCK_BYTES || blockBytes > MAX_BLOCK_BYTES) {
			return `blocks of ${blockBytes} bytes: UFTP allows ${MIN_BLOCK_BYTES} to ${MAX_BLOCK_BYTES}`;
		}
		if (!Number.isInteger(size) || size < 0 || size > FILE_BYTES_MAX) {
			return `a file of ${size} bytes: UFTP's sizes are 48 bits (at most ${FILE_BYTES_MAX})`;
		}
		const map = new SectionMap(size, blockBytes);
		if (map.sections > SECTIONS_MAX) {
			return `a file of ${size} bytes in blocks of ${blockBytes} has ${map.sections} sections, the limit is ${SECTIONS_MAX}: use larger blocks`;
		}
		return map;
	}

	/** Blocks in section `section`. */
	blocksIn(section: number): number {
		return section < this.bigSections ? this.blocksInSmall + 1 : this.blocksInSmall;
	}

	/** Index in the file of the first block of section `section`; of `sections` itself: the number of blocks. */
	firstBlock(section: number): number {
		return section * this.blocksInSmall + (section < this.bigSections ? section : this.bigSections);
	}

	/** Index in the file of block `i` of section `section`. */
	blockIndex(section: number, i: number): number {
		return this.firstBlock(section) + i;
	}

	/** The section that holds block `block` of the file. */
	sectionOf(block: number): number {
		const big = this.blocksInSmall + 1;
		const bigBlocks = this.bigSections * big;
		if (block < bigBlocks) return Math.floor(block / big);
		return this.bigSections + Math.floor((block - bigBlocks) / this.blocksInSmall);
	}

	/** Byte offset in the file of block `i` of section `section`. */
	blockOffset(section: number, i: number): number {
		return (this.firstBlock(section) + i) * this.blockBytes;
	}

	/** Bytes of block `i` of section `section`: `blockBytes`, less for the file's last block. */
	blockLength(section: number, i: number): number {
		return this.firstBlock(section) + i === this.blocks - 1 ? this.lastBlockBytes : this.blockBytes;
	}
}
