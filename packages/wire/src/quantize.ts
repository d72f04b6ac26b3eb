/**
 * The three lossy encodings of the wire: round trip times (one byte, RFC 5401), group sizes (one byte) and rates (two
 * bytes). Vectors: docs/protocol.md, sections 3.6 to 3.8.
 */

const RTT_MIN_SECONDS = 1e-6;
const RTT_MAX_SECONDS = 1000;
/** Below this the RTT scale is linear, above it is exponential. */
const RTT_LINEAR_SECONDS = 33e-6;

/** Encodes a round trip time in seconds, clamped to 1 microsecond .. 1000 seconds, rounding up. */
export function encodeRtt(seconds: number): number {
	const rtt = Math.min(Math.max(seconds, RTT_MIN_SECONDS), RTT_MAX_SECONDS);
	if (rtt < RTT_LINEAR_SECONDS) return Math.max(0, Math.trunc(rtt / RTT_MIN_SECONDS) - 1);
	return Math.ceil(255 - 13 * Math.log(RTT_MAX_SECONDS / rtt));
}

const RTT_SECONDS = Float64Array.from({ length: 256 }, (_, code) =>
	code <= 31 ? (code + 1) * RTT_MIN_SECONDS : RTT_MAX_SECONDS / Math.exp((255 - code) / 13),
);

/** Seconds of a round trip time byte. */
export function decodeRtt(code: number): number {
	return RTT_SECONDS[code & 0xff];
}

/** Encodes a group size: 5 bits of mantissa, 3 bits of decimal exponent. Sizes above 10^8 are sent as the largest code. */
export function encodeGroupSize(size: number): number {
	let mantissa = Math.max(0, size);
	let exponent = 0;
	while (mantissa >= 10) {
		mantissa /= 10;
		exponent++;
	}
	let code = Math.trunc(mantissa * 3.2 + 0.5) << 3;
	if (code > 0xff) {
		mantissa /= 10;
		exponent++;
		code = Math.trunc(mantissa * 3.2 + 0.5) << 3;
	}
	return exponent > 7 ? 0xff : code | exponent;
}

/** Number of receivers of a group size byte. */
export function decodeGroupSize(code: number): number {
	return Math.trunc(((code >> 3) & 0x1f) * 0.3125 * 10 ** (code & 7) + 0.5);
}

/** The rate that means "no limit" in TFMCC feedback, in bytes per second. */
export const UNLIMITED_RATE_BYTES_PER_SECOND = 0xffff_ffff_ffff;

/** Encodes a rate in bytes per second: 12 bits of mantissa, 4 bits of decimal exponent. Capped at the unlimited rate. */
export function encodeRate(bytesPerSecond: number): number {
	let mantissa = Math.min(Math.max(0, bytesPerSecond), UNLIMITED_RATE_BYTES_PER_SECOND);
	let exponent = 0;
	// Strictly greater: 10 itself only moves to the next exponent by overflowing the mantissa, as the C programs do it.
	while (mantissa > 10) {
		mantissa /= 10;
		exponent++;
	}
	let code = Math.trunc(mantissa * 409.6 + 0.5) << 4;
	if (code > 0xffff) {
		mantissa /= 10;
		exponent++;
		code = Math.trunc(mantissa * 409.6 + 0.5) << 4;
	}
	return code | exponent;
}

/** Bytes per second of a rate code. */
export function decodeRate(code: number): number {
	return Math.trunc((((code >> 4) & 0xfff) * 10 * 10 ** (code & 0xf)) / 4096);
}
