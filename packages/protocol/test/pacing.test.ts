import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pacer } from '../src/pacing.ts';

const PACKET = 1352;

/** Sends whenever the pacer allows it, woken late by `lateMs()`; returns the bytes and the longest burst. */
function send(rate: number, durationMs: number, lateMs: () => number) {
	const pacer = new Pacer(rate);
	pacer.restart(0);
	let now = 0;
	let bytes = 0;
	let longest = 0;
	while (now < durationMs) {
		let burst = 0;
		for (let n = pacer.packetsNow(now, PACKET); n > 0; n = pacer.packetsNow(now, PACKET)) {
			const sent = Math.min(n, 64);
			pacer.charge(sent * PACKET);
			burst += sent * PACKET;
		}
		bytes += burst;
		longest = Math.max(longest, burst);
		now = pacer.nextAt(now, PACKET) + lateMs();
	}
	return { bytes, longest };
}

describe('the pacer', () => {
	it.each([1e6, 10e6, 100e6, 1e9].map((bits) => [bits]))('keeps %d bit/s within 1 %% over a second', (bits) => {
		const rate = bits / 8;
		const { bytes } = send(rate, 1000, () => 0.1);
		expect(Math.abs(bytes - rate)).toBeLessThan(Math.max(rate * 0.01, 2 * PACKET));
	});

	it('never lets a burst be longer than 2 ms of the rate, or one packet', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 20_000, max: 500_000_000 }),
				fc.infiniteStream(fc.double({ min: 0, max: 30, noNaN: true })),
				(rate, late) => {
					const { longest } = send(rate, 300, () => late.next().value);
					expect(longest).toBeLessThanOrEqual(Math.max((rate / 1000) * 2, PACKET) + 1);
				},
			),
			{ numRuns: 50 },
		);
	});

	it('makes up for wake-ups that come 5 ms late now and then', () => {
		let turn = 0;
		const { bytes } = send(12_500_000, 2000, () => (++turn % 40 === 0 ? 5 : 0.05));
		expect(bytes / 25_000_000).toBeGreaterThan(0.99);
	});

	it('owes nothing for a pause after which it was restarted', () => {
		const pacer = new Pacer(1_000_000);
		pacer.restart(0);
		pacer.restart(5000);
		expect(pacer.packetsNow(5000, PACKET)).toBe(1);
		pacer.charge(PACKET);
		expect(pacer.packetsNow(5000, PACKET)).toBe(0);
		expect(pacer.nextAt(5000, PACKET)).toBeCloseTo(5001.352, 2);
	});

	it('always says a later time when nothing may leave yet', () => {
		const pacer = new Pacer(1_250_000);
		pacer.restart(0);
		let now = 0;
		for (let i = 0; i < 10_000; i++) {
			const sent = pacer.packetsNow(now, PACKET);
			pacer.charge(sent * PACKET);
			const next = pacer.nextAt(now, PACKET);
			if (pacer.packetsNow(now, PACKET) === 0) expect(next).toBeGreaterThan(now);
			now = next;
		}
	});
});
