/** What the header of a clear data packet must look like before anybody looks into it (wire facts, section 7). */
import { FILESEG_HEADER_BYTES, HEADER_BYTES, Header, MessageType, VERSION } from '@uftp/wire';

const { version, func } = Header.fields;

/** Bytes before the payload of the FILESEG at `headerAt`. Hot. */
export function blockHeaderBytes(bytes: Uint8Array, headerAt: number): number {
	return HEADER_BYTES + bytes[headerAt + HEADER_BYTES + 1] * 4;
}

/** Whether a FILESEG starts at `headerAt`: plain (8 bytes of second header), or with congestion control (16). Hot. */
export function isBlockHeader(bytes: Uint8Array, headerAt: number): boolean {
	if (headerAt + FILESEG_HEADER_BYTES > bytes.length) return false;
	if (version.get(bytes, headerAt) !== VERSION || func.get(bytes, headerAt) !== MessageType.FILESEG) return false;
	const headerBytes = bytes[headerAt + HEADER_BYTES + 1] * 4;
	return bytes[headerAt + HEADER_BYTES] === MessageType.FILESEG && (headerBytes === 8 || headerBytes === 16);
}
