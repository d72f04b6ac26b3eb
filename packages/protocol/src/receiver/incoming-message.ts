/** A control message of a session as its receiver finds it: in the clear, whether it came so or was opened. */
import type { CommonHeader } from '@uftp/wire';

export interface IncomingMessage {
	readonly header: Readonly<CommonHeader>;
	/** What follows the common header is bytes[at .. at+length). */
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
	/** It came inside ENCRYPTED. */
	readonly isSealed: boolean;
	/** See `Arrival`. */
	readonly isMarked: boolean;
}
