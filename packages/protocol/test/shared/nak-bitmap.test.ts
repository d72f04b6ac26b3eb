import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	clearNak,
	countNaks,
	fillNaks,
	isNak,
	nakBytes,
	nextClear,
	nextNak,
	orNaks,
	setNak,
} from '../../src/shared/nak-bitmap.ts';

const AT = 3;

/** n blocks, which of them are missing, and junk in all bits that are no blocks. */
const bitmaps = fc.integer({ min: 1, max: 200 }).chain((n) =>
	fc.record({
		n: fc.constant(n),
		missing: fc.array(fc.boolean(), { minLength: n, maxLength: n }),
		other: fc.array(fc.boolean(), { minLength: n, maxLength: n }),
		junk: fc.boolean(),
	}),
);

function bitmapOf(missing: readonly boolean[], junk: boolean): Uint8Array {
	const bytes = new Uint8Array(AT + nakBytes(missing.length) + 2).fill(junk ? 0xff : 0);
	for (let i = 0; i < missing.length; i++) {
		if (missing[i]) setNak(bytes, AT, i);
		else clearNak(bytes, AT, i);
	}
	return bytes;
}

describe('NAK bitmaps', () => {
	it('put block i into byte i >> 3, lowest bit first', () => {
		const bytes = new Uint8Array(4);
		setNak(bytes, 0, 0);
		setNak(bytes, 0, 9);
		setNak(bytes, 0, 23);
		expect([...bytes]).toEqual([0x01, 0x02, 0x80, 0]);
		clearNak(bytes, 0, 9);
		expect([...bytes]).toEqual([0x01, 0, 0x80, 0]);
	});

	it('take one byte more than needed when the blocks fill whole bytes', () => {
		expect([1, 7, 8, 9, 16, 65_536].map(nakBytes)).toEqual([1, 1, 2, 2, 3, 8193]);
	});

	it('are counted, tested and walked as an array of flags is, whatever junk follows', () => {
		fc.assert(
			fc.property(bitmaps, ({ n, missing, junk }) => {
				const bytes = bitmapOf(missing, junk);
				expect(countNaks(bytes, AT, n)).toBe(missing.filter(Boolean).length);
				for (let i = 0; i < n; i++) {
					expect(isNak(bytes, AT, i)).toBe(missing[i]);
					expect(nextNak(bytes, AT, n, i)).toBe(missing.indexOf(true, i));
					const clear = missing.indexOf(false, i);
					expect(nextClear(bytes, AT, n, i)).toBe(clear < 0 ? n : clear);
				}
				expect(nextNak(bytes, AT, n, n)).toBe(-1);
				expect(nextClear(bytes, AT, n, n)).toBe(n);
			}),
		);
	});

	it('are added up bit by bit, counting what is new, and junk stays out', () => {
		fc.assert(
			fc.property(bitmaps, ({ n, missing, other, junk }) => {
				const into = bitmapOf(missing, false);
				const added = orNaks(into, AT, bitmapOf(other, junk), AT, n);
				expect(added).toBe(other.filter((flag, i) => flag && !missing[i]).length);
				expect(into).toEqual(
					bitmapOf(
						missing.map((flag, i) => flag || other[i]),
						false,
					),
				);
			}),
		);
	});

	it('are filled with exactly n missing blocks and zeroed behind them', () => {
		for (const n of [1, 7, 8, 9, 64, 100]) {
			const bytes = new Uint8Array(nakBytes(n)).fill(0xaa);
			fillNaks(bytes, 0, n);
			expect(bytes).toEqual(bitmapOf(new Array(n).fill(true), false).slice(AT, AT + nakBytes(n)));
		}
	});
});
