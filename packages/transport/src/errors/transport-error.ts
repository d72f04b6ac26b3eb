/** Something the caller asked of the network cannot be done. The message says what, the likely cause, what to do. */
export class TransportError extends Error {
	override readonly name = 'TransportError';
	/** The system's name of the error ("EADDRINUSE", ...), or "" where no system call failed. */
	readonly code: string;

	constructor(message: string, code = '') {
		super(message);
		this.code = code;
	}
}
