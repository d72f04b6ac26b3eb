/** The sockets of a proxy: for each address family one on its port, which nobody else gets. */
import { assert } from '@uftp/protocol';
import { addressFamily, type Family } from '@uftp/wire';
import type { DatagramSocket, SocketDriver } from '../datagram-socket.ts';
import { TransportError } from '../errors/transport-error.ts';
import type { NetworkInterface } from '../interfaces.ts';
import { type MulticastListener, openListener } from '../listener.ts';

/** A site on this network that does not answer holds so many bytes of what is sent to it, for as long as it is asked for. */
const HELD_FOR_A_SITE_BYTES = 256 * 1024;
const SEND_BUFFER_BYTES = 1024 * 1024;
const SEND_BUFFER_BYTES_MAX = 64 * 1024 * 1024;

export interface ProxySocketsOptions {
	readonly port: number;
	/** Those that must work, and those that are used if they do. */
	readonly families: readonly Family[];
	readonly optionalFamilies?: readonly Family[];
	/** To be joined on `interfaces`, for packets of `sources` only if there are any. */
	readonly groups: readonly string[];
	readonly sources?: readonly string[] | undefined;
	readonly interfaces: (family: Family) => readonly NetworkInterface[];
	/** Where multicast leaves; undefined: none does. */
	readonly outgoing: (family: Family) => NetworkInterface | undefined;
	readonly ttl: number;
	readonly dscp?: number;
	readonly bufferBytes?: number;
	/** Downstream sites: what is sent to them needs room. */
	readonly sites: number;
	readonly driver?: 'auto' | SocketDriver;
}

/** Opens the sockets and joins the groups. Rejects with a `TransportError`; nothing stays open then. */
export async function openProxySockets(options: ProxySocketsOptions): Promise<readonly MulticastListener[]> {
	const { families, optionalFamilies = [] } = options;
	const listeners: MulticastListener[] = [];
	try {
		for (const family of families) listeners.push(await open(options, family));
		for (const family of optionalFamilies) {
			const listener = await open(options, family).catch(absence);
			if (listener !== undefined) listeners.push(listener);
		}
		assert(listeners.length >= families.length, 'every family that must work has a socket');
		for (const listener of listeners) join(options, listener);
		return listeners;
	} catch (error) {
		for (const listener of listeners) listener.close();
		throw error;
	}
}

async function open(options: ProxySocketsOptions, family: Family): Promise<MulticastListener> {
	const { port, ttl, dscp = 0, bufferBytes = 0, sites, driver = 'auto' } = options;
	const networkInterface = options.outgoing(family);
	assert(sites >= 0, 'sites are counted');
	const room = SEND_BUFFER_BYTES + sites * HELD_FOR_A_SITE_BYTES;
	try {
		return await openListener({
			family,
			bind: { port },
			isExclusive: true,
			isForwarding: true,
			...(networkInterface === undefined ? {} : { networkInterface }),
			ttl,
			dscp,
			receiveBufferBytes: bufferBytes,
			sendBufferBytes: Math.max(bufferBytes, Math.min(room, SEND_BUFFER_BYTES_MAX)),
			driver,
		});
	} catch (error) {
		if (!(error instanceof TransportError) || error.code !== 'EADDRINUSE') throw error;
		throw new TransportError(
			`${error.message} A proxy needs a port of its own, because it is answered there: give it another one, ` +
				'and name that port to the proxies that send to it.',
			error.code,
		);
	}
}

/** A family that this system does not have is not used; a port that is taken is an error all the same. */
function absence(error: unknown): undefined {
	if (error instanceof TransportError && error.code !== 'EADDRINUSE') return undefined;
	throw error;
}

function join({ groups, sources, interfaces }: ProxySocketsOptions, listener: DatagramSocket): void {
	const isOfFamily = (address: string): boolean => addressFamily(address) === listener.family;
	const wanted = sources === undefined ? [undefined] : [...new Set(sources.filter(isOfFamily))];
	for (const group of groups.filter(isOfFamily)) {
		for (const networkInterface of interfaces(listener.family)) {
			for (const source of wanted) listener.join(group, networkInterface, source);
		}
	}
}
