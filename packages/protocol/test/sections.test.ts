import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SectionMap } from '../src/sections.ts';

function mapOf(size: number, blockBytes: number): SectionMap {
	const map = SectionMap.of(size, blockBytes);
	if (typeof map === 'string') throw new Error(map);
	return map;
}

/** The rule of docs/protocol.md, section 7.5, followed word by word, block after block. */
function naiveSections(size: number, blockBytes: number): number[] {
	const blocks = Math.ceil(size / blockBytes);
	const sectionMax = Math.min(blockBytes * 8, 65536);
	const sections = Math.ceil(blocks / sectionMax);
	const lengths = new Array<number>(sections).fill(0);
	// N mod S sections have one block more, the first ones.
	for (let block = 0; block < blocks; block++) lengths[block % sections]++;
	return lengths;
}

describe('SectionMap', () => {
	it('cuts the measured example as the C programs do', () => {
		const map = mapOf(10_001 * 512, 512);
		expect([map.blocks, map.sections, map.bigSections, map.blocksInSmall]).toEqual([10_001, 3, 2, 3333]);
		expect([map.blocksIn(0), map.blocksIn(1), map.blocksIn(2)]).toEqual([3334, 3334, 3333]);
	});

	it('gives an empty file no blocks and no sections', () => {
		const map = mapOf(0, 1300);
		expect([map.blocks, map.sections, map.lastBlockBytes]).toEqual([0, 0, 0]);
	});

	it.each([
		[1, 1, 1],
		[1299, 1, 1299],
		[1300, 1, 1300],
		[1301, 2, 1],
	])('cuts %i bytes into %i blocks of 1300, the last of %i', (size, blocks, last) => {
		const map = mapOf(size, 1300);
		expect([map.blocks, map.lastBlockBytes, map.blockLength(0, blocks - 1)]).toEqual([blocks, last, last]);
	});

	it('agrees with the rule followed word by word, and maps blocks one to one', () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 60_000_000 }), fc.integer({ min: 512, max: 8800 }), (size, blockBytes) => {
				const map = mapOf(size, blockBytes);
				const lengths = naiveSections(size, blockBytes);
				expect(map.sections).toBe(lengths.length);
				let index = 0;
				let bytes = 0;
				for (let section = 0; section < lengths.length; section++) {
					expect(map.blocksIn(section)).toBe(lengths[section]);
					expect(map.firstBlock(section)).toBe(index);
					const last = lengths[section] - 1;
					for (const i of [0, last >> 1, last]) {
						const block = map.blockIndex(section, i);
						expect(block).toBe(index + i);
						expect(map.sectionOf(block)).toBe(section);
						expect(map.blockOffset(section, i)).toBe(block * blockBytes);
					}
					for (let i = 0; i <= last; i++) bytes += map.blockLength(section, i);
					index += lengths[section];
				}
				expect(index).toBe(map.blocks);
				expect(bytes).toBe(size);
			}),
			{ numRuns: 60 },
		);
	});

	it('stays exact for the largest sizes', () => {
		const size = 65_535 * 65_536 * 8800 - 1;
		const map = mapOf(size, 8800);
		const last = map.sections - 1;
		const lastBlock = map.blocksIn(last) - 1;
		expect(map.blockOffset(last, lastBlock) + map.blockLength(last, lastBlock)).toBe(size);
		expect(map.sectionOf(map.blocks - 1)).toBe(last);
	});

	it('says what is wrong with a file of more than 65,535 sections, over 48 bits, or a bad block size', () => {
		const largest = 65_535 * 4096 * 512;
		expect(mapOf(largest, 512).sections).toBe(65_535);
		expect(SectionMap.of(largest + 1, 512)).toMatch(/65536 sections.*larger blocks/);
		expect(SectionMap.of(2 ** 48, 8800)).toMatch(/48 bits/);
		expect(SectionMap.of(-1, 1300)).toMatch(/48 bits/);
		expect(SectionMap.of(1, 511)).toMatch(/512 to 8800/);
		expect(SectionMap.of(1, 8801)).toMatch(/512 to 8800/);
	});
});
