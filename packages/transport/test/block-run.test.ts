import type { BlockSink } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { BlockRun } from '../src/block-run.ts';

interface Written {
	readonly handle: number;
	readonly offset: number;
	readonly bytes: number[];
}

function makeRun(problem?: string) {
	const written: Written[] = [];
	const problems: string[] = [];
	const sink: BlockSink = {
		offer: () => ({ kind: 'accept', status: 0 }),
		write: (handle, offset, bytes, at, length) => {
			written.push({ handle, offset, bytes: [...bytes.subarray(at, at + length)] });
			return problem;
		},
		finish: () => undefined,
		discard: () => {},
	};
	const run = new BlockRun(sink, (handle, sentence) => problems.push(`${handle}: ${sentence}`));
	return { run, written, problems };
}

describe('a run of blocks', () => {
	it('is written with one call while the blocks continue each other in file and memory', () => {
		const { run, written } = makeRun();
		const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
		run.add(1, 100, bytes, 5, 10, false);
		run.add(1, 110, bytes, 15, 10, false);
		run.add(1, 130, bytes, 25, 5, false);
		run.flush();
		expect(written.map(({ offset, bytes: block }) => [offset, block.length])).toEqual([
			[100, 20],
			[130, 5],
		]);
	});

	it('moves opened blocks together, over the headers and tags between them', () => {
		const { run, written } = makeRun();
		const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
		run.add(1, 0, bytes, 4, 4, true);
		run.add(1, 4, bytes, 12, 4, true);
		run.add(1, 8, bytes, 18, 4, true);
		run.flush();
		expect(written).toEqual([{ handle: 1, offset: 0, bytes: [4, 5, 6, 7, 12, 13, 14, 15, 18, 19, 20, 21] }]);
	});

	it('does not move blocks that others still read, nor backwards, nor between files or arrays', () => {
		const { run, written } = makeRun();
		const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
		run.add(1, 0, bytes, 20, 4, true);
		run.add(1, 4, bytes, 30, 4, false);
		run.add(1, 8, bytes, 8, 4, true);
		run.add(2, 12, bytes, 14, 4, true);
		run.add(2, 16, bytes.slice(), 18, 4, true);
		run.flush();
		expect(written.map(({ handle, offset, bytes: [first] }) => [handle, offset, first])).toEqual([
			[1, 0, 20],
			[1, 4, 30],
			[1, 8, 8],
			[2, 12, 14],
			[2, 16, 18],
		]);
	});

	it('says where it ends, so that nothing is put over it, and tells of writes that failed once', () => {
		const { run, problems } = makeRun('the disk is full');
		const bytes = new Uint8Array(40);
		expect(run.endIn(bytes)).toBe(0);
		run.add(7, 0, bytes, 6, 4, true);
		expect(run.endIn(bytes)).toBe(10);
		expect(run.endIn(new Uint8Array(40))).toBe(0);
		run.flush();
		run.flush();
		expect(run.endIn(bytes)).toBe(0);
		expect(problems).toEqual(['7: the disk is full']);
	});
});
