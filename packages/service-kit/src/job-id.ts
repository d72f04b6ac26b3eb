/** Ids of jobs: UUIDs of version 7 (RFC 9562), so that their order as text is the order in which they were made. */

let lastMs = 0;
let counter = 0;

/** A new id. Ids of one process always ascend, also within one millisecond and when the clock is set back. */
export function newJobId(nowMs: number = Date.now()): string {
	if (nowMs > lastMs) {
		lastMs = nowMs;
		// Half of the 12 bits are left to count up.
		counter = (crypto.getRandomValues(new Uint16Array(1))[0] as number) & 0x7ff;
	} else if (++counter > 0xfff) {
		lastMs++;
		counter = 0;
	}
	const tail = crypto.getRandomValues(new Uint8Array(8));
	tail[0] = ((tail[0] as number) & 0x3f) | 0x80;
	const hex = lastMs.toString(16).padStart(12, '0');
	const end = [...tail].map((byte) => byte.toString(16).padStart(2, '0')).join('');
	const middle = `7${counter.toString(16).padStart(3, '0')}`;
	return `${hex.slice(0, 8)}-${hex.slice(8)}-${middle}-${end.slice(0, 4)}-${end.slice(4)}`;
}
