import { setTimeout as sleep } from 'node:timers/promises';
import { createTopology, type Host, runInside, type Topology } from '@uftp/interop';

/** What the queue before the link holds at most, as time. */
const QUEUE_MS = 25;
const BURST = '6kb';
/** The TCP of the equation, and the one that every Linux system has in every namespace. */
const TCP = 'reno';

/** Megabits per second that arrived in one stretch of time, IP headers included. */
export interface Arrived {
	readonly udp: number;
	readonly tcp: number;
}

/** Two hosts and a slow link to the second one (a token bucket on its port of the bridge), with counters behind it. */
export class ShapedLink {
	readonly from: Host;
	readonly to: Host;
	readonly #topology: Topology;

	private constructor(topology: Topology) {
		this.#topology = topology;
		const [from, to] = topology.hosts;
		if (from === undefined || to === undefined) throw new RangeError('a link needs two hosts');
		this.from = from;
		this.to = to;
	}

	static async open(mbits: number): Promise<ShapedLink> {
		const link = new ShapedLink(await createTopology({ hosts: 2, segmented: true }));
		try {
			for (const host of [link.from, link.to]) {
				runInside(host.namespace, `echo ${TCP} >/proc/sys/net/ipv4/tcp_congestion_control`);
			}
			link.setMbits(mbits, 'add');
			link.mark(0);
			return link;
		} catch (error) {
			link.close();
			throw error;
		}
	}

	setMbits(mbits: number, action: 'add' | 'change' = 'change'): void {
		const bucket = `tbf rate ${mbits}mbit burst ${BURST} latency ${QUEUE_MS}ms`;
		runInside(this.to.hub, `tc qdisc ${action} dev port${this.to.index} root ${bucket}`);
	}

	/** Sets the mark "congestion experienced" on that share of the datagrams, in percent. */
	mark(percent: number): void {
		const rule = 'nft add rule inet faults ingress';
		const share = Math.round(percent * 100);
		const lines = [
			'nft flush chain inet faults ingress',
			`${rule} meta l4proto tcp counter`,
			`${rule} udp dport 1044 counter`,
		];
		if (share > 0) lines.push(`${rule} udp dport 1044 ip ecn ect0 numgen random mod 10000 '<' ${share} ip ecn set ce`);
		runInside(this.to.namespace, lines.join('\n'));
	}

	/** Datagrams and segments that the queue had no room for, so far. */
	drops(): number {
		const said = runInside(this.to.hub, `tc -s qdisc show dev port${this.to.index}`);
		return Number(/dropped (\d+)/.exec(said)?.[1] ?? 0);
	}

	/** Waits so long and says what arrived meanwhile. */
	async measure(seconds: number): Promise<Arrived> {
		const before = this.#bytes();
		const startedMs = performance.now();
		await sleep(seconds * 1000);
		const after = this.#bytes();
		const scale = 8e-3 / (performance.now() - startedMs);
		return { udp: (after.udp - before.udp) * scale, tcp: (after.tcp - before.tcp) * scale };
	}

	#bytes(): Arrived {
		const said = runInside(this.to.namespace, 'nft list chain inet faults ingress');
		const [tcp = 0, udp = 0] = [...said.matchAll(/counter packets \d+ bytes (\d+)/g)].map(([, digits]) =>
			Number(digits),
		);
		return { udp, tcp };
	}

	close(): void {
		this.#topology.close();
	}
}
