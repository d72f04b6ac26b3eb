import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createTopology, type Host, launch, type Maker, runInside, waitUntilListening } from '@uftp/interop';
import { pathOf, startReceivers } from '../measure.ts';

const usage = `npm run bench:proxy -- [--proxy ours|C] [--sites 20] [--mbits 20] [--seconds 10] [offload] [single] [long]
One server proxy, and what it costs to forward one session to each of its sites: CPU per packet and site, and whether
anything is lost at it. Links: "offload" carries super-packets, "single" does not (the kernel splits them before the
link), "long" does not take the packets whole (MTU 1200: each is sent by itself, in fragments).
In network namespaces of its own; exit 1 if a packet is lost, or if offload costs 2 us or more.`;

const GROUP = '230.4.4.1';
const FIRST_SITE_PORT = 20_001;
const TARGET_MICROSECONDS = 2;
const KINDS = ['offload', 'single', 'long'] as const;
type Kind = (typeof KINDS)[number];

interface Load {
	readonly proxy: Maker;
	readonly sites: number;
	readonly mbits: number;
	readonly seconds: number;
}

/** Counters of one host: packets may be super-packets, so payload bytes are what counts. */
interface Arrived {
	readonly bytes: number;
	readonly packets: number;
}

const HEADER_BYTES = 28;

/** Runs one session past the proxy and prints what it cost. True if it holds. */
async function runKind(kind: Kind, load: Load, scratch: string): Promise<boolean> {
	const topology = await createTopology({ hosts: 3, segmented: kind !== 'offload' });
	const [sender, proxyHost, siteHost] = topology.hosts;
	const target = join(scratch, 'received');
	try {
		if (sender === undefined || proxyHost === undefined || siteHost === undefined) throw new RangeError('no hosts');
		if (kind === 'long') runInside(proxyHost.namespace, `ip route add ${siteHost.ipv4}/32 dev eth0 mtu lock 1200`);
		countAt(siteHost, load.sites);
		countGroupAt(proxyHost);
		// The sites are counted and dropped in the kernel; somebody has to take part in the session.
		const [receiver] = await startReceivers('ours', [siteHost], [target]);
		const ports = Array.from({ length: load.sites }, (_, i) => FIRST_SITE_PORT + i);
		const sites = ports.flatMap((port) => siteWords(load.proxy, siteHost.ipv4, port));
		const argv = [pathOf(load.proxy, 'uftpproxyd'), '-d', '-x', '3', '-I', 'eth0', ...sites];
		const proxy = await launch(proxyHost, argv, { timeoutMs: 300_000 });
		await waitUntilListening(proxyHost, proxy, GROUP);
		// The first packets compile the code: a short session first, as a proxy is one that runs.
		const session = ['-I', 'eth0', '-R', String(load.mbits * 1000), '-x', '1', '-H', siteHost.uid];
		const uftp = pathOf('ours', 'uftp');
		await (await launch(sender, [uftp, ...session, join(scratch, 'short')], { timeoutMs: 60_000 })).ended;
		await sleep(500);
		const before = { cpu: proxy.cpuSeconds(), sites: arrivedAt(siteHost), group: arrivedAt(proxyHost) };
		const ending = await (await launch(sender, [uftp, ...session, join(scratch, 'file')], { timeoutMs: 300_000 }))
			.ended;
		await sleep(500);
		const cpuSeconds = proxy.cpuSeconds() - before.cpu;
		const came = difference(arrivedAt(proxyHost), before.group)[0];
		const went = difference(arrivedAt(siteHost), before.sites);
		await Promise.all([proxy.stop(), receiver?.stop()]);
		if (ending.code !== 0) console.log(`${kind}: the sender ended with ${ending.code}`);
		return report(kind, load, { cpuSeconds, came, went, said: proxy.output() }) && ending.code === 0;
	} finally {
		topology.close();
		rmSync(target, { recursive: true, force: true });
	}
}

/** C has one site, and its port apart. */
function siteWords(maker: Maker, host: string, port: number): string[] {
	return maker === 'C' ? ['-s', host, '-q', String(port)] : ['-s', `${host}:${port}`];
}

interface Measured {
	readonly cpuSeconds: number;
	readonly came: Arrived | undefined;
	readonly went: readonly Arrived[];
	/** What the proxy printed. */
	readonly said: string;
}

