import { bufferWarning, type DatagramSocket, monotonicMs } from '@uftp/transport';
import { openProxySockets } from '@uftp/transport/proxies';
import { DEFAULT_PORT } from '@uftp/wire';
import { defaultUid } from '../identity/index.ts';
import { socketError } from '../network/index.ts';
import { type ProxyInterfaces, type ProxyInterfacesQuestion, proxyInterfaces } from '../network/proxy-interfaces.ts';
import { EndpointError } from '../problems/index.ts';
import type { OnFault } from '../running/index.ts';
import { checkProxySettings, DEFAULT_GROUPS, makeProxyCore, proxySecurity } from './core-config.ts';
import type { ProxySettings } from './proxy-settings.ts';
import { RunningProxy } from './running-proxy.ts';

/** What the application wants to be called for. */
export interface ProxyHooks {
	/**
	 * Gets each fault once, with its stack: one in a session has ended that session as `internal`, any other one the
	 * proxy. Without it faults go to the error output.
	 */
	readonly onFault?: OnFault;
}

/**
 * Starts a proxy: settles its interfaces and keys, opens its sockets, joins its groups, and begins in the next turn of
 * the event loop. Rejects with an `EndpointError` if the settings or the machine do not allow it; nothing stays open
 * then.
 *
 * @example
 * const proxy = await openProxy({ mode: 'server', sites: await readDownstreamSites(['site.example'], 1044) });
 * proxy.events.on((event) => console.log(event.kind));
 */
export async function openProxy(settings: ProxySettings, hooks: ProxyHooks = {}): Promise<RunningProxy> {
	checkProxySettings(settings);
	const interfaces = await proxyInterfaces(interfacesQuestion(settings));
	const security = await proxySecurity(settings);
	const uid = settings.uid ?? uidOf(settings, interfaces);
	// Before any socket is open: it refuses keys that cannot be used.
	const core = makeProxyCore(settings, uid, security, monotonicMs());
	const sources = security.sourceSpecific === true ? settings.senders?.map(({ address }) => address) : undefined;
	const sockets = await openSockets(settings, interfaces, sources);
	try {
		const warning = bufferWarning(sockets[0], settings.bufferBytes);
		const warnings = warning === undefined ? [] : [warning];
		return new RunningProxy({ core, sockets, interfaces, mode: settings.mode, uid, warnings, onFault: hooks.onFault });
	} catch (error) {
		for (const socket of sockets) socket.close();
		throw error;
	}
}

function interfacesQuestion(settings: ProxySettings): ProxyInterfacesQuestion {
	const { mode, interfaces = [], outgoingInterface, sites = [], heartbeats } = settings;
	const ofSites = sites.flatMap((site) => (site.kind === 'address' ? [site.endpoint] : []));
	const peers = [...ofSites, ...(heartbeats?.to ?? [])].map(({ host }) => host);
	const groups = settings.publicAddress ?? DEFAULT_GROUPS;
	return { mode, interfaces, outgoingInterface, groups, peers };
}

function uidOf(settings: ProxySettings, { address, addressOwner }: ProxyInterfaces): number {
	if (addressOwner.isLoopback && settings.allowsLoopbackUid !== true) {
		throw new EndpointError('uid-underivable', { address });
	}
	return defaultUid(address);
}

async function openSockets(
	settings: ProxySettings,
	interfaces: ProxyInterfaces,
	sources: readonly string[] | undefined,
): Promise<readonly DatagramSocket[]> {
	const {
		mode,
		publicAddress = DEFAULT_GROUPS,
		port = DEFAULT_PORT,
		ttl = 1,
		sites = [],
		dscp,
		bufferBytes,
	} = settings;
	try {
		return await openProxySockets({
			port,
			families: interfaces.families,
			optionalFamilies: interfaces.optionalFamilies,
			groups: mode === 'client' ? [] : publicAddress,
			sources,
			interfaces: (family) => interfaces.listening.get(family) ?? [],
			outgoing: (family) => interfaces.outgoing.get(family),
			ttl,
			...(dscp === undefined ? {} : { dscp }),
			...(bufferBytes === undefined ? {} : { bufferBytes }),
			sites: sites.length,
			driver: settings.socketDriver ?? 'auto',
		});
	} catch (error) {
		throw socketError(error);
	}
}
