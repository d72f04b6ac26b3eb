/**
 * The cryptography that this process runs on does not do what it should, or there is none: a matter of the machine or of
 * a damaged key, not of what a peer sent.
 */
export class CryptographyError extends Error {
	override readonly name = 'CryptographyError';
}
