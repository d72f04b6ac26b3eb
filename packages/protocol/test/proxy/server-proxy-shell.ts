/** A shell around a server proxy: does what its driver does, and keeps what was sent. Time is the tests' own. */
import { encodeAnnounce, encodeRtt, HEADER_BYTES, type MessageType, writeHeader } from '@uftp/wire';
import { type DownstreamSite, type Endpoint, PROXY_DEFAULTS, type ServerProxyConfig } from '../../src/index.ts';
import { ServerProxy } from '../../src/proxy/index.ts';
import { ProxyShell } from './proxy-shell.ts';

export const SENDER: Endpoint = { host: '10.0.0.1', port: 40_000 };
export const SENDER_ID = 0x0a000001;
export const GROUP_ID = 0x1111_2222;
export const PROXY: Endpoint = { host: '10.0.0.9', port: 1044 };
export const PROXY_ID = 0x0a000009;
export const EAST: Endpoint = { host: '10.1.0.1', port: 1044 };
export const WEST: Endpoint = { host: '10.2.0.1', port: 2044 };

export const atAddress = (endpoint: Endpoint): DownstreamSite => ({ kind: 'address', endpoint });

export class ServerProxyShell extends ProxyShell<ServerProxy> {
	constructor(changes: Partial<ServerProxyConfig> = {}) {
		const config: ServerProxyConfig = {
			kind: 'server',
			proxyId: PROXY_ID,
			ownAddresses: [PROXY.host],
			ownPort: PROXY.port,
			instance: [1, 2],
			sessionsMax: 3,
			seed: 1,
			sites: [atAddress(EAST), atAddress(WEST)],
			publicGroups: ['230.4.4.1'],
			pinholeMs: PROXY_DEFAULTS.pinholeMs,
			...changes,
		};
		super((now) => new ServerProxy(config, now));
	}
}

interface HeaderChoices {
	groupId: number;
	sourceId: number;
	instance: number;
	sequence: number;
	grttMs: number;
}

/** A datagram of the session that consists of a header and twelve bytes which nobody reads. */
export function datagram(func: MessageType, choices: Partial<HeaderChoices> = {}): Uint8Array {
	const bytes = new Uint8Array(HEADER_BYTES + 12).fill(7);
	header(bytes, func, choices);
	bytes[HEADER_BYTES] = func;
	bytes[HEADER_BYTES + 1] = 3;
	return bytes;
}

function header(bytes: Uint8Array, func: MessageType, choices: Partial<HeaderChoices>): void {
	const { groupId = GROUP_ID, sourceId = SENDER_ID, instance = 0, sequence = 0, grttMs = 10 } = choices;
	const grtt = encodeRtt(grttMs / 1000);
	writeHeader(bytes, 0, { func, sequence, sourceId, groupId, groupInstance: instance, grtt, groupSize: 0 });
}

interface AnnounceChoices extends HeaderChoices {
	publicAddress: string;
	privateAddress: string;
	family: 4 | 6;
}

export function announce(choices: Partial<AnnounceChoices> = {}): Uint8Array {
	const { publicAddress = '230.4.4.1', privateAddress = '230.5.5.7', family = 4 } = choices;
	const bytes = new Uint8Array(200);
	header(bytes, 1, choices);
	const length = encodeAnnounce(bytes, HEADER_BYTES, {
		...{ sync: false, preview: false, family, robust: 20, ccType: 0, blockBytes: 1300 },
		...{ timestamp: { seconds: 1, microseconds: 2 }, publicAddress, privateAddress, ids: [] },
	});
	return bytes.slice(0, HEADER_BYTES + length);
}
