/** Proxies that start while a session is announced may answer for its receivers as those that were there before. */
import type { Heartbeat } from '@uftp/bus';
import { maxJobProxies } from '@uftp/bus/schemas';
import type { Sending } from '@uftp/endpoint/sending';
import { gatheringProxy } from '../expected-receivers.ts';
import { lateProxyKey } from '../sender-security.ts';
import type { JobContext, JobOrder } from './job-order.ts';
import type { JobProxy } from './job-proxies.ts';

/** Tells the session of every proxy that is heard from now on, until the function that it returns is called. */
export function expectLateProxies(
	sending: Sending,
	{ job, addresses }: JobOrder,
	proxies: readonly JobProxy[],
	{ heardProxies, keys, service }: JobContext,
): () => void {
	if (job.proxies !== undefined) return () => {};
	const seen = new Set(proxies.map(({ proxyId }) => proxyId));
	const onHeard = (heartbeat: Heartbeat): void => {
		const proxy = gatheringProxy(heartbeat, addresses);
		if (proxy === undefined || seen.has(proxy.proxyId) || seen.size >= maxJobProxies) return;
		seen.add(proxy.proxyId);
		const { proxyId } = proxy;
		const { fingerprint, isRefused } = lateProxyKey(keys, { proxyId, fingerprint: undefined, shownKeys: proxy.keys });
		if (!isRefused) sending.expectProxy(proxyId, fingerprint);
	};
	return heardProxies.onHeard((heartbeat) => {
		try {
			onHeard(heartbeat);
		} catch (error) {
			service.logger.warn(`A proxy that was heard cannot be expected: ${(error as Error).message}`);
		}
	});
}
