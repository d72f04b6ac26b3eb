/** Why the bus refused or failed; every class below carries one of these as `code`. */
export type BusErrorCode =
	| 'invalid-subject'
	| 'invalid-header'
	| 'payload-too-large'
	| 'no-responders'
	| 'timeout'
	| 'closed'
	| 'unavailable'
	| 'permission-denied';

/** Everything that a bus throws or rejects with. `message` is a sentence for a person, `code` is for programs. */
export class BusError extends Error {
	readonly code: BusErrorCode;

	constructor(code: BusErrorCode, message: string, options?: ErrorOptions) {
		super(message, options);
		this.name = new.target.name;
		this.code = code;
	}
}

/** The subject or pattern is not one that NATS accepts: an empty token, white space, a wildcard in a publish. */
export class InvalidSubject extends BusError {
	constructor(subject: string, reason: string) {
		super('invalid-subject', `The subject ${JSON.stringify(subject.slice(0, 120))} cannot be used: ${reason}.`);
	}
}

/** A header name or value that could not be told apart from the framing around it. */
export class InvalidHeader extends BusError {
	constructor(name: string, reason: string) {
		super('invalid-header', `The header ${JSON.stringify(name.slice(0, 120))} cannot be sent: ${reason}.`);
	}
}

/** The payload (with its headers) is larger than the server takes. */
export class PayloadTooLarge extends BusError {
	constructor(bytes: number, maxBytes: number) {
		super(
			'payload-too-large',
			`A message of ${bytes} bytes is larger than the bus takes (${maxBytes} bytes): ` +
				'split it, or send the bulk as a file and name it in the message.',
		);
	}
}

/** Nobody is subscribed to the subject of a request. Known at once, not after the timeout. */
export class NoResponders extends BusError {
	constructor(subject: string) {
		super('no-responders', `Nobody answers on ${subject}: the service that should is not running on this bus.`);
	}
}

/** Somebody got the request and did not answer in time, or the bus was away for that long. */
export class RequestTimeout extends BusError {
	constructor(subject: string, timeoutMs: number, connected: boolean) {
		super(
			'timeout',
			connected
				? `No answer on ${subject} within ${timeoutMs} ms: the service is busy, stuck or gone.`
				: `No answer on ${subject} within ${timeoutMs} ms: the connection to the bus is down.`,
		);
	}
}

/** The bus was closed or is draining: a mistake of the caller. */
export class BusClosed extends BusError {
	constructor(what: string) {
		super('closed', `The bus is closed: ${what} is no longer possible.`);
	}
}

/** The bus cannot be reached, or not with these credentials. */
export class BusUnavailable extends BusError {
	constructor(message: string, cause?: unknown) {
		super('unavailable', message, cause === undefined ? undefined : { cause });
	}
}

/** The server does not let this user publish or subscribe there. */
export class PermissionDenied extends BusError {
	constructor(operation: string, subject: string) {
		super(
			'permission-denied',
			`The bus refuses to let this user ${operation} ${subject}: check the permissions of the user in the server.`,
		);
	}
}
