import { describe, expect, it } from 'vitest';
import { Path } from '../src/satellite/path.ts';

const options = { delayMs: 300, bitsPerSecond: 10_000_000, queueMs: 10, loss: 0, seed: 7 };
const frame = new Uint8Array(1250);

function arrivals(path: Path, untilMs: number): number[] {
	const times: number[] = [];
	for (let now = 0; now <= untilMs; now += 0.5) {
		while (path.leave(now) !== undefined) times.push(now);
	}
	return times;
}

describe('a path', () => {
	it('delivers frames after their time on the link and the delay, one after the other', () => {
		const path = new Path(options);
		for (let i = 0; i < 3; i++) path.enter(frame, 1250, 0);
		expect(arrivals(path, 310)).toEqual([301, 302, 303]);
	});

	it('has room for so many milliseconds before the link, and counts what finds none', () => {
		const path = new Path(options);
		for (let i = 0; i < 20; i++) path.enter(frame, 1250, 0);
		expect(path.counts).toMatchObject({ frames: 11, bytes: 13_750, overflowed: 9, lost: 0 });
		path.enter(frame, 1250, 5);
		expect(path.counts.frames).toBe(12);
	});

	it('loses the share that it was told, the same frames for the same seed', () => {
		const lossy = (seed: number): number[] => {
			const path = new Path({ ...options, queueMs: 1e9, loss: 0.01, seed });
			for (let i = 0; i < 10_000; i++) path.enter(Uint8Array.of(i), 1, 0);
			const lost = path.counts.lost;
			expect(lost).toBeGreaterThan(60);
			expect(lost).toBeLessThan(140);
			return arrivals(path, 320);
		};
		expect(lossy(5)).toEqual(lossy(5));
		expect(lossy(5).length).not.toBe(10_000);
	});
});
