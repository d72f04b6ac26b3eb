/** Where heartbeats go (-H). */
import { readEndpoints } from '@uftp/endpoint/network';
import { EndpointError } from '@uftp/endpoint/problems';
import type { Endpoint } from '@uftp/protocol';
import { DEFAULT_PORT } from '@uftp/wire';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';

/** Reads -H: `host[:port]`, an IPv6 address with a port in brackets. Exit 1 for what cannot be resolved, as in C. */
export async function heartbeatTargets(words: readonly string[]): Promise<readonly Endpoint[]> {
	try {
		return await readEndpoints(words, DEFAULT_PORT);
	} catch (error) {
		if (!(error instanceof EndpointError)) throw error;
		throw wrong(String(error.facts.word), String(error.facts.why));
	}
}

function wrong(word: string, why: string): CommandError {
	return new CommandError(
		ExitCode.Parameters,
		`Invalid heartbeat address ${word}: ${why}. -H takes host[:port], several with commas between them.`,
	);
}
