/** What the pool of response proxies means for the receiving node: the commands that follow from its changes. */
import type { Replica } from '@uftp/bus';
import { parseFingerprint } from '@uftp/crypto';
import type { Receiver, ResponseProxyConfig } from '@uftp/protocol';
import { type AttachedNode, monotonicMs } from '@uftp/transport';
import type { ResponseProxyUser } from './response-pool.ts';

/** `configured`: where answers go while the pool has nobody. */
export function poolUser(
	receiver: Pick<Receiver, 'setResponseProxy' | 'responseProxyLost'>,
	attached: Pick<AttachedNode, 'flush'>,
	configured: ResponseProxyConfig | undefined,
): ResponseProxyUser {
	return {
		assign: (replica) => {
			receiver.setResponseProxy(monotonicMs(), replica === undefined ? configured : proxyOf(replica));
			attached.flush();
		},
		lost: (replica) => {
			receiver.responseProxyLost(monotonicMs(), endpointOf(replica));
			attached.flush();
		},
	};
}

function endpointOf({ address, port }: Replica): ResponseProxyConfig['endpoint'] {
	return { host: address, port };
}

/** The registry vouches for the key: it has it from the replica's own heartbeat. */
function proxyOf(replica: Replica): ResponseProxyConfig {
	const { fingerprint } = replica;
	return {
		endpoint: endpointOf(replica),
		fingerprint: fingerprint === undefined ? undefined : parseFingerprint(fingerprint),
	};
}
