import { generateEcKey, type PrivateKey } from '@uftp/crypto';
import {
	PROXY_DEFAULTS,
	type ProxyConfig,
	ProxyConfigError,
	type Proxy as ProxyCore,
	type ProxySecurityConfig,
} from '@uftp/protocol';
import { GatheringProxy, ServerProxy } from '@uftp/protocol/proxies';
import { addressesOf, listInterfaces } from '@uftp/transport';
import { DEFAULT_PORT, isMulticast } from '@uftp/wire';
import { keyMaker, openCryptography } from '../identity/index.ts';
import { OWN_CURVE } from '../identity/node-key.ts';
import { areSourceSpecific } from '../network/index.ts';
import { EndpointError } from '../problems/index.ts';
import { checkNumbers, HEARTBEAT_NUMBERS } from '../running/number-rules.ts';
import { PROXY_NUMBERS, type ProxySettings } from './proxy-settings.ts';

export const DEFAULT_GROUPS: readonly string[] = ['230.4.4.1'];

/** Throws an `EndpointError` for numbers that cannot be, and for settings that do not go together. */
export function checkProxySettings(settings: ProxySettings): void {
	const { mode, sites = [], publicAddress = DEFAULT_GROUPS, heartbeats } = settings;
	checkNumbers(settings, PROXY_NUMBERS);
	if (heartbeats !== undefined) checkNumbers(heartbeats, HEARTBEAT_NUMBERS);
	if (mode === 'server' && sites.length === 0) throw new EndpointError('sites-missing');
	if (mode !== 'server' && sites.length > 0) throw new EndpointError('sites-without-server', { mode });
	const wrong = publicAddress.find((group) => !isMulticast(group));
	if (wrong !== undefined) throw new EndpointError('group-invalid', { group: wrong });
}

/** Keys and lists as the core takes them. Rejects with an `EndpointError`. */
export async function proxySecurity(settings: ProxySettings): Promise<ProxySecurityConfig> {
	const { mode, senders, agreementCurve, publicAddress = DEFAULT_GROUPS } = settings;
	const { backend, random } = settings.cryptography ?? (await openCryptography());
	const keys: readonly PrivateKey[] = settings.keys ?? [generateEcKey(backend, OWN_CURVE, random)];
	if (mode === 'response' && keys.length === 0) throw new EndpointError('proxy-key-missing');
	const keyFor = 'keyFor' in settings ? settings.keyFor : keyMaker({ backend, random });
	// A client proxy gets its sessions by unicast: the groups of its receivers' network need not fit the senders.
	const sourceSpecific = senders !== undefined && mode !== 'client' && areSourceSpecific(publicAddress);
	return {
		backend,
		random,
		keys,
		...(keyFor === undefined ? {} : { keyFor }),
		encryptedOnly: false,
		...(senders === undefined ? {} : { senders, sourceSpecific }),
		...(mode === 'response' && agreementCurve !== undefined ? { agreementCurve } : {}),
	};
}

/** The proxy of the core. Throws an `EndpointError` for keys that cannot be used. */
export function makeProxyCore(
	settings: ProxySettings,
	proxyId: number,
	security: ProxySecurityConfig,
	now: number,
): ProxyCore {
	const config = coreConfig(settings, proxyId, security);
	try {
		return config.kind === 'server' ? new ServerProxy(config, now) : new GatheringProxy(config, now);
	} catch (error) {
		if (error instanceof ProxyConfigError) throw new EndpointError(error.code, error.facts, error);
		throw error;
	}
}

function coreConfig(settings: ProxySettings, proxyId: number, security: ProxySecurityConfig): ProxyConfig {
	const { mode, heartbeats, publicAddress = DEFAULT_GROUPS } = settings;
	const [high, low, seed] = crypto.getRandomValues(new Uint32Array(3));
	const common = {
		proxyId,
		ownAddresses: listInterfaces().flatMap((each) => [...addressesOf(each, 4), ...addressesOf(each, 6)]),
		ownPort: settings.port ?? DEFAULT_PORT,
		instance: settings.instance ?? ([high, low] as const),
		sessionsMax: settings.sessionsMax ?? PROXY_DEFAULTS.sessionsMax,
		seed,
		...(heartbeats === undefined || heartbeats.to.length === 0
			? {}
			: { heartbeats: { to: heartbeats.to, intervalMs: heartbeats.intervalMs ?? PROXY_DEFAULTS.heartbeatMs } }),
		security,
	};
	if (mode === 'server') {
		const { sites = [], pinholeMs = PROXY_DEFAULTS.pinholeMs } = settings;
		return { ...common, kind: mode, sites, publicGroups: publicAddress, pinholeMs };
	}
	return {
		...common,
		kind: mode,
		publicGroups: mode === 'response' ? publicAddress : [],
		receiverPort: settings.receiverPort ?? DEFAULT_PORT,
		receivers: settings.receivers,
		holdPercent: settings.holdPercent ?? PROXY_DEFAULTS.holdPercent,
		receiversMax: settings.receiversMax ?? PROXY_DEFAULTS.receiversMax,
	};
}
