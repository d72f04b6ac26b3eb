import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SectionMap } from '../../src/sections.ts';
import { Repairs } from '../../src/sender/transfer/repairs.ts';
import { nakBytes, setNak } from '../../src/shared/nak-bitmap.ts';

const BLOCK = 512;

function mapOf(blocks: number): SectionMap {
	const map = SectionMap.of(blocks * BLOCK, BLOCK);
	if (typeof map === 'string') throw new Error(map);
	return map;
}

function nak(repairs: Repairs, map: SectionMap, section: number, blocks: readonly number[]): void {
	const bitmap = new Uint8Array(nakBytes(map.blocksIn(section)));
	for (const block of blocks) setNak(bitmap, 0, block);
	repairs.collect(section, bitmap, 0);
}

/** All blocks of the pass, as "section/block". */
function drain(repairs: Repairs, most = Number.POSITIVE_INFINITY): string[] {
	const sent: string[] = [];
	while (repairs.section >= 0 && sent.length < most) {
		sent.push(`${repairs.section}/${repairs.block}`);
		repairs.advance();
	}
	return sent;
}

describe('the passes over a file', () => {
	it('send every block once in the first pass, in order', () => {
		const map = mapOf(9000);
		const sent = drain(new Repairs(map, true));
		expect(sent).toHaveLength(9000);
		expect(new Set(sent).size).toBe(9000);
		expect(sent[0]).toBe('0/0');
		expect(map.sections).toBe(3);
	});

	it('send what was reported twice, if told to, the second time after all of the first, and take NAKs meanwhile', () => {
		const map = mapOf(9000);
		const repairs = new Repairs(map, true);
		drain(repairs);
		nak(repairs, map, 0, [5, 7]);
		nak(repairs, map, 2, [1]);
		repairs.rewind();
		repairs.sendTwice();
		expect(repairs.passBlocks).toBe(6);
		expect(drain(repairs, 4)).toEqual(['0/5', '0/7', '2/1', '0/5']);
		nak(repairs, map, 0, [5, 7]);
		expect(drain(repairs)).toEqual(['0/7', '2/1']);
		repairs.rewind();
		expect(drain(repairs)).toEqual(['0/5']);
	});

	it('send the union of what was reported, and nothing else, after a rewind', () => {
		const naks = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.uniqueArray(fc.integer({ min: 0, max: 2999 }))));
		fc.assert(
			fc.property(naks, (reports) => {
				const map = mapOf(9000);
				const repairs = new Repairs(map, true);
				drain(repairs);
				const wanted = new Set<string>();
				for (const [section, blocks] of reports) {
					nak(repairs, map, section, blocks);
					for (const block of blocks) wanted.add(`${section}/${block}`);
				}
				repairs.rewind();
				expect(repairs.passBlocks).toBe(wanted.size);
				expect(new Set(drain(repairs))).toEqual(wanted);
			}),
			{ numRuns: 30 },
		);
	});

	it('answer a NAK in the running pass when its block is still ahead', () => {
		const map = mapOf(100);
		const repairs = new Repairs(map, true);
		drain(repairs, 50);
		nak(repairs, map, 0, [10, 60]);
		drain(repairs);
		repairs.rewind();
		expect(drain(repairs)).toEqual(['0/10']);
	});

	it('make a detour and come back to where they were', () => {
		const map = mapOf(9000);
		const repairs = new Repairs(map, true);
		drain(repairs, 4000);
		nak(repairs, map, 0, [3, 7]);
		repairs.detour();
		expect(repairs.isOnDetour).toBe(true);
		expect(drain(repairs, 3)).toEqual(['0/3', '0/7', '1/1000']);
		expect(repairs.isOnDetour).toBe(false);
		expect(drain(repairs)).toHaveLength(4999);
		expect(repairs.sentBlocks).toBe(9002);
		expect(repairs.passBlocks).toBe(9002);
	});

	it('send nothing before somebody has said what is missing when they are not fresh', () => {
		const map = mapOf(100);
		const repairs = new Repairs(map, false);
		expect(drain(repairs)).toEqual([]);
		nak(repairs, map, 0, [99]);
		repairs.rewind();
		expect(drain(repairs)).toEqual(['0/99']);
	});
});
