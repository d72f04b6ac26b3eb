/** A sender's timestamp on its way back: answers carry it advanced by the time that they were held. */
import type { Timestamp } from '@uftp/wire';

/** A time as the sender wrote it, and when it came here (`now`, in ms). */
export interface HeldTimestamp {
	readonly timestamp: Timestamp;
	readonly heardAt: number;
}

/** A held timestamp as it goes back at `now`, in the sender's clock: seconds wrap at 32 bits, as everywhere in 4.x. */
export function advance(held: HeldTimestamp, now: number): Timestamp {
	const microseconds = held.timestamp.microseconds + Math.max(0, Math.round((now - held.heardAt) * 1000));
	const carry = Math.trunc(microseconds / 1_000_000);
	return {
		seconds: (held.timestamp.seconds + carry) % 2 ** 32,
		microseconds: microseconds - carry * 1_000_000,
	};
}
