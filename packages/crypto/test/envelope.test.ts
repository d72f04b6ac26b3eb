import { encodeDone, HEADER_BYTES, MessageType, writeHeader } from '@uftp/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../src/backends/index.ts';
import {
	type Backend,
	CIPHERS,
	type CipherType,
	curveByName,
	describeRefusal,
	generateEcKey,
	HASHES,
	HashType,
	KeyBlock,
	KeyExchange,
	keySigner,
	keyVerifier,
	NonceCounter,
	Opener,
	OpenRefusal,
	openedAt,
	Sealer,
	SignatureType,
	type Suite,
	signatureTypeFor,
	unwrapOpened,
} from '../src/index.ts';
import { BACKENDS } from './backends.ts';

const SOURCE_ID = 0x0a630001;

function suiteOf(cipher: CipherType, hash: HashType = HashType.SHA256): Suite {
	return { cipher, hash, keyExchange: KeyExchange.ECDH_ECDSA, signature: signatureTypeFor(cipher, false) };
}

function keysOf({ cipher, hash }: Suite): KeyBlock {
	return new KeyBlock(systemRandom(HASHES[hash].bytes), systemRandom(CIPHERS[cipher].keyBytes), systemRandom(4));
}

/** A datagram with these plain bytes, ready to be sealed, at byte `at` of an array that just holds it. */
function ready(sealer: Sealer, at: number, plain: Uint8Array): Uint8Array {
	const bytes = new Uint8Array(at + sealer.sealedBytes(plain.length));
	const header = {
		sequence: 7,
		sourceId: SOURCE_ID,
		groupId: 0x11223344,
		groupInstance: 0,
		grtt: 0x6a,
		groupSize: 0x18,
	};
	writeHeader(bytes, at, { func: MessageType.FILESEG, ...header });
	bytes.set(plain, at + sealer.plainOffset);
	return bytes;
}

const CASES = BACKENDS.flatMap((backend) => {
	return [...backend.ciphers].map((cipher) => ({ backend, cipher, name: `${CIPHERS[cipher].name}, ${backend.name}` }));
});
const runs = (backend: Backend, many: number) => ({ numRuns: backend.name === 'noble' ? Math.ceil(many / 8) : many });

describe.each(CASES)('an envelope with $name', ({ backend, cipher }) => {
	const suite = suiteOf(cipher);
	const keys = keysOf(suite);
	const counter = new NonceCounter();
	const sealer = new Sealer(backend, suite, keys, counter);
	const opener = new Opener(backend, suite, keys);

	it('gives back what was sealed, whatever its length and place', () => {
		const plains = fc.uint8Array({ minLength: 1, maxLength: 2000 });
		fc.assert(
			fc.property(plains, fc.nat(50), (plain, at) => {
				const bytes = ready(sealer, at, plain);
				const length = sealer.seal(bytes, at, plain.length);
				expect(at + length).toBe(bytes.length);
				expect(bytes[at + 1]).toBe(MessageType.ENCRYPTED);
				expect(opener.open(bytes, at, length)).toBe(plain.length);
				const plainAt = openedAt(bytes, at);
				expect(bytes.subarray(plainAt, plainAt + plain.length)).toEqual(plain);
			}),
			runs(backend, 100),
		);
	});

	it('refuses a datagram with any bit flipped, cut short or grown', () => {
		const plain = systemRandom(45);
		const sealed = ready(sealer, 0, plain);
		const length = sealer.seal(sealed, 0, plain.length);
		const step = backend.name === 'noble' ? 7 : 1;
		for (let bit = 0; bit < length * 8; bit += step) {
			const bytes = sealed.slice();
			bytes[bit >> 3] ^= 1 << (bit & 7);
			expect(opener.open(bytes, 0, length), `bit ${bit}`).toBeLessThan(0);
		}
		expect(opener.open(sealed.slice(), 0, length - 1)).toBe(OpenRefusal.MALFORMED);
		const grown = new Uint8Array(length + 1);
		grown.set(sealed);
		expect(opener.open(grown, 0, length + 1)).toBe(OpenRefusal.MALFORMED);
		expect(opener.open(sealed, 0, length), 'and opens the original').toBe(plain.length);
	});

	it('never throws on what the network brings, and says what is wrong with it', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
				if (bytes.length > 1) bytes[1] = MessageType.ENCRYPTED;
				const result = opener.open(bytes, 0, bytes.length) as OpenRefusal;
				expect(result).toBeLessThan(0);
				expect(describeRefusal(result)).toMatch(/^[a-z-]+$/);
			}),
			runs(backend, 200),
		);
	});

	it('is not opened with the keys of another group, or with another salt', () => {
		const bytes = ready(sealer, 0, systemRandom(40));
		const length = sealer.seal(bytes, 0, 40);
		expect(new Opener(backend, suite, keysOf(suite)).open(bytes.slice(), 0, length)).toBe(OpenRefusal.FORGED);
	});

	it('takes a fresh counter each time, and fits the room it is asked for', () => {
		const plain = systemRandom(30);
		const first = ready(sealer, 0, plain);
		const second = first.slice();
		const before = counter.value;
		sealer.seal(first, 0, plain.length);
		sealer.seal(second, 0, plain.length);
		expect(counter.value).toBe(before + 2);
		expect(first).not.toEqual(second);
		for (const room of [200, 201, 215, 216, 1400]) {
			const most = sealer.plainBytesWithin(room);
			expect(sealer.sealedBytes(most)).toBeLessThanOrEqual(room);
			expect(sealer.sealedBytes(most + 1)).toBeGreaterThan(room);
		}
	});

	it('throws when the caller left no room, before it touches anything', () => {
		const bytes = new Uint8Array(sealer.sealedBytes(20) - 1);
		const used = counter.value;
		expect(() => sealer.seal(bytes, 0, 20)).toThrow(RangeError);
		expect(() => sealer.seal(bytes, -1, 4)).toThrow(RangeError);
		expect(() => sealer.seal(new Uint8Array(20_000), 0, 9000)).toThrow(/no room/);
		expect(counter.value).toBe(used);
		expect(bytes.every((byte) => byte === 0)).toBe(true);
	});

	it('becomes the clear message again', () => {
		const plain = new Uint8Array(12);
		encodeDone(plain, 0, { fileId: 1, section: 0, ids: [5] });
		const bytes = ready(sealer, 2, plain);
		const length = sealer.seal(bytes, 2, plain.length);
		const opened = opener.open(bytes, 2, length);
		expect(unwrapOpened(bytes, 2, opened)).toBe(HEADER_BYTES + 12);
		expect(bytes[3]).toBe(MessageType.DONE);
		expect(bytes.subarray(2 + HEADER_BYTES, 2 + HEADER_BYTES + 12)).toEqual(plain);
	});
});

