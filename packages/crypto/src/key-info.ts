/**
 * KEYINFO: the group master, wrapped for each receiver with that receiver's session key (docs/protocol.md,
 * section 11.7).
 */
import { type KeyInfo, type KeyInfoItem, type Span, setU32, setU64, spanOf, WRAPPED_KEY_BYTES } from '@uftp/wire';
import { pkcs7PaddingBytes } from './constant-time.ts';
import { CryptographyError } from './cryptography-error.ts';
import { GROUP_MASTER_VERSION, type KeyBlock, MASTER_BYTES } from './key-schedule.ts';
import { type NonceCounter, writeIv } from './nonce.ts';
import type { Backend } from './ports.ts';
import { CIPHERS, type Suite } from './suites.ts';

/** Source id and counter, as `writeIv` reads them. */
const IV_SOURCE_BYTES = 12;

/** A receiver that is to get the group master. */
export interface KeyRecipient {
	readonly clientId: number;
	/** The session keys shared with it. */
	readonly keys: KeyBlock;
}

/**
 * The KEYINFO for these receivers, at most `keyInfoItemsPerMessage(blockBytes)` of them. Takes one counter for all.
 *
 * @param sourceId of the header under which it will be sent: it goes into the IV.
 */
export function composeKeyInfo(
	backend: Backend,
	suite: Suite,
	groupMaster: Uint8Array,
	counter: NonceCounter,
	sourceId: number,
	recipients: readonly KeyRecipient[],
): KeyInfo {
	const value = counter.next();
	const ivSource = new Uint8Array(IV_SOURCE_BYTES);
	setU32(ivSource, 0, sourceId);
	setU64(ivSource, 4, value);
	const items: KeyInfoItem[] = recipients.map(({ clientId, keys }) => {
		return { clientId, wrappedKey: spanOf(wrap(backend, suite, groupMaster, keys, ivSource)) };
	});
	return { counter: BigInt(value), items };
}

/**
 * The group master out of this receiver's item of a KEYINFO. Undefined if it is not wrapped with these keys: the
 * sender derived others, as when two receivers with one id registered. One wrong key in 256 goes unnoticed here, since one
 * byte of padding is all there is to check: then nothing in ENCRYPTED opens.
 *
 * @param sourceId of the header of the KEYINFO.
 */
export function unwrapGroupMaster(
	backend: Backend,
	suite: Suite,
	keys: KeyBlock,
	counter: bigint,
	sourceId: number,
	wrapped: Span,
): Uint8Array | undefined {
	if (wrapped.length !== WRAPPED_KEY_BYTES) return undefined;
	const ivSource = new Uint8Array(IV_SOURCE_BYTES);
	setU32(ivSource, 0, sourceId);
	setU32(ivSource, 4, Number(counter >> 32n));
	setU32(ivSource, 8, Number(counter & 0xffff_ffffn));
	const groupMaster = new Uint8Array(1 + WRAPPED_KEY_BYTES);
	groupMaster.set(wrapped.bytes.subarray(wrapped.at, wrapped.at + wrapped.length), 1);
	const { wrapping } = CIPHERS[suite.cipher];
	const cipher = backend.cipher(wrapping, keys.key);
	writeIv(cipher.iv, keys.salt, ivSource, 0, 4);
	if (!cipher.open(groupMaster, 1, WRAPPED_KEY_BYTES, 0, 0)) return undefined;
	const padding = pkcs7PaddingBytes(groupMaster, 1, WRAPPED_KEY_BYTES, CIPHERS[wrapping].blockBytes);
	if (padding !== WRAPPED_KEY_BYTES - (MASTER_BYTES - 1)) return undefined;
	groupMaster[0] = GROUP_MASTER_VERSION;
	return groupMaster.slice(0, MASTER_BYTES);
}

function wrap(
	backend: Backend,
	suite: Suite,
	groupMaster: Uint8Array,
	keys: KeyBlock,
	ivSource: Uint8Array,
): Uint8Array {
	const wrapped = new Uint8Array(WRAPPED_KEY_BYTES);
	wrapped.set(groupMaster.subarray(1));
	wrapped.fill(WRAPPED_KEY_BYTES - (MASTER_BYTES - 1), MASTER_BYTES - 1);
	const cipher = backend.cipher(CIPHERS[suite.cipher].wrapping, keys.key);
	writeIv(cipher.iv, keys.salt, ivSource, 0, 4);
	if (!cipher.seal(wrapped, 0, WRAPPED_KEY_BYTES, 0, 0)) {
		throw new CryptographyError('the cryptography library refused to wrap the group key; choose another backend');
	}
	return wrapped;
}
