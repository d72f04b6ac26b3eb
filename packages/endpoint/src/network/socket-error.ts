import { TransportError } from '@uftp/transport';
import { EndpointError } from '../problems/index.ts';

/** An error of a socket as an `EndpointError` `socket-failed` with the system's code ("EADDRINUSE"); others as they are. */
export function socketError(error: unknown): unknown {
	if (!(error instanceof TransportError)) return error;
	return new EndpointError('socket-failed', { why: error.message, systemCode: error.code }, error);
}
