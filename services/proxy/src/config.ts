/** Settings of a proxy. */
import { PROXY_DEFAULTS } from '@uftp/protocol';
import { choice, commonSettings, integer, keySettings, list, seconds, text } from '@uftp/service-kit';
import { addressFamily, DEFAULT_PORT, formatUid, isMulticast, parseUid } from '@uftp/wire';
import { z } from 'zod';

/** A UID as people write it, in its canonical form. */
const uid = z
	.string()
	.refine((value) => parseUid(value) !== undefined, 'must be a UID such as 0x0A630002 (not 0 and not 0xFFFFFFFF)')
	.transform((value) => formatUid(parseUid(value) as number));

export const proxyConfig = z.strictObject({
	...commonSettings,
	mode: choice('What it is: `server` forwards to sites, `client` is a site, `response` gathers answers', [
		'server',
		'client',
		'response',
	]),
	sites: list(
		'Sites of a server proxy: `host[:port]`, `fp=FINGERPRINT` (where its heartbeat comes from), `@file`',
	).prefault(''),
	downstreamPort: integer('Port of the sites that name none, or of the receivers', 1, 65_535).prefault(
		String(DEFAULT_PORT),
	),
	uid: uid.describe('UID of this proxy; by default made from the address of its interface').optional(),
	interface: text(
		'Interface that groups are heard on, and whose address names the proxy: name, number, address or network',
	).optional(),
	outgoingInterface: text(
		'Interface to the receivers: of a client proxy, and for the key of a response proxy',
	).optional(),
	publicAddress: list('Multicast groups on which sessions are announced, all IPv4 or all IPv6')
		.refine((groups) => groups.length > 0 && groups.every(isMulticast), 'must be one or more multicast addresses')
		.refine((groups) => new Set(groups.map(addressFamily)).size === 1, 'must not mix IPv4 and IPv6')
		.prefault('230.4.4.1'),
	port: integer('UDP port; nobody else on this host can have it', 1, 65_535).prefault(String(DEFAULT_PORT)),
	ttl: integer('Time to live of multicast to the receivers', 1, 255).prefault('1'),
	heartbeatTo: list('Proxies that heartbeats are sent to: `host[:port]`').prefault(''),
	heartbeatToSeconds: integer('Seconds between heartbeats to them', 1, 3600).prefault(
		String(PROXY_DEFAULTS.heartbeatMs / 1000),
	),
	pinholeSeconds: seconds(
		'After so long without a heartbeat a site that is known by its key gets nothing',
		1,
		86_400,
	).prefault(String(PROXY_DEFAULTS.pinholeMs / 1000)),
	holdPercent: integer('How long answers wait for others, in percent of a round trip of the group', 10, 100).prefault(
		String(PROXY_DEFAULTS.holdPercent),
	),
	...keySettings,
	agreementCurve: text('Response proxies: curve of the key for ECDH').prefault('prime256v1'),
	sendersFile: text('File with the senders that are served, as `-S` of `uftpproxyd` takes it').optional(),
	receiversFile: text('File with the receivers that are served, as `-C` of `uftpproxyd` takes it').optional(),
	pool: z
		.string()
		.regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, "_" and "-"')
		.describe('Response proxies of one pool share its receivers')
		.prefault('default'),
	sessionsMax: integer('Sessions at the same time', 1, 1000).prefault(String(PROXY_DEFAULTS.sessionsMax)),
	receiversMax: integer('Receivers in one session', 1, 100_000).prefault(String(PROXY_DEFAULTS.receiversMax)),
	socketDriver: choice('How UDP is spoken: as fast as the system can, or forced', [
		'auto',
		'linux-batch',
		'portable',
	]).prefault('auto'),
});

export type ProxyServiceConfig = z.output<typeof proxyConfig>;
