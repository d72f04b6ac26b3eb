import { describe, expect, it } from 'vitest';
import type { Contest } from '../src/contests.ts';
import type { Run } from '../src/measure.ts';
import { median, renderTable, summarize } from '../src/report.ts';

const contest: Contest = {
	id: 'example',
	title: 'example',
	segmented: true,
	lossPercent: 1,
	contenders: [
		{ pair: { sender: 'C', receiver: 'C' } },
		{ pair: { sender: 'ours', receiver: 'ours' }, target: { goodputAtLeast: 1.5, wireAtMost: 1.02 } },
	],
};

function run(seconds: number, wireBytes: number, more: Partial<Run> = {}): Run {
	return { seconds, wireBytes, bufferDrops: 0, receiverCpuSeconds: 1, wrongFiles: 0, ...more };
}

describe('the benchmark report', () => {
	it('takes the middle of an odd and the mean of the two middle values of an even number of runs', () => {
		expect(median([9, 1, 5])).toBe(5);
		expect(median([4, 1, 2, 9])).toBe(3);
		expect(median([])).toBeNaN();
	});

	it('compares the medians with C to C and says that both targets are reached', () => {
		const [c, ours] = summarize(contest, 100e6, [
			[run(4, 1000), run(2, 1010), run(3, 1005)],
			[run(1.5, 1010), run(2.5, 1020), run(2, 1015)],
		]);
		expect(c?.goodputRatio).toBeUndefined();
		expect(ours?.goodputRatio).toBe(1.5);
		expect(ours?.goodputMegabytesPerSecond).toBe(50);
		expect(ours?.wireRatio).toBeCloseTo(1.01, 3);
		expect(ours?.verdict).toBe('goodput ≥ 1.5 ×: yes, wire ≤ 1.02 ×: yes');
	});

	it('says NO where a target is missed', () => {
		const [, ours] = summarize(contest, 100e6, [[run(3, 1000)], [run(2.5, 1030)]]);
		expect(ours?.verdict).toBe('goodput ≥ 1.5 ×: NO, wire ≤ 1.02 ×: NO');
	});

	it('never counts a run with a wrong file or a failed sender, and says so', () => {
		const bad = [run(0.1, 10, { wrongFiles: 2 }), run(0.1, 10, { failure: 'ended with 9' }), run(2, 1000)];
		const [, ours] = summarize(contest, 100e6, [[run(4, 1000)], bad]);
		expect(ours?.seconds).toBe(2);
		expect(ours?.failedRuns).toBe(2);
		expect(ours?.wrongFiles).toBe(2);
		expect(ours?.verdict).toContain('every file right: NO');
	});

	it('prints a dash, not a number, where no run counts', () => {
		const lines = summarize(contest, 100e6, [[run(4, 1000)], [run(1, 1, { failure: 'x' })]]);
		expect(lines[1]?.verdict).toContain('goodput ≥ 1.5 ×: NO');
		expect(renderTable(lines).split('\n').at(-1)).toMatch(/\| ours to ours \| – /);
	});
});
