/** The little of DER that key files need: definite lengths, integers, octet strings, identifiers, sequences. */
import { concatBytes } from '../bytes.ts';
import { KeyError } from './key-error.ts';

export const DerTag = {
	INTEGER: 0x02,
	BIT_STRING: 0x03,
	OCTET_STRING: 0x04,
	NULL: 0x05,
	OBJECT: 0x06,
	SEQUENCE: 0x30,
	CONTEXT_0: 0xa0,
	CONTEXT_1: 0xa1,
} as const;

/** One element with its content. */
export function derElement(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
	const body = concatBytes(...content);
	const { length } = body;
	if (length < 0x80) return concatBytes(Uint8Array.of(tag, length), body);
	if (length < 0x100) return concatBytes(Uint8Array.of(tag, 0x81, length), body);
	return concatBytes(Uint8Array.of(tag, 0x82, length >> 8, length), body);
}

/** A number that is not negative, from big-endian bytes without leading zeros. */
export function derInteger(number: Uint8Array): Uint8Array {
	const needsZero = number.length === 0 || number[0] >= 0x80;
	return needsZero ? derElement(DerTag.INTEGER, Uint8Array.of(0), number) : derElement(DerTag.INTEGER, number);
}

/** An object identifier from its dotted text. */
export function derObject(oid: string): Uint8Array {
	const [first, second, ...rest] = oid.split('.').map(Number);
	const bytes = [first * 40 + second];
	for (const part of rest) {
		const digits = [part & 0x7f];
		for (let left = part >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
		bytes.push(...digits);
	}
	return derElement(DerTag.OBJECT, Uint8Array.from(bytes));
}

/** Reads elements one after the other; throws a KeyError that contains nothing of the data. */
export class DerReader {
	readonly #bytes: Uint8Array;
	#at = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	/** The tag of the next element; undefined at the end. */
	get nextTag(): number | undefined {
		return this.#at < this.#bytes.length ? this.#bytes[this.#at] : undefined;
	}

	/** The content of the next element, which must have this tag. */
	read(tag: number): Uint8Array {
		if (this.nextTag !== tag) throw damaged();
		const bytes = this.#bytes;
		let at = this.#at + 1;
		let length = bytes[at++] ?? 0;
		if (length >= 0x80) {
			const lengthBytes = length & 0x7f;
			if (lengthBytes === 0 || lengthBytes > 2) throw damaged();
			length = 0;
			for (let i = 0; i < lengthBytes; i += 1) length = length * 0x100 + (bytes[at++] ?? 0);
		}
		if (at + length > bytes.length) throw damaged();
		this.#at = at + length;
		return bytes.subarray(at, at + length);
	}

	/** The elements of a constructed one. */
	enter(tag: number): DerReader {
		return new DerReader(this.read(tag));
	}

	/** A number as big-endian bytes without leading zeros; negative ones are refused. */
	integer(): Uint8Array {
		const content = this.read(DerTag.INTEGER);
		if (content.length === 0 || content[0] >= 0x80) throw damaged();
		let start = 0;
		while (start < content.length && content[start] === 0) start += 1;
		return content.slice(start);
	}

	/** An object identifier as dotted text. */
	object(): string {
		const content = this.read(DerTag.OBJECT);
		const parts = [Math.floor(content[0] / 40), content[0] % 40];
		let part = 0;
		for (const byte of content.subarray(1)) {
			part = part * 0x80 + (byte & 0x7f);
			if (byte < 0x80) {
				parts.push(part);
				part = 0;
			}
		}
		return parts.join('.');
	}
}

function damaged(): KeyError {
	return new KeyError(
		'the key file is damaged or not a key: its content is not what its first line says; make a new one',
	);
}
