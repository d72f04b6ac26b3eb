import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Damping } from '../../src/tfmcc/damping.ts';
import { FeedbackTimer, feedbackDelayMs } from '../../src/tfmcc/feedback-timer.ts';
import { ReceiveRate } from '../../src/tfmcc/receive-rate.ts';
import { smoothRtt } from '../../src/tfmcc/round-trip.ts';
import { lossIntervalAt, tcpBytesPerSecond } from '../../src/tfmcc/throughput.ts';

describe('the TCP equation', () => {
	it('gives what RFC 4654 gives', () => {
		// s / (R (sqrt(2p/3) + 12 sqrt(3p/8) p (1 + 32 p^2))), worked out by hand for p = 0.01.
		expect(tcpBytesPerSecond(1500, 100, 0.01)).toBeCloseTo(1500 / (0.1 * (0.0816497 + 0.0073715)), -2);
		expect(tcpBytesPerSecond(1500, 100, 0)).toBe(Number.POSITIVE_INFINITY);
	});

	it('gives less for more loss and for longer round trips', () => {
		const share = fc.double({ min: 1e-7, max: 0.9, noNaN: true });
		fc.assert(
			fc.property(share, fc.integer({ min: 1, max: 2000 }), (p, rttMs) => {
				const rate = tcpBytesPerSecond(1400, rttMs, p);
				expect(tcpBytesPerSecond(1400, rttMs, p * 1.1)).toBeLessThan(rate);
				expect(tcpBytesPerSecond(1400, rttMs * 2, p)).toBeCloseTo(rate / 2, 5);
			}),
		);
	});

	it('begins the loss history with an interval at which the rate stays about what it is', () => {
		for (const rate of [50_000, 1e6, 1e8]) {
			const packets = lossIntervalAt(rate, 1400, 50);
			const again = tcpBytesPerSecond(1400, 50, 1 / packets);
			if (packets > 100) expect(again / rate).toBeGreaterThan(0.9);
			expect(again).toBeLessThanOrEqual(rate * 1.001);
		}
		expect(lossIntervalAt(0, 1400, 50)).toBe(1);
	});
});

describe('the rate of what comes', () => {
	it('is what came in four GRTT, as counting every packet says', () => {
		const arrivals = fc.array(fc.record({ gapMs: fc.double({ min: 0, max: 30, noNaN: true }), bytes: fc.nat(9000) }));
		fc.assert(
			fc.property(arrivals, (packets) => {
				const grttMs = 40;
				const rate = new ReceiveRate(grttMs);
				const all: { at: number; bytes: number }[] = [];
				let now = 1000;
				for (const { gapMs, bytes } of packets) {
					now += gapMs;
					rate.add(now, bytes);
					all.push({ at: now, bytes });
				}
				if (now - (all[0]?.at ?? now) < 4 * grttMs) return;
				const since = (ms: number) => all.reduce((sum, { at, bytes }) => sum + (now - at < ms ? bytes : 0), 0);
				// Slots of a quarter of a GRTT: the window is that much shorter at most.
				const bytesPerMs = rate.bytesPerSecond(now) / 1000;
				expect(bytesPerMs).toBeGreaterThanOrEqual(since(3.75 * grttMs) / (4 * grttMs) - 1e-6);
				expect(bytesPerMs).toBeLessThanOrEqual(since(4 * grttMs + 0.001) / (3.75 * grttMs) + 1e-6);
			}),
		);
	});

	it('is not cut down by the time before the first packet, and forgets after a silence', () => {
		const rate = new ReceiveRate(100);
		expect(rate.bytesPerSecond(0)).toBe(0);
		for (let ms = 0; ms < 200; ms++) rate.add(ms, 1000);
		expect(rate.bytesPerSecond(200)).toBeCloseTo(1_000_000, -4);
		expect(rate.bytesPerSecond(5000)).toBe(0);
	});

	it('stays what it was when the GRTT changes', () => {
		const rate = new ReceiveRate(100);
		for (let ms = 0; ms < 1000; ms++) rate.add(ms, 1000);
		rate.setGrtt(1000, 37);
		expect(rate.bytesPerSecond(1000)).toBeCloseTo(1_000_000, -5);
	});
});

