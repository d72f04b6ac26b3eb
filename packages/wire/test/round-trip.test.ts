import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	decodeHeader,
	decodeMessage,
	emptyHeader,
	encodeMessage,
	isMalformed,
	messageName,
	writeHeader,
} from '../src/index.ts';
import { ALL_TYPES, commonHeader, messageOf } from './arbitraries.ts';
import { comparable } from './compare.ts';

/** Room on both sides, so that a write outside is seen. */
const MARGIN = 32;

describe('a message that is encoded', () => {
	for (const func of ALL_TYPES) {
		it(`comes back as it was: ${messageName(func)}`, () => {
			fc.assert(
				fc.property(messageOf(func), (message) => {
					const bytes = new Uint8Array(9000).fill(0xee);
					const length = encodeMessage(bytes, MARGIN, message);
					expect(bytes.subarray(0, MARGIN).every((byte) => byte === 0xee)).toBe(true);
					expect(bytes.subarray(MARGIN + length).every((byte) => byte === 0xee)).toBe(true);
					const decoded = decodeMessage(bytes, MARGIN, length, func);
					if (isMalformed(decoded)) throw new Error(decoded.malformed);
					expect(comparable(decoded)).toEqual(comparable(message));
				}),
				{ numRuns: 200 },
			);
		});

		it(`is refused with a sentence when the buffer is too small: ${messageName(func)}`, () => {
			fc.assert(
				fc.property(messageOf(func), (message) => {
					const length = encodeMessage(new Uint8Array(9000), 0, message);
					expect(() => encodeMessage(new Uint8Array(length - 1), 0, message)).toThrow(/no room for .* larger buffer/);
				}),
				{ numRuns: 20 },
			);
		});
	}
});

describe('a common header', () => {
	it('comes back as it was, into the object that the caller gave', () => {
		const into = emptyHeader();
		fc.assert(
			fc.property(commonHeader, (header) => {
				const bytes = new Uint8Array(64).fill(0xee);
				expect(writeHeader(bytes, 8, header)).toBe(16);
				expect(bytes[7]).toBe(0xee);
				expect(bytes[24]).toBe(0xee);
				expect(decodeHeader(bytes, 8, 20, into)).toBe(into);
				expect(into).toEqual(header);
			}),
		);
	});

	it('is refused for the first reason that applies', () => {
		const bytes = new Uint8Array(10_000);
		writeHeader(bytes, 0, { ...emptyHeader(), func: 10 });
		expect(decodeHeader(bytes, 0, 19)).toEqual({ malformed: 'too-short' });
		expect(decodeHeader(bytes, 9990, 20)).toEqual({ malformed: 'too-short' });
		expect(decodeHeader(bytes, 0, 9001)).toEqual({ malformed: 'too-long' });
		expect(decodeHeader(bytes, 0, 9000)).toMatchObject({ func: 10 });
		bytes[1] = 22;
		expect(decodeHeader(bytes, 0, 20)).toEqual({ malformed: 'unknown-function' });
		bytes[1] = 0;
		expect(decodeHeader(bytes, 0, 20)).toEqual({ malformed: 'unknown-function' });
		bytes[0] = 0x50;
		expect(decodeHeader(bytes, 0, 20)).toEqual({ malformed: 'wrong-version' });
	});
});