describe.each(BACKENDS)('key-exchange signatures, by $name', (backend) => {
	const suite: Suite = { ...suiteOf(4), signature: SignatureType.KEYEX };
	const keys = keysOf(suite);
	const curve = curveByName('prime256v1')!;
	const [own, other] = [generateEcKey(backend, curve, systemRandom), generateEcKey(backend, curve, systemRandom)];
	const sealer = new Sealer(backend, suite, keys, new NonceCounter(), keySigner(backend, suite.hash, own));
	const opener = new Opener(backend, suite, keys);

	it('show which member of the group sealed a datagram', () => {
		const plain = systemRandom(33);
		const sealed = ready(sealer, 0, plain);
		const length = sealer.seal(sealed, 0, plain.length);
		const source = keyVerifier(backend, suite.hash, own.publicKey);
		const stranger = keyVerifier(backend, suite.hash, other.publicKey);
		expect(opener.open(sealed.slice(), 0, length, stranger)).toBe(OpenRefusal.FORGED);
		expect(opener.open(sealed.slice(), 0, length)).toBe(OpenRefusal.UNKNOWN_SIGNER);
		for (const at of [0, 3, 16, 28, 31, 40, 110, length - 1]) {
			const bytes = sealed.slice();
			bytes[at] ^= 0x10;
			expect(opener.open(bytes, 0, length, source), `byte ${at}`).toBeLessThan(0);
		}
		expect(opener.open(sealed, 0, length, source)).toBe(33);
	});

	it('need the signer of the node', () => {
		expect(() => new Sealer(backend, suite, keys, new NonceCounter())).toThrow(/signer/);
	});
});

describe('padding', () => {
	it('that is wrong although the signature is right is told apart, and never read as data', () => {
		const backend = BACKENDS[0];
		const suite = suiteOf(3);
		const keys = keysOf(suite);
		const sealer = new Sealer(backend, suite, keys, new NonceCounter());
		// A full last block of the peer's own making: cut off the padding that our sealer adds, and sign again.
		const cipher = backend.cipher(suite.cipher, keys.key);
		const hmac = backend.hmac(suite.hash, keys.hmacKey);
		for (const last of [0, 1, 2, 16, 17, 255]) {
			const bytes = ready(sealer, 0, new Uint8Array(15));
			const length = sealer.seal(bytes, 0, 15);
			const plain = new Uint8Array(16).fill(last === 16 ? 16 : 9);
			plain[15] = last;
			const counterAt = 16;
			cipher.iv.set([...keys.salt, ...bytes.subarray(4, 8), ...bytes.subarray(counterAt, counterAt + 8)]);
			cipher.seal(plain, 0, 16, 0, 0);
			bytes.set(plain, sealer.plainOffset);
			bytes.fill(0, 28, 28 + 32);
			hmac.compute(bytes, 0, length);
			bytes.set(hmac.output, 28);
			const result = new Opener(backend, suite, keys).open(bytes, 0, length);
			expect(result, `padding ${last}`).toBe(last === 1 ? 15 : OpenRefusal.BADLY_PADDED);
		}
	});
});
