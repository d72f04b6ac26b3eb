/** What receivers answer, decoded: each message with its kind. */
import {
	decodeAbort,
	decodeCcAck,
	decodeComplete,
	decodeFileInfoAck,
	decodeKeyInfoAck,
	decodeStatus,
	isMalformed,
	type Malformed,
	MessageType,
} from '@uftp/wire';

export type Answer = Exclude<NonNullable<ReturnType<typeof decodeAnswer>>, Malformed>;

/** The answers of receivers, each with its kind; undefined for a message that is none. */
export function decodeAnswer(func: number, bytes: Uint8Array, at: number, length: number) {
	switch (func) {
		case MessageType.FILEINFO_ACK:
			return tagged(func, decodeFileInfoAck(bytes, at, length));
		case MessageType.STATUS:
			return tagged(func, decodeStatus(bytes, at, length));
		case MessageType.COMPLETE:
			return tagged(func, decodeComplete(bytes, at, length));
		case MessageType.KEYINFO_ACK:
			return tagged(func, decodeKeyInfoAck(bytes, at, length));
		case MessageType.CC_ACK:
			return tagged(func, decodeCcAck(bytes, at, length));
		case MessageType.ABORT:
			return tagged(func, decodeAbort(bytes, at, length));
		default:
			return undefined;
	}
}

function tagged<K extends number, T extends object>(kind: K, message: T | Malformed) {
	return isMalformed(message) ? message : { kind, message };
}
