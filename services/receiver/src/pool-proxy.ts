import { parseFingerprint } from '@uftp/crypto';
import type { RunningReceiver } from '@uftp/endpoint/receiving';
import type { ResponseProxyConfig } from '@uftp/protocol';
import type { ResponseProxyUser } from './response-pool.ts';

/** What the pool of response proxies means for the receiver; `configured`: where answers go while the pool is empty. */
export function poolUser(
	receiver: Pick<RunningReceiver, 'setResponseProxy' | 'responseProxyLost'>,
	configured: ResponseProxyConfig | undefined,
): ResponseProxyUser {
	return {
		assign: (replica) => {
			if (replica === undefined) {
				receiver.setResponseProxy(configured);
				return;
			}
			const { address, port, fingerprint } = replica;
			receiver.setResponseProxy({
				endpoint: { host: address, port },
				// The registry vouches for the key: it has it from the replica's own heartbeat.
				fingerprint: fingerprint === undefined ? undefined : parseFingerprint(fingerprint),
			});
		},
		lost: ({ address, port }) => receiver.responseProxyLost({ host: address, port }),
	};
}
