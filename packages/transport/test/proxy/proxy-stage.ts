/** What the tests of the proxy driver share: a scripted proxy on the loopback, somebody who sends, and three sites. */
import type { ProxyEvent } from '@uftp/protocol';
import type { Family } from '@uftp/wire';
import { afterEach, expect } from 'vitest';
import type { DatagramSocket, SocketDriver } from '../../src/datagram-socket.ts';
import { type MulticastListener, openListener } from '../../src/listener.ts';
import { openSocket } from '../../src/open-socket.ts';
import { ProxyDriver } from '../../src/proxy/proxy-driver.ts';
import type { NodeFault } from '../../src/receiving-node.ts';
import { type Collected, collect, loopback, pattern } from '../loopback.ts';
import { ScriptedProxy } from './scripted-proxy.ts';

export const HOSTS = { 4: '127.0.0.1', 6: '::1' } as const;

const closing: { close(): void }[] = [];
afterEach(() => {
	for (const each of closing.splice(0).reverse()) each.close();
});

export function kept<Thing extends { close(): void }>(thing: Thing): Thing {
	closing.push(thing);
	return thing;
}

/** Faults since the test began: none is expected but where a test takes them out. */
export const faults: NodeFault[] = [];
export const onFault = (fault: NodeFault): number => faults.push(fault);
afterEach(() => expect(faults.splice(0)).toEqual([]));

export interface Stage {
	readonly proxy: ScriptedProxy;
	readonly listener: MulticastListener;
	readonly driver: ProxyDriver;
	readonly sender: DatagramSocket;
	readonly sites: readonly { readonly socket: DatagramSocket; readonly got: Collected[] }[];
	readonly events: ProxyEvent[];
}

/** A scripted proxy on the loopback, somebody who sends to it, and three sites. */
export async function stage(socketDriver: SocketDriver, family: Family): Promise<Stage> {
	const host = HOSTS[family];
	const open = async (): Promise<DatagramSocket> =>
		kept(await openSocket({ family, bind: { address: host }, networkInterface: loopback() }));
	const probe = await openSocket({ family, bind: { address: host } });
	const { port } = probe.local;
	probe.close();
	const listener = kept(
		await openListener({
			family,
			bind: { port },
			networkInterface: loopback(),
			driver: socketDriver,
			isExclusive: true,
		}),
	);
	const sites = [];
	for (let i = 0; i < 3; i++) {
		const socket = await open();
		sites.push({ socket, got: collect(socket) });
	}
	const proxy = new ScriptedProxy();
	const events: ProxyEvent[] = [];
	const driver = kept(
		new ProxyDriver({
			proxy,
			sockets: [listener],
			interfaces: () => [loopback()],
			onEvent: (event) => events.push(event),
			onFault,
		}),
	);
	driver.start();
	return { proxy, listener, driver, sender: await open(), sites, events };
}

/** Datagrams that begin with the number of a way. */
export function marked(way: number, count: number, length: number, lastLength = length): Uint8Array[] {
	return Array.from({ length: count }, (_, i) => {
		const bytes = pattern(i + 1, i === count - 1 ? lastLength : length);
		bytes[0] = way;
		return bytes;
	});
}
