/**
 * What a TCP flow would get: the equation of RFC 4654, section 2.2 (docs/protocol.md, section 10.3), and its inverse.
 */

/**
 * Bytes per second of a TCP flow with packets of `packetBytes`, a round trip of `rttMs` and a loss event rate of
 * `lossEventRate` (0 to 1). Infinity without loss.
 */
export function tcpBytesPerSecond(packetBytes: number, rttMs: number, lossEventRate: number): number {
	if (lossEventRate <= 0) return Number.POSITIVE_INFINITY;
	const p = Math.min(1, lossEventRate);
	const roundTrips = Math.sqrt((2 * p) / 3) + 12 * Math.sqrt((3 * p) / 8) * p * (1 + 32 * p * p);
	return packetBytes / ((rttMs / 1000) * roundTrips);
}

/**
 * The loss interval in packets at which a TCP flow would get `bytesPerSecond`, by the equation's first term: with it the
 * loss history begins at the first loss. (RFC 4654 has a factor 8 here: its rates are bits per second.)
 */
export function lossIntervalAt(bytesPerSecond: number, packetBytes: number, rttMs: number): number {
	const packetsPerRoundTrip = (bytesPerSecond * (rttMs / 1000)) / packetBytes;
	return Math.max(1, packetsPerRoundTrip ** 2 / 1.5);
}
