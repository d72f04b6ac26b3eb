import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTopology, type Host, launch, type Program, runInside, type Topology } from '@uftp/interop';
import type { PathCounts } from './path.ts';

/** How the link behaves, the same in both directions. */
export interface SatelliteOptions {
	readonly delayMs: number;
	readonly bitsPerSecond: number;
	readonly queueMs: number;
	readonly loss: number;
	readonly seed: number;
}

/** Two hosts on Ethernets of their own, and a relay between the two that delays, limits and loses. */
export class SatelliteLink {
	readonly from: Host;
	readonly to: Host;
	readonly #topology: Topology;
	readonly #relay: Program;

	private constructor(topology: Topology, from: Host, to: Host, relay: Program) {
		this.#topology = topology;
		this.from = from;
		this.to = to;
		this.#relay = relay;
	}

	static async open(options: SatelliteOptions): Promise<SatelliteLink> {
		const topology = await createTopology({ hosts: 2, segmented: true });
		try {
			const [from, to] = topology.hosts;
			if (from === undefined || to === undefined) throw new RangeError('a link needs two hosts');
			const ports = [from.port, to.port];
			runInside(from.hub, ports.map((port) => `ip link set dev ${port} nomaster up`).join('\n'));
			introduce(from, to);
			introduce(to, from);
			const relay = await launch({ ...from, namespace: from.hub }, relayCommand(ports, options), {
				timeoutMs: 3_600_000,
			});
			while (!relay.output().includes('carrying')) {
				const gone = await Promise.race([relay.ended, sleep(10)]);
				if (gone !== undefined) throw new Error(`the relay ended: ${relay.output()}`);
			}
			return new SatelliteLink(topology, from, to, relay);
		} catch (error) {
			topology.close();
			throw error;
		}
	}

	/** What the relay has carried, from the first host to the second and back; at most a second old. */
	counts(): readonly [there: PathCounts, back: PathCounts] {
		const last = this.#relay.output().trim().split('\n').at(-1) ?? '';
		if (!last.startsWith('[')) throw new Error(`the relay said: ${last}`);
		return JSON.parse(last) as [PathCounts, PathCounts];
	}

	close(): void {
		this.#topology.close();
	}
}

function relayCommand(ports: readonly string[], options: SatelliteOptions): string[] {
	const { delayMs, bitsPerSecond, queueMs, loss, seed } = options;
	const words = { delay: delayMs, bits: bitsPerSecond, queue: queueMs, loss, seed };
	const flags = Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]);
	return [process.execPath, join(import.meta.dirname, 'relay.ts'), ...ports, ...flags];
}

/** The hosts know each other's addresses, as behind modems: nothing is asked across the link. */
function introduce(host: Host, other: Host): void {
	const address = /link\/ether (\S+)/.exec(runInside(other.namespace, 'ip link show dev eth0'))?.[1];
	if (address === undefined) throw new Error('an interface has no Ethernet address');
	runInside(host.namespace, `ip neighbour replace ${other.ipv4} lladdr ${address} dev eth0 nud permanent`);
}
