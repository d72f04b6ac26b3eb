import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	decodeDatagram,
	decodeMessage,
	encodeMessage,
	isMalformed,
	MALFORMED_REASONS,
	type Malformed,
	type Message,
	type MessageType,
	messageName,
} from '../src/index.ts';
import { ALL_TYPES, anyMessage, messageOf } from './arbitraries.ts';
import { comparable } from './compare.ts';

const MARGIN = 64;

function encoded(message: Message): Uint8Array {
	const bytes = new Uint8Array(9000);
	return bytes.slice(0, encodeMessage(bytes, 0, message));
}

/** The bytes in the middle of a larger array that is otherwise filled with one value. */
function surrounded(bytes: Uint8Array, poison: number): Uint8Array {
	const array = new Uint8Array(bytes.length + 2 * MARGIN).fill(poison);
	array.set(bytes, MARGIN);
	return array;
}

function outcome(decoded: Message | Malformed): unknown {
	return isMalformed(decoded) ? decoded : comparable(decoded);
}

/**
 * Decodes the same bytes alone at the end of their array, and surrounded by two kinds of poison. The outcome must be
 * the same, so nothing outside was read; spans must stay inside.
 */
function decodeConfined(bytes: Uint8Array, func: number): Message | Malformed {
	const alone = decodeMessage(bytes, 0, bytes.length, func);
	for (const poison of [0x00, 0x01, 0xff]) {
		const decoded = decodeMessage(surrounded(bytes, poison), MARGIN, bytes.length, func);
		expect(outcome(decoded)).toEqual(outcome(alone));
		if (!isMalformed(decoded)) expectSpansInside(decoded.message, bytes.length);
	}
	if (isMalformed(alone)) expect(MALFORMED_REASONS[alone.malformed]).toMatch(/\.$/);
	return alone;
}

function expectSpansInside(value: unknown, length: number): void {
	if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
	if (Array.isArray(value)) {
		for (const part of value) expectSpansInside(part, length);
		return;
	}
	const { at, length: spanBytes, bitmapAt, bitmapBytes } = value as Record<string, number | undefined>;
	const start = at ?? bitmapAt;
	if (start !== undefined) {
		expect(start).toBeGreaterThanOrEqual(MARGIN);
		expect(start + (spanBytes ?? bitmapBytes ?? Number.NaN)).toBeLessThanOrEqual(MARGIN + length);
	}
	for (const part of Object.values(value)) expectSpansInside(part, length);
}

/** Where a message may end early and still be one: its body is a list or data. Everywhere else it is malformed. */
function headerBytes(message: Message, bytes: Uint8Array): number {
	return message.func === 18 ? bytes.length : bytes[1] * 4;
}

describe('a message that was cut', () => {
	for (const func of ALL_TYPES) {
		it(`is malformed at every length inside its header, and never read past its end: ${messageName(func)}`, () => {
			fc.assert(
				fc.property(messageOf(func), (message) => {
					const whole = encoded(message);
					const header = headerBytes(message, whole);
					for (let length = 0; length < whole.length; length++) {
						// Inside long data every length is like its neighbours.
						if (length > header + 64 && length < whole.length - 8) continue;
						const decoded = decodeConfined(whole.slice(0, length), func);
						expect(isMalformed(decoded), `${length} of ${whole.length}`).toBe(length < header);
					}
				}),
				{ numRuns: 8 },
			);
		});
	}
});

/** The least header of each message (docs/protocol.md, section 4), in bytes; ENCRYPTED has none. */
const LEAST_HEADER_BYTES: Partial<Record<MessageType, number>> = {
	...{ 1: 24, 2: 44, 3: 8, 4: 4, 5: 12, 6: 16, 7: 28, 8: 16, 9: 8, 10: 8, 11: 8, 12: 8, 13: 4 },
	...{ 14: 12, 15: 8, 16: 4, 17: 12, 19: 8, 20: 16, 21: 4 },
};

describe('a message with lengths that lie', () => {
	it('is refused when its header is shorter than its fields, however much follows', () => {
		for (const func of ALL_TYPES) {
			const least = LEAST_HEADER_BYTES[func];
			if (least === undefined) continue;
			const bytes = new Uint8Array(400);
			bytes[0] = func;
			for (let words = 0; words < least / 4; words++) {
				bytes[1] = words;
				// A block size that ANNOUNCE would take.
				if (func === 1) bytes[6] = 5;
				expect(decodeMessage(bytes, 0, 400, func), messageName(func)).toEqual({ malformed: 'header-too-short' });
			}
			expect(decodeMessage(bytes, 0, least - 1, func), messageName(func)).toEqual({ malformed: 'too-short' });
		}
	});

	it('gives a message or a reason, whatever the header length says', () => {
		fc.assert(
			fc.property(anyMessage, (message) => {
				const bytes = encoded(message);
				for (let words = 0; words < 256; words++) {
					bytes[1] = words;
					const decoded = decodeConfined(bytes, message.func);
					if (message.func !== 18 && words * 4 > bytes.length) expect(isMalformed(decoded)).toBe(true);
				}
			}),
			{ numRuns: 30 },
		);
	});

	it('gives a message or a reason when any byte of it is replaced', () => {
		fc.assert(
			fc.property(anyMessage, fc.nat(120), fc.integer({ min: 0, max: 255 }), (message, at, value) => {
				const bytes = encoded(message);
				bytes[at % bytes.length] = value;
				decodeConfined(bytes, message.func);
			}),
			{ numRuns: 2000 },
		);
	});
});

describe('arbitrary bytes', () => {
	it('never throw, as any message', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
				for (const func of ALL_TYPES) {
					if (bytes.length > 0) bytes[0] = func;
					decodeConfined(bytes, func);
				}
			}),
			{ numRuns: 300 },
		);
	});

	it('never throw, as a whole datagram', () => {
		const anyDatagram = fc.uint8Array({ maxLength: 9100, size: 'max' });
		fc.assert(
			fc.property(anyDatagram, fc.boolean(), (bytes, versioned) => {
				if (versioned && bytes.length > 1) {
					bytes[0] = 0x40;
					bytes[1] = (bytes[1] % 21) + 1;
				}
				const decoded = decodeDatagram(bytes, 0, bytes.length);
				if (bytes.length < 20 || bytes[0] !== 0x40) expect(isMalformed(decoded)).toBe(true);
			}),
			{ numRuns: 1000 },
		);
	});

	it('are refused as a message when there are more than a datagram holds', () => {
		const bytes = new Uint8Array(9000).fill(1);
		expect(decodeMessage(bytes, 0, 8985, 4)).toEqual({ malformed: 'too-long' });
		bytes[0] = 4;
		const decoded = decodeMessage(bytes, 0, 8984, 4);
		if (isMalformed(decoded) || decoded.func !== 4) throw new Error('expected a REG_CONF');
		expect(decoded.message.ids.length).toBe(2245);
	});

	it('are refused when the caller claims more than the array has', () => {
		for (const func of ALL_TYPES) expect(isMalformed(decodeMessage(new Uint8Array(64), 0, 65, func))).toBe(true);
	});
});