function report(kind: Kind, load: Load, { cpuSeconds, came, went, said }: Measured): boolean {
	if (came === undefined || went.length !== load.sites) throw new RangeError('a counter is missing');
	const payload = ({ bytes, packets }: Arrived): number => bytes - HEADER_BYTES * packets;
	const wanted = payload(came);
	// Of what is cut into fragments only the first ones are counted, and without offload packets can be counted as they are.
	const lacks = ({ bytes, packets }: Arrived): number =>
		kind === 'long' ? came.packets - packets : wanted - payload({ bytes, packets });
	const missing = went.reduce((sum, site) => sum + Math.max(0, lacks(site)), 0);
	const datagrams = Math.round(wanted / DATAGRAM_BYTES);
	const microseconds = (cpuSeconds * 1e6) / (datagrams * load.sites);
	const limit = kind === 'offload' ? ` (less than ${TARGET_MICROSECONDS})` : '';
	console.log(
		`${kind}: ${load.sites} sites x ${load.mbits} Mbit/s: ${datagrams} packets in, lost on the way to the sites: ` +
			`${missing} ${kind === 'long' ? 'packets' : 'bytes'}; CPU ${cpuSeconds.toFixed(2)} s, ${microseconds.toFixed(2)} us per packet and site${limit}`,
	);
	const last = said.split('\n').find((line) => line.includes('packets in'));
	if (last !== undefined) console.log(`  the proxy says: ${last.slice(last.indexOf(': ') + 2)}`);
	return missing === 0 && (kind !== 'offload' || microseconds < TARGET_MICROSECONDS);
}

/** A block of 1300 bytes with its headers. */
const DATAGRAM_BYTES = 1324;

/** Each site is a port: counted and thrown away, so that only the proxy works. */
function countAt(host: Host, sites: number): void {
	const lines = ['nft flush chain inet faults ingress'];
	for (let i = 0; i < sites; i++) {
		lines.push(`nft add rule inet faults ingress udp dport ${FIRST_SITE_PORT + i} counter drop`);
	}
	runInside(host.namespace, lines.join('\n'));
}

/** What the sender multicasts, as it arrives at the proxy's host. */
function countGroupAt(host: Host): void {
	runInside(
		host.namespace,
		'nft flush chain inet faults ingress\nnft add rule inet faults ingress ip daddr 224.0.0.0/4 udp dport 1044 counter',
	);
}

function arrivedAt(host: Host): Arrived[] {
	const said = runInside(host.namespace, 'nft list chain inet faults ingress');
	return [...said.matchAll(/counter packets (\d+) bytes (\d+)/g)].map(([, packets, bytes]) => ({
		packets: Number(packets),
		bytes: Number(bytes),
	}));
}

function difference(after: readonly Arrived[], before: readonly Arrived[]): Arrived[] {
	return after.map(({ packets, bytes }, i) => ({
		packets: packets - (before[i]?.packets ?? 0),
		bytes: bytes - (before[i]?.bytes ?? 0),
	}));
}

async function main(): Promise<number> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			proxy: { type: 'string', default: 'ours' },
			sites: { type: 'string', default: '20' },
			mbits: { type: 'string', default: '20' },
			seconds: { type: 'string', default: '10' },
			help: { type: 'boolean', default: false },
		},
	});
	const kinds = KINDS.filter((kind) => positionals.length === 0 || positionals.includes(kind));
	if (values.help || kinds.length < positionals.length) {
		console.log(usage);
		return values.help ? 0 : 2;
	}
	const proxy: Maker = values.proxy === 'C' ? 'C' : 'ours';
	const load: Load = {
		proxy,
		sites: proxy === 'C' ? 1 : Number(values.sites),
		mbits: Number(values.mbits),
		seconds: Number(values.seconds),
	};
	const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'uftp-proxy-'));
	process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
	for (const [name, seconds] of [
		['short', 1],
		['file', load.seconds],
	] as const) {
		writeFileSync(join(scratch, name), '');
		truncateSync(join(scratch, name), Math.round((load.mbits * 1e6 * seconds) / 8));
	}
	let failed = 0;
	for (const kind of kinds) if (!(await runKind(kind, load, scratch))) failed++;
	return failed === 0 ? 0 : 1;
}

process.exit(await main());
