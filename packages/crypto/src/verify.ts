/** How the two sides prove to each other that they hold the same keys (docs/protocol.md, sections 11.9 and 11.10). */
import { setU32, VERIFY_DATA_BYTES } from '@uftp/wire';
import { concatBytes } from './bytes.ts';
import { equalBytes } from './constant-time.ts';
import type { Backend } from './ports.ts';
import { prf } from './prf.ts';
import type { Suite } from './suites.ts';

/** What one receiver and the sender both know after REGISTER. Printing it does not show the premaster. */
export class Handshake {
	readonly groupId: number;
	/** The session's private multicast address, 4 or 16 bytes; all zero in a unicast session. */
	readonly privateAddress: Uint8Array;
	readonly rand1: Uint8Array;
	readonly rand2: Uint8Array;
	readonly #premaster: Uint8Array;

	constructor(
		groupId: number,
		privateAddress: Uint8Array,
		rand1: Uint8Array,
		rand2: Uint8Array,
		premaster: Uint8Array,
	) {
		this.groupId = groupId;
		this.privateAddress = privateAddress;
		this.rand1 = rand1;
		this.rand2 = rand2;
		this.#premaster = premaster;
	}

	get premaster(): Uint8Array {
		return this.#premaster;
	}
}

/** The bytes that a CLIENT_KEY signs. */
export function clientKeyContent(handshake: Handshake): Uint8Array {
	const { groupId, privateAddress, rand1, rand2, premaster } = handshake;
	const group = new Uint8Array(4);
	setU32(group, 0, groupId);
	return concatBytes(group, privateAddress, rand1, rand2, premaster);
}

/**
 * The 12 bytes of a KEYINFO_ACK.
 *
 * @param clientKeyBlob the key of the receiver's CLIENT_KEY; undefined if the session asks for none.
 */
export function verifyData(
	backend: Backend,
	suite: Suite,
	handshake: Handshake,
	clientKeyBlob: Uint8Array | undefined,
	groupMaster: Uint8Array,
): Uint8Array {
	const content = concatBytes(clientKeyContent(handshake), clientKeyBlob ?? new Uint8Array(0), groupMaster);
	const hash = backend.hash(suite.hash);
	hash.compute(content, 0, content.length);
	return prf(backend, suite.hash, groupMaster, 'client finished', hash.output.slice(), VERIFY_DATA_BYTES);
}

/** Whether a KEYINFO_ACK says what was expected, in constant time. */
export function sameVerifyData(expected: Uint8Array, received: Uint8Array): boolean {
	return expected.length === VERIFY_DATA_BYTES && equalBytes(expected, received);
}
