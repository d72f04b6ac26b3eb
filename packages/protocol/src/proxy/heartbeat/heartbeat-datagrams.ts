/** Whole heartbeat datagrams (docs/protocol.md, section 12.3): group id, instance and sequence of all of them are 0. */

import {
	emptyHeader,
	encodeHbReq,
	encodeHbResp,
	HbReqLayout,
	HbRespLayout,
	HEADER_BYTES,
	MessageType,
	type Span,
	writeHeader,
} from '@uftp/wire';
import { assert } from '../../assert.ts';

/** What a proxy says to a heartbeat. */
export const HeartbeatResult = { Failed: 0, Ok: 1, Challenge: 2 } as const;
export type HeartbeatResult = (typeof HeartbeatResult)[keyof typeof HeartbeatResult];

/** "I am here", from node `sourceId`; `key` and `signature` are empty, and the nonce 0, when it is not signed. */
export function composeHbReq(sourceId: number, nonce: number, publicKey: Span, signature: Span): Uint8Array {
	const bytes = new Uint8Array(HEADER_BYTES + HbReqLayout.size + publicKey.length + signature.length);
	writeHeader(bytes, 0, { ...emptyHeader(), func: MessageType.HB_REQ, sourceId });
	const length = encodeHbReq(bytes, HEADER_BYTES, { nonce, publicKey, signature });
	assert(HEADER_BYTES + length === bytes.length, 'a heartbeat has its own length');
	return bytes;
}

/** The answer of proxy `sourceId`; the nonce is 0 unless it is a challenge. */
export function composeHbResp(sourceId: number, result: HeartbeatResult, nonce: number): Uint8Array {
	const bytes = new Uint8Array(HEADER_BYTES + HbRespLayout.size);
	writeHeader(bytes, 0, { ...emptyHeader(), func: MessageType.HB_RESP, sourceId });
	const length = encodeHbResp(bytes, HEADER_BYTES, { result, nonce });
	assert(HEADER_BYTES + length === bytes.length, 'an answer has its own length');
	return bytes;
}