describe('the round trip time of a receiver', () => {
	it('starts with the first sample and then follows slowly as the CLR, fast otherwise', () => {
		expect(smoothRtt(0, 80, true)).toBe(80);
		expect(smoothRtt(80, 180, true)).toBeCloseTo(90);
		expect(smoothRtt(80, 180, false)).toBeCloseTo(130);
	});
});

describe('the damping of the rate', () => {
	it('leaves the rate alone at a steady round trip, lowers it while a queue fills, and never by more than half', () => {
		const damping = new Damping();
		expect(damping.factor).toBe(1);
		for (let i = 0; i < 50; i++) damping.sample(10);
		expect(damping.factor).toBeCloseTo(1);
		damping.sample(20);
		expect(damping.factor).toBeGreaterThan(0.7);
		expect(damping.factor).toBeLessThan(0.8);
		damping.sample(1000);
		expect(damping.factor).toBe(0.5);
		damping.sample(1);
		expect(damping.factor).toBe(1);
		damping.reset();
		damping.sample(1000);
		expect(damping.factor).toBe(1);
	});
});

describe('the feedback timer', () => {
	const own = { isClr: false, rateBytesPerSecond: 1e6, grttMs: 100, rttMs: 50, groupSize: 1000 };

	it('spreads the answers of a large group so that few are early', () => {
		const delays = Array.from({ length: 10_000 }, (_, i) => feedbackDelayMs((i + 1) / 10_000, 100, 1000));
		expect(Math.max(...delays)).toBeCloseTo(600);
		expect(Math.min(...delays)).toBe(0);
		// 1 + ln(u)/ln(n) <= 0 for u <= 1/n: of a thousand receivers one answers at once.
		expect(delays.filter((ms) => ms === 0)).toHaveLength(10);
		expect(feedbackDelayMs(0.5, 100, 1)).toBe(0);
		expect(feedbackDelayMs(0.5, 100, 0)).toBe(0);
	});

	it('answers once per round, at a time that its seed decides', () => {
		const timers = [1, 1, 2].map((seed) => new FeedbackTimer(seed));
		for (const timer of timers) timer.hear(0, 7, Number.POSITIVE_INFINITY, own);
		const [a, b, c] = timers.map(({ deadline }) => deadline);
		expect(a).toBe(b);
		expect(a).not.toBe(c);
		const [timer] = timers;
		expect(a).toBeGreaterThan(1);
		expect(timer.takeDue(a - 1)).toBe(false);
		expect(timer.takeDue(a)).toBe(true);
		timer.hear(a, 7, Number.POSITIVE_INFINITY, own);
		expect(timer.takeDue(1e9)).toBe(false);
		timer.hear(a, 8, Number.POSITIVE_INFINITY, own);
		expect(timer.deadline).not.toBe(Number.POSITIVE_INFINITY);
	});

	it('keeps silent when somebody slower was heard, unless the GRTT has to grow', () => {
		const timer = new FeedbackTimer(3);
		timer.hear(0, 0, Number.POSITIVE_INFINITY, own);
		timer.hear(1, 0, 2e6, own);
		expect(timer.deadline).not.toBe(Number.POSITIVE_INFINITY);
		timer.hear(2, 0, 0.9e6, own);
		expect(timer.deadline).toBe(Number.POSITIVE_INFINITY);
		timer.hear(3, 1, 0.9e6, { ...own, rttMs: 120 });
		expect(timer.deadline).not.toBe(Number.POSITIVE_INFINITY);
	});

	it('compares rounds as 16-bit numbers that wrap, and leaves the CLR to answer everything', () => {
		const timer = new FeedbackTimer(3);
		timer.hear(0, 0xffff, Number.POSITIVE_INFINITY, own);
		timer.hear(1, 0, Number.POSITIVE_INFINITY, own);
		expect(timer.round).toBe(0);
		timer.hear(2, 0xfffe, Number.POSITIVE_INFINITY, own);
		expect(timer.round).toBe(0);
		timer.hear(3, 1, Number.POSITIVE_INFINITY, { ...own, isClr: true });
		expect(timer.deadline).toBe(Number.POSITIVE_INFINITY);
	});
});
