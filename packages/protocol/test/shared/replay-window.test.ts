import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayWindow } from '../../src/shared/security/replay-window.ts';

const SIZE = 64;
const halves = (counter: number): [number, number] => [Math.floor(counter / 2 ** 32), counter % 2 ** 32];

/** Offers a counter as a receiver does: looks it up, and notes it if the packet is genuine. */
function offer(window: ReplayWindow, counter: number): boolean {
	const [high, low] = halves(counter);
	if (!window.isFresh(high, low)) return false;
	window.note(high, low);
	return true;
}

describe('a replay window', () => {
	it('takes every counter at most once, and refuses only what it has seen or what is too far behind', () => {
		const start = fc.constantFrom(1, 1000, 2 ** 32 - 100, 2 ** 47);
		const steps = fc.array(fc.integer({ min: -100, max: 90 }), { maxLength: 300 });
		fc.assert(
			fc.property(start, steps, (first, moves) => {
				const window = new ReplayWindow(SIZE);
				const taken = new Set<number>();
				let highest = 0;
				let counter = first;
				for (const move of [0, ...moves]) {
					counter = Math.max(1, counter + move);
					const expected = !taken.has(counter) && counter > highest - SIZE;
					expect(offer(window, counter)).toBe(expected);
					if (expected) taken.add(counter);
					highest = Math.max(highest, counter);
				}
			}),
		);
	});

	it('does not move for a packet that was looked up but proved forged', () => {
		const window = new ReplayWindow(SIZE);
		offer(window, 10);
		expect(window.isFresh(0, 2 ** 32 - 1)).toBe(true);
		expect(offer(window, 9)).toBe(true);
	});

	it('refuses counters that nobody uses: 0, and those beyond 2^53', () => {
		const window = new ReplayWindow(SIZE);
		expect(window.isFresh(0, 0)).toBe(false);
		expect(window.isFresh(0x0020_0000, 0)).toBe(false);
		expect(window.isFresh(0xffff_ffff, 0xffff_ffff)).toBe(false);
		expect(window.isFresh(0x001f_ffff, 0xffff_ffff)).toBe(true);
	});
});
