import { heapStats } from 'bun:jsc';
import { describe, expect, it } from 'vitest';
import { openBackend, systemRandom } from '../src/backends/index.ts';
import { CIPHERS, type CipherType, KeyBlock, NonceCounter, Opener, Sealer, signatureTypeFor } from '../src/index.ts';

const PLAIN_BYTES = 1312;
const PACKETS = 40_000;

describe('with libcrypto', () => {
	it.each([3, 4, 5, 6, 7, 8] as CipherType[])('cipher %i seals and opens without allocating per packet', (cipher) => {
		const opened = openBackend('libcrypto');
		if (typeof opened === 'string') throw new Error(opened);
		const { backend } = opened;
		const suite = { cipher, hash: 3, keyExchange: 3, signature: signatureTypeFor(cipher, false) } as const;
		const keys = new KeyBlock(systemRandom(32), systemRandom(CIPHERS[cipher].keyBytes), systemRandom(4));
		const sealer = new Sealer(backend, suite, keys, new NonceCounter());
		const opener = new Opener(backend, suite, keys);
		const bytes = new Uint8Array(sealer.sealedBytes(PLAIN_BYTES));
		let plainBytes = 0;
		const turn = (packets: number) => {
			for (let i = 0; i < packets; i += 1) {
				const length = sealer.seal(bytes, 0, PLAIN_BYTES);
				plainBytes += opener.open(bytes, 0, length);
			}
		};
		turn(20_000);
		const before = heapStats().objectCount;
		turn(PACKETS);
		const objects = heapStats().objectCount - before;
		expect(plainBytes).toBe((20_000 + PACKETS) * PLAIN_BYTES);
		expect(objects).toBeLessThan(PACKETS / 100);
	});
});
