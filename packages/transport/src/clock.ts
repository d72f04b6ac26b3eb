/** Monotonic time in milliseconds, with fractions. The origin means nothing; only differences do. */
export function monotonicMs(): number {
	return performance.now();
}
