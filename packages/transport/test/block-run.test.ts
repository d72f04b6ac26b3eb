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
	const run = new BlockRun(sink, {
		onProblem: (handle, sentence) => problems.push(`${handle}: ${sentence}`),
		onFault: (handle, error) => problems.push(`${handle} threw ${(error as Error).message}`),
	});
	return { run, written, problems };
}

describe('a run of blocks', () => {
	it('is written with one call while the blocks continue each other in file and memory', () => {
		const { run, written } = makeRun();
		const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
		run.add({ handle: 1, offset: 100, bytes, at: 5, length: 10, isMovable: false });
		run.add({ handle: 1, offset: 110, bytes, at: 15, length: 10, isMovable: false });
		run.add({ handle: 1, offset: 130, bytes, at: 25, length: 5, isMovable: false });
		run.flush();
		expect(written.map(({ offset, bytes: block }) => [offset, block.length])).toEqual([
			[100, 20],
			[130, 5],
		]);
	});

	it('moves opened blocks together, over the headers and tags between them', () => {
		const { run, written } = makeRun();
		const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
		run.add({ handle: 1, offset: 0, bytes, at: 4, length: 4, isMovable: true });
		run.add({ handle: 1, offset: 4, bytes, at: 12, length: 4, isMovable: true });
		run.add({ handle: 1, offset: 8, bytes, at: 18, length: 4, isMovable: true });
		run.flush();
		expect(written).toEqual([{ handle: 1, offset: 0, bytes: [4, 5, 6, 7, 12, 13, 14, 15, 18, 19, 20, 21] }]);
	});

	it('does not move blocks that others still read, nor backwards, nor between files or arrays', () => {
		const { run, written } = makeRun();
		const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
		run.add({ handle: 1, offset: 0, bytes, at: 20, length: 4, isMovable: true });
		run.add({ handle: 1, offset: 4, bytes, at: 30, length: 4, isMovable: false });
		run.add({ handle: 1, offset: 8, bytes, at: 8, length: 4, isMovable: true });
		run.add({ handle: 2, offset: 12, bytes, at: 14, length: 4, isMovable: true });
		run.add({ handle: 2, offset: 16, bytes: bytes.slice(), at: 18, length: 4, isMovable: true });
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
		run.add({ handle: 7, offset: 0, bytes, at: 6, length: 4, isMovable: true });
		expect(run.endIn(bytes)).toBe(10);
		expect(run.endIn(new Uint8Array(40))).toBe(0);
		run.flush();
		run.flush();
		expect(run.endIn(bytes)).toBe(0);
		expect(problems).toEqual(['7: the disk is full']);
	});
});
