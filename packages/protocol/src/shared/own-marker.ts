/**
 * How our receivers tell our senders that they are ours: in the 32 "rand2" bytes of a plain REGISTER, which C programs
 * send as zero and never read. Bytes 0-3 stay zero and 16-31 too, so that the layout fits into an encrypted session's
 * random field as well (there: time, and random bytes).
 */

export const OWN_MARKER_BYTES = 32;
const MAGIC = [0x55, 0x54, 0x53, 0x31] as const; // "UTS1"

/** Writes the marker of a receiver with this 64-bit instance id (two halves) to the rand2 field at `at`. */
export function writeOwnMarker(rand2: Uint8Array, instance: readonly [number, number], at = 0): void {
	rand2.fill(0, at, at + OWN_MARKER_BYTES);
	for (let i = 0; i < 4; i++) {
		rand2[at + 4 + i] = MAGIC[i];
		rand2[at + 8 + i] = instance[0] >>> (24 - 8 * i);
		rand2[at + 12 + i] = instance[1] >>> (24 - 8 * i);
	}
}

/** The instance id of a receiver of ours; undefined when the field does not carry our mark. */
export function readOwnMarker(rand2: Uint8Array, at = 0): [number, number] | undefined {
	if (rand2.length - at < OWN_MARKER_BYTES) return undefined;
	for (let i = 0; i < 4; i++) if (rand2[at + 4 + i] !== MAGIC[i]) return undefined;
	return [readUint32(rand2, at + 8), readUint32(rand2, at + 12)];
}

function readUint32(bytes: Uint8Array, at: number): number {
	return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
