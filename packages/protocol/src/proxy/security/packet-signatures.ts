/**
 * Key-exchange signatures, which are made and checked hop by hop: what a gathering proxy passes on, it has found signed
 * rightly, and it signs it with its own key (docs/protocol.md, section 12.5). Everything else in the packet stays.
 */

import { type Signer, signField, type Verifier, verifyField } from '@uftp/crypto';
import { checkEncrypted, ENCRYPTED_HEADER_BYTES, EncryptedLayout, HEADER_BYTES, Header, MessageType } from '@uftp/wire';
import { assert } from '../../assert.ts';

/** A sealed datagram, bytes[at .. at+length), of the node `sourceId`. */
export interface SignedDatagram {
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
	readonly sourceId: number;
}

/**
 * Puts a signature of `signer` in place of the one on the datagram. False, and
 * the bytes are as they were, if it is not one, `verifier` finds it forged, or the signatures differ in length.
 */
export function signAnew({ bytes, at, length, sourceId }: SignedDatagram, verifier: Verifier, signer: Signer): boolean {
	const bodyAt = at + HEADER_BYTES;
	if (length <= HEADER_BYTES || checkEncrypted(bytes, bodyAt, length - HEADER_BYTES) !== undefined) return false;
	if (Header.fields.func.get(bytes, at) !== MessageType.ENCRYPTED) return false;
	if (Header.fields.sourceId.get(bytes, at) !== sourceId) return false;
	const signatureBytes = EncryptedLayout.fields.signatureBytes.get(bytes, bodyAt);
	const signatureAt = at + ENCRYPTED_HEADER_BYTES;
	assert(at >= 0 && at + length <= bytes.length, 'a datagram lies within its memory');
	if (signatureBytes !== signer.output.length) return false;
	if (!verifyField(verifier, bytes, at, length, signatureAt, signatureBytes)) return false;
	signField(signer, bytes, at, length, signatureAt, signatureBytes);
	return true;
}
