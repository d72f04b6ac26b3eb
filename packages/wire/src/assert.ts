/** An error in this program itself, never in what a peer sent or a caller asked for. */
export class AssertionError extends Error {
	override readonly name = 'AssertionError';
}

/** Stays on in production: a state machine that has lost its invariants must not go on writing to disks. */
export function assert(condition: unknown, message: string): asserts condition {
	if (!condition) throw new AssertionError(message);
}

/** What a failed assertion does, for code that runs per packet: `if (length < 0) fail('...')` saves a call. */
export function fail(message: string): never {
	throw new AssertionError(message);
}
