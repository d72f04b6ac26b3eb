/** From the premaster to the keys (docs/protocol.md, section 11.5). */
import { concatBytes } from './bytes.ts';
import type { Backend, RandomBytes } from './ports.ts';
import { prf } from './prf.ts';
import { CIPHERS, HASHES, type Suite } from './suites.ts';

export const MASTER_BYTES = 48;
export const SALT_BYTES = 4;
/** The version byte of the common header, which is the first byte of every group master. */
export const GROUP_MASTER_VERSION = 0x40;

/** HMAC key, cipher key and IV salt of a session or a group. Printing it shows none of them. */
export class KeyBlock {
	readonly #hmacKey: Uint8Array;
	readonly #key: Uint8Array;
	readonly #salt: Uint8Array;

	constructor(hmacKey: Uint8Array, key: Uint8Array, salt: Uint8Array) {
		this.#hmacKey = hmacKey;
		this.#key = key;
		this.#salt = salt;
	}

	get hmacKey(): Uint8Array {
		return this.#hmacKey;
	}

	get key(): Uint8Array {
		return this.#key;
	}

	get salt(): Uint8Array {
		return this.#salt;
	}
}

/** The 48 bytes that a sender and one receiver share. */
export function masterSecret(
	backend: Backend,
	suite: Suite,
	premaster: Uint8Array,
	rand1: Uint8Array,
	rand2: Uint8Array,
): Uint8Array {
	return prf(backend, suite.hash, premaster, 'master secret', concatBytes(rand1, rand2), MASTER_BYTES);
}

/** The keys between a sender and one receiver: they protect that receiver's item in KEYINFO. */
export function sessionKeys(
	backend: Backend,
	suite: Suite,
	master: Uint8Array,
	rand1: Uint8Array,
	rand2: Uint8Array,
): KeyBlock {
	return cut(backend, suite, master, concatBytes(rand1, rand2));
}

/** The keys of the whole group: they protect everything in ENCRYPTED. */
export function groupKeys(backend: Backend, suite: Suite, groupMaster: Uint8Array, rand1: Uint8Array): KeyBlock {
	return cut(backend, suite, groupMaster, rand1);
}

function cut(backend: Backend, suite: Suite, secret: Uint8Array, seed: Uint8Array): KeyBlock {
	const hmacBytes = HASHES[suite.hash].bytes;
	const { keyBytes } = CIPHERS[suite.cipher];
	const block = prf(backend, suite.hash, secret, 'key expansion', seed, hmacBytes + keyBytes + SALT_BYTES);
	const keyEnd = hmacBytes + keyBytes;
	return new KeyBlock(block.slice(0, hmacBytes), block.slice(hmacBytes, keyEnd), block.slice(keyEnd));
}

/** A new group master: 48 bytes, the version first, the rest random. */
export function newGroupMaster(random: RandomBytes): Uint8Array {
	const groupMaster = new Uint8Array(MASTER_BYTES);
	groupMaster.set(random(MASTER_BYTES - 1), 1);
	groupMaster[0] = GROUP_MASTER_VERSION;
	return groupMaster;
}
