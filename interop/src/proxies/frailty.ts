import type { Cast } from './cast.ts';
import type { ProxyScenario } from './proxy-scenario.ts';

/**
 * Whether a C proxy itself may lose a receiver: where packets of the handshake are lost it now and then gives a receiver
 * no key, however often that registers and is confirmed (C alone: 2 sessions of 12 at 3 % on both hops).
 * Such a row has passed when one of a few sessions is as it should be.
 */
export function isFrail({ way, suite, lossPercent }: ProxyScenario, cast: Cast): boolean {
	const handshakes = way === 'response' ? cast.responseProxy : cast.clientProxy;
	return handshakes === 'C' && suite !== undefined && lossPercent !== undefined;
}

/** Sessions that a frail row gets. */
export const frailAttempts = 4;
