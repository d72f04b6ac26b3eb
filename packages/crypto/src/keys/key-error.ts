/** A key, or a file with one, that cannot be used. The message says why and what to do, and contains nothing secret. */
export class KeyError extends Error {
	override readonly name = 'KeyError';
}
