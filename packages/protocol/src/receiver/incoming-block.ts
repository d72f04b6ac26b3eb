/**
 * A data packet on its way through a receiving node: what its datagram says of it, and in the end where its payload
 * belongs. A node has one such object for all packets, so that none costs memory.
 */
import { FILESEG_HEADER_BYTES, FILESEG_TFMCC_HEADER_BYTES, HEADER_BYTES, MessageType } from '@uftp/wire';
import { fail } from '../assert.ts';
import type { Placement } from '../session.ts';

export class IncomingBlock implements Placement {
	bytes: Uint8Array = new Uint8Array(0);
	/** Where the common header starts; that of a sealed packet has been put before the opened second header. */
	headerAt = 0;
	/** The payload is bytes[at .. at+length). */
	at = 0;
	length = 0;
	/** Of the datagram as it came. */
	datagramBytes = 0;
	/** It came sealed, and opened with the keys of its session: that proves who sent it. */
	isSealed = false;
	/** See `Arrival`. */
	isMarked = false;
	sourceKey = Number.NaN;
	/** Where the payload belongs, if it is new: the file, and the byte in it. */
	handle = -1;
	offset = -1;

	/** What was opened stands in memory that nobody else needs. */
	get isMovable(): boolean {
		return this.isSealed;
	}

	place(handle: number, offset: number): void {
		if (!(handle > 0)) fail('a block is placed in an open file');
		if (!(offset >= 0)) fail('a block is placed at a byte of its file');
		this.handle = handle;
		this.offset = offset;
	}
}

/**
 * Bytes before the payload of the FILESEG whose common header starts at `headerAt`, of which `length` bytes are there in
 * one piece: 24, or 32 with congestion control. 0 if its header lies. Hot.
 */
export function blockHeaderBytes(bytes: Uint8Array, headerAt: number, length: number): number {
	if (length < FILESEG_HEADER_BYTES || bytes[headerAt + HEADER_BYTES] !== MessageType.FILESEG) return 0;
	const headerBytes = HEADER_BYTES + bytes[headerAt + HEADER_BYTES + 1] * 4;
	if (headerBytes > length) return 0;
	return headerBytes === FILESEG_HEADER_BYTES || headerBytes === FILESEG_TFMCC_HEADER_BYTES ? headerBytes : 0;
}
