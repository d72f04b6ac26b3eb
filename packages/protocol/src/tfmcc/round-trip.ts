/**
 * A receiver's own round trip time, as the sender measures it and says it in CONG_CTRL (docs/protocol.md,
 * section 10.5).
 */

/** How much the older value counts: the CLR is measured every GRTT, others now and then. */
const INERTIA = { clr: 0.9, other: 0.5 } as const;

/** The smoothed round trip time after another sample; `smoothedMs` is 0 before the first, which counts in full. */
export function smoothRtt(smoothedMs: number, sampleMs: number, isClr: boolean): number {
	if (smoothedMs <= 0) return sampleMs;
	const inertia = isClr ? INERTIA.clr : INERTIA.other;
	return inertia * smoothedMs + (1 - inertia) * sampleMs;
}
