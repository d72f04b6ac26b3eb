import { describe, expect, it } from 'vitest';
import { type Report, SendingRate } from '../../src/tfmcc/sending-rate.ts';

const GRTT = 100;
const PACKET = 1000;
/** One packet per GRTT. */
const LEAST = 10_000;

function sender(bounds: { minimum?: number; initial?: number; maximum?: number } = {}): SendingRate {
	const { minimum = 0, initial, maximum = Number.POSITIVE_INFINITY } = bounds;
	const rate = new SendingRate({ packetBytes: PACKET, robust: 20, minimum, initial, maximum }, GRTT);
	rate.resume(0);
	rate.choose(0, 1);
	return rate;
}

function report(rateBytesPerSecond: number, changes: Partial<Report> = {}): Report {
	return { hasRtt: true, isSlowStart: false, rateBytesPerSecond, rttMs: GRTT, ...changes };
}

describe('the rate of a congestion-controlled sender', () => {
	it('begins with one packet per GRTT, or with what it is told', () => {
		expect(sender().bytesPerSecond).toBe(LEAST);
		expect(sender({ initial: 50_000 }).bytesPerSecond).toBe(50_000);
		expect(sender({ minimum: 30_000 }).bytesPerSecond).toBe(30_000);
		expect(sender({ maximum: 5000 }).bytesPerSecond).toBe(5000);
	});

	it('takes what the CLR reports in slow start', () => {
		const rate = sender();
		rate.report(100, 1, report(400_000, { isSlowStart: true }), GRTT, false);
		expect(rate.bytesPerSecond).toBe(400_000);
		expect(rate.isSlowStart).toBe(true);
	});

	it('grows by one packet per GRTT after slow start, and falls at once', () => {
		const rate = sender({ initial: 400_000 });
		rate.report(100, 1, report(900_000), GRTT, false);
		expect(rate.isSlowStart).toBe(false);
		expect(rate.bytesPerSecond).toBe(400_000 + LEAST);
		rate.report(200, 1, report(300_000), GRTT, false);
		expect(rate.bytesPerSecond).toBe(300_000);
		rate.report(300, 1, report(1), GRTT, false);
		expect(rate.bytesPerSecond).toBe(LEAST);
	});

	it('makes whoever stands less the CLR, and tells the others below which rate to speak', () => {
		const rate = sender({ initial: 400_000 });
		rate.report(50, 2, report(500_000), GRTT, false);
		expect(rate.clr).toBe(1);
		expect(rate.bytesPerSecond).toBe(400_000);
		expect(rate.feedbackBytesPerSecond).toBe(450_000);
		rate.report(60, 3, report(200_000), GRTT, false);
		expect(rate.clr).toBe(3);
		expect(rate.bytesPerSecond).toBe(200_000);
		expect(rate.feedbackBytesPerSecond).toBe(180_000);
	});

	it('scales the report of a receiver that reckoned with the GRTT', () => {
		const rate = sender({ initial: 400_000 });
		rate.report(50, 2, report(100_000, { hasRtt: false, rttMs: 20 }), GRTT, false);
		expect(rate.clr).toBe(1);
		rate.report(60, 2, report(100_000, { hasRtt: false, rttMs: 50 }), GRTT, false);
		expect(rate.clr).toBe(2);
		expect(rate.bytesPerSecond).toBe(200_000);
	});

	it('does not believe that a receiver without losses is slow when there was little to send', () => {
		const rate = sender({ initial: 400_000 });
		rate.report(50, 1, report(20_000, { isSlowStart: true }), GRTT, true);
		expect(rate.bytesPerSecond).toBe(400_000);
		rate.report(60, 1, report(20_000), GRTT, true);
		expect(rate.bytesPerSecond).toBe(20_000);
	});

	it('halves the rate with every CONG_CTRL while the CLR is silent for more than 4 GRTT, then drops it', () => {
		const rate = sender({ initial: 800_000 });
		rate.tick(400, GRTT);
		expect(rate.bytesPerSecond).toBe(800_000);
		rate.tick(401, GRTT);
		rate.tick(501, GRTT);
		expect(rate.bytesPerSecond).toBe(200_000);
		expect(rate.clr).toBe(1);
		rate.tick(2001, GRTT);
		expect(rate.clr).toBeUndefined();
		rate.report(2050, 9, report(700_000), GRTT, false);
		expect(rate.clr).toBe(9);
		expect(rate.bytesPerSecond).toBe(100_000);
	});

	it('ends a feedback round after 6 GRTT: another number, and everybody may speak again', () => {
		const rate = sender({ initial: 400_000 });
		expect(rate.tick(0, GRTT)).toBe(false);
		rate.report(50, 2, report(500_000), GRTT, false);
		expect(rate.tick(599, GRTT)).toBe(false);
		expect(rate.round).toBe(0);
		expect(rate.tick(600, GRTT)).toBe(true);
		expect(rate.round).toBe(1);
		expect(rate.feedbackBytesPerSecond).toBe(Number.POSITIVE_INFINITY);
	});

	it('is deaf when nobody has answered for 2 * robust GRTT and 5 s', () => {
		const rate = sender();
		expect(rate.isDeaf(5000, GRTT)).toBe(false);
		expect(rate.isDeaf(5001, GRTT)).toBe(true);
		rate.report(5000, 2, report(20_000), GRTT, false);
		expect(rate.isDeaf(10_000, GRTT)).toBe(false);
		expect(rate.isDeaf(39_000, 1000)).toBe(false);
		expect(rate.isDeaf(45_001, 1000)).toBe(true);
	});

	it('advertises the time of a packet where that is longer than the GRTT', () => {
		expect(sender({ maximum: 2000 }).advertisedGrttMs(GRTT)).toBe(500);
		expect(sender({ initial: 400_000 }).advertisedGrttMs(GRTT)).toBe(GRTT);
	});
});
