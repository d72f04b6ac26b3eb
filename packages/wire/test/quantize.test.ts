import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	decodeGroupSize,
	decodeRate,
	decodeRtt,
	encodeGroupSize,
	encodeRate,
	encodeRtt,
	UNLIMITED_RATE_BYTES_PER_SECOND,
} from '../src/index.ts';

describe('a round trip time byte', () => {
	it('gives what the C programs give', () => {
		expect([0.001, 0.01, 0.05, 0.1, 0.5, 1, 15].map(encodeRtt)).toEqual([76, 106, 127, 136, 157, 166, 201]);
		expect([encodeRtt(0), encodeRtt(1e-6), encodeRtt(1000), encodeRtt(5000)]).toEqual([0, 0, 255, 255]);
		expect(decodeRtt(106)).toBeCloseTo(0.0105273, 6);
		expect(decodeRtt(157)).toBeCloseTo(0.5322158, 6);
		expect([decodeRtt(0), decodeRtt(31), decodeRtt(255)]).toEqual([1e-6, 32e-6, 1000]);
	});

	it('never says less than was measured, and at most 9 % more, above the linear scale', () => {
		fc.assert(
			fc.property(fc.double({ min: 40e-6, max: 1000, noNaN: true }), (seconds) => {
				const decoded = decodeRtt(encodeRtt(seconds));
				expect(decoded).toBeGreaterThanOrEqual(seconds * (1 - 1e-12));
				expect(decoded).toBeLessThan(seconds * 1.09);
			}),
		);
	});
});

describe('a group size byte', () => {
	it('gives what the C programs give', () => {
		const codes = [0, 1, 2, 10, 25, 99, 100].map(encodeGroupSize);
		expect(codes).toEqual([0x00, 0x18, 0x30, 0x19, 0x41, 0x1a, 0x1a]);
		expect(codes.map(decodeGroupSize)).toEqual([0, 1, 2, 9, 25, 94, 94]);
	});

	it('stays within a fifth of the size, and a byte, for any number of receivers', () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 100_000 }), (size) => {
				const code = encodeGroupSize(size);
				expect(code).toBeLessThanOrEqual(0xff);
				expect(Math.abs(decodeGroupSize(code) - size)).toBeLessThanOrEqual(size * 0.2);
			}),
		);
		expect(encodeGroupSize(1e12)).toBe(0xff);
	});
});

describe('a rate code', () => {
	it('gives what the C programs give', () => {
		const rates = [0, 1, 10, 128_000, 136_000, 125_000_000, UNLIMITED_RATE_BYTES_PER_SECOND];
		expect(rates.map(encodeRate)).toEqual([0x0000, 0x19a0, 0x19a1, 0x20c5, 0x22d5, 0x2008, 0x481e]);
		expect([decodeRate(0), decodeRate(0x20c5), decodeRate(0x22d5)]).toEqual([0, 127_929, 135_986]);
		expect(encodeRate(Number.POSITIVE_INFINITY)).toBe(0x481e);
		expect(encodeRate(-5)).toBe(0);
	});

	it('stays within 1 % for any rate from 1000 bytes per second', () => {
		fc.assert(
			fc.property(fc.double({ min: 1000, max: 1e14, noNaN: true }), (rate) => {
				const code = encodeRate(rate);
				expect(code).toBeLessThanOrEqual(0xffff);
				expect(Math.abs(decodeRate(code) - rate)).toBeLessThanOrEqual(rate * 0.01);
			}),
		);
	});
});
