/** What follows from the group round trip time (GRTT) and the robustness factor; the wire's quantizer is in `wire`. */
import { decodeRtt } from '@uftp/wire';
import { ADVERTISED_GRTT_MS_MAX, ADVERTISED_GRTT_MS_MIN, SILENCE_MS_MIN } from '../limits.ts';

/** A receiver takes over an advertised GRTT only if it differs by more than this (docs/protocol.md, section 3.6). */
const GRTT_CHANGE_MS = 1;

/** The GRTT that the byte of a common header says, in milliseconds, within the bounds of what a node believes. */
export function advertisedGrttMs(grttByte: number): number {
	return Math.min(ADVERTISED_GRTT_MS_MAX, Math.max(ADVERTISED_GRTT_MS_MIN, decodeRtt(grttByte) * 1000));
}

export function isNewGrtt(currentMs: number, advertisedMs: number): boolean {
	return Math.abs(advertisedMs - currentMs) > GRTT_CHANGE_MS;
}

/** How long a peer of the protocol may be silent: max(1 s, robust * GRTT). */
export function silenceMs(robust: number, grttMs: number): number {
	return Math.max(SILENCE_MS_MIN, robust * grttMs);
}

/** How long a REGISTER or COMPLETE is repeated without an answer: max(1 s, 4 * robust * GRTT). */
export function answerWindowMs(robust: number, grttMs: number): number {
	return Math.max(SILENCE_MS_MIN, 4 * robust * grttMs);
}

/**
 * The GRTT that a sender advertises next (docs/protocol.md, section 6.4).
 *
 * The first measurement replaces the initial guess outright; later ones let it fall by a tenth at most, so that one
 * cycle without its slowest receiver does not cut every timer short. `largestRttMs` is 0 when nothing was measured.
 */
export function nextGrttMs(
	previousMs: number,
	largestRttMs: number,
	isFirst: boolean,
	bounds: { readonly min: number; readonly max: number },
): number {
	if (largestRttMs <= 0) return previousMs;
	const floorMs = isFirst ? 0 : previousMs * 0.9;
	return Math.min(bounds.max, Math.max(bounds.min, floorMs, largestRttMs));
}
