/** ENCRYPTED datagrams at a receiver: who may have sent them, and where what they hold then stands. */

import { OpenRefusal, openedAt } from '@uftp/crypto';
import {
	copyBytes,
	ENCRYPTED_HEADER_BYTES,
	fileSegDataOffset,
	HEADER_BYTES,
	Header,
	MessageType,
	VERSION,
} from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { DropReason } from '../../drop-reason.ts';
import { SealedRefusal } from '../../shared/security/session-security.ts';
import type { SessionLink } from '../answers.ts';

const { version, func, sourceId, groupInstance } = Header.fields;

const REFUSALS: Readonly<Record<OpenRefusal, DropReason>> = {
	[OpenRefusal.MALFORMED]: 'malformed',
	[OpenRefusal.UNKNOWN_SIGNER]: 'unknown-signer',
	[OpenRefusal.FORGED]: 'forged',
	[OpenRefusal.BADLY_PADDED]: 'badly-padded',
};

/** Whether a reason of `openSealed` comes about on any network, without a fault of anybody. */
export function isOrdinary(reason: DropReason): boolean {
	return reason === 'replayed' || reason === 'no-group-key-yet';
}

/** Whether bytes[at .. at+length) may be an ENCRYPTED datagram at all. */
export function looksSealed(bytes: Uint8Array, at: number, length: number): boolean {
	if (length <= ENCRYPTED_HEADER_BYTES || at + length > bytes.length) return false;
	return version.get(bytes, at) === VERSION && func.get(bytes, at) === MessageType.ENCRYPTED;
}

/**
 * Opens a datagram of the session behind `link` in place: how many plain bytes it holds, or why it is dropped (a reason
 * for the counters). Hot.
 */
export function openSealed(link: SessionLink, bytes: Uint8Array, at: number, length: number): number | DropReason {
	const isOfSender = sourceId.get(bytes, at) === link.senderId;
	if (!isOfSender && link.proxy === undefined) return 'wrong-source';
	if (groupInstance.get(bytes, at) !== link.groupInstance) return 'wrong-instance';
	if (link.security === undefined) return 'encrypted-in-clear-session';
	const { security } = link;
	const plainBytes = isOfSender ? security.open(bytes, at, length) : security.openOfProxy(bytes, at, length);
	if (plainBytes > 0) return plainBytes;
	if (plainBytes === SealedRefusal.REPLAYED) return 'replayed';
	if (plainBytes === SealedRefusal.NO_GROUP_KEY) return 'no-group-key-yet';
	return REFUSALS[plainBytes as OpenRefusal] ?? 'malformed';
}

/**
 * Makes a clear FILESEG of an opened one: its common header is put right before its second header. Returns where it
 * then starts, or -1 if its header lies. Hot.
 */
export function uncoverBlock(bytes: Uint8Array, at: number, plainBytes: number): number {
	const plainAt = openedAt(bytes, at);
	if (fileSegDataOffset(bytes, plainAt, plainBytes) < 0) return -1;
	const headerAt = plainAt - HEADER_BYTES;
	assert(headerAt >= at, 'what is opened stands behind the header that it came with');
	copyBytes(bytes, at, bytes, headerAt, HEADER_BYTES);
	func.set(bytes, headerAt, MessageType.FILESEG);
	return headerAt;
}
