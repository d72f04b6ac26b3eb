/** Heartbeats to proxies (-H, -h): they keep the way back through a firewall open and tell a proxy where to send. */

import { readEndpoints } from '@uftp/endpoint/network';
import { EndpointError } from '@uftp/endpoint/problems';
import { type Endpoint, formatEndpoint } from '@uftp/protocol';
import { DEFAULT_PORT, EMPTY_SPAN, emptyHeader, encodeHbReq, HEADER_BYTES, MessageType, writeHeader } from '@uftp/wire';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { Level, type Log } from '../drop-in/log.ts';

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

/** A plain HB_REQ: no session, no key. */
export function heartbeatDatagram(receiverId: number): Uint8Array {
	const bytes = new Uint8Array(64);
	const header = { ...emptyHeader(), func: MessageType.HB_REQ, sourceId: receiverId };
	writeHeader(bytes, 0, header);
	const body = encodeHbReq(bytes, HEADER_BYTES, { nonce: 0, publicKey: EMPTY_SPAN, signature: EMPTY_SPAN });
	return bytes.slice(0, HEADER_BYTES + body);
}

/** Sends a heartbeat to each target now and every `intervalMs`; returns how to stop. */
export function startHeartbeats(
	targets: readonly Endpoint[],
	intervalMs: number,
	send: (target: Endpoint) => void,
	log: Log,
): () => void {
	const beat = (): void => {
		for (const target of targets) {
			send(target);
			log.say(Level.Info, `Sent HB_REQ to ${formatEndpoint(target)}`);
		}
	};
	if (targets.length === 0) return () => {};
	beat();
	const timer = setInterval(beat, intervalMs);
	return () => clearInterval(timer);
}
