import { afterEach, describe, expect, it } from 'vitest';
import { monotonicMs } from '../src/clock.ts';
import { PreciseTimer } from '../src/timer.ts';
import { until } from './loopback.ts';

const timers: PreciseTimer[] = [];
afterEach(() => {
	for (const timer of timers.splice(0)) timer.close();
});

function open(isPortable: boolean): PreciseTimer {
	const timer = new PreciseTimer({ isPortable });
	timers.push(timer);
	return timer;
}

/** How late, in milliseconds and sorted, a timer fires for waits of 0.3 to 2.3 ms. */
async function lateness(timer: PreciseTimer, times: number): Promise<number[]> {
	const late: number[] = [];
	let deadlineMs = 0;
	const arm = (): void => {
		deadlineMs = monotonicMs() + 0.3 + (late.length % 5) * 0.5;
		timer.arm(deadlineMs);
	};
	timer.onFire(() => {
		late.push(monotonicMs() - deadlineMs);
		if (late.length < times) arm();
	});
	arm();
	await until(() => late.length === times, 5000);
	return late.sort((a, b) => a - b);
}

for (const isPortable of [false, true]) {
	describe(`the ${isPortable ? "runtime's" : "kernel's"} timer`, () => {
		it('never fires early, and fires once per arming', async () => {
			const late = await lateness(open(isPortable), 50);
			expect(late).toHaveLength(50);
			expect(late[0]).toBeGreaterThanOrEqual(0);
		});

		it('meets its deadline within a few milliseconds', async () => {
			const late = await lateness(open(isPortable), 50);
			expect(late[25]).toBeLessThan(isPortable ? 5 : 0.5);
		});

		it('the deadline that was set last counts, earlier or later', async () => {
			const timer = open(isPortable);
			const start = monotonicMs();
			const fired: number[] = [];
			timer.onFire(() => fired.push(monotonicMs() - start));
			timer.arm(start + 500);
			timer.arm(start + 5);
			timer.arm(start + 40);
			await until(() => fired.length > 0);
			await Bun.sleep(30);
			expect(fired).toHaveLength(1);
			expect(fired[0]).toBeGreaterThanOrEqual(40);
			expect(fired[0]).toBeLessThan(200);
		});

		it('a deadline in the past fires in a later turn, not at once', async () => {
			const timer = open(isPortable);
			let fired = 0;
			timer.onFire(() => {
				fired += 1;
			});
			timer.arm(monotonicMs() - 10);
			expect(fired).toBe(0);
			await until(() => fired === 1);
			expect(fired).toBe(1);
		});

		it('does not fire after cancel, after Infinity and after close', async () => {
			const timer = open(isPortable);
			let fired = 0;
			timer.onFire(() => {
				fired += 1;
			});
			timer.arm(monotonicMs() + 5);
			timer.cancel();
			await Bun.sleep(15);
			timer.arm(monotonicMs() + 5);
			timer.arm(Number.POSITIVE_INFINITY);
			await Bun.sleep(15);
			timer.arm(monotonicMs() + 5);
			timer.close();
			timer.arm(monotonicMs() + 1);
			await Bun.sleep(15);
			expect(fired).toBe(0);
		});
	});
}
