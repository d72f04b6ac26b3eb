import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	createTopology,
	findProgram,
	type Host,
	launch,
	type Maker,
	missingPeers,
	waitUntilListening,
} from '../src/index.ts';
import { runInside } from '../src/namespace.ts';

/** What a firewall sees of the datagrams: marks, hops, ports. */
const withC = process.env['UFTP_TEST_WITHOUT_PEERS'] !== '1' && missingPeers() === undefined;
let scratch = '';

beforeAll(() => {
	scratch = mkdtempSync(join(tmpdir(), 'uftp-marks-'));
	writeFileSync(join(scratch, 'file'), 'hello');
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** Counts what arrives at a host, by rules of nftables. */
function count(host: Host, ...rules: readonly string[]): () => number[] {
	runInside(host.namespace, rules.map((rule) => `nft add rule inet faults ingress ${rule} counter`).join('\n'));
	return () => {
		const said = runInside(host.namespace, 'nft list chain inet faults ingress');
		return [...said.matchAll(/counter packets (\d+)/g)].map(([, digits]) => Number(digits));
	};
}

describe('datagrams of ours', () => {
	it('bear the code point of -Q and the hops of -t, also above 127', async () => {
		const topology = await createTopology({ hosts: 2 });
		try {
			const [from, to] = topology.hosts as [Host, Host];
			const there = count(to, 'udp dport 1044 ip dscp 46 ip ttl 200', 'udp dport 1044');
			const back = count(from, `ip saddr ${to.ipv4} ip dscp 10`, `ip saddr ${to.ipv4} ip protocol udp`);
			const words = ['-d', '-q', '-I', 'eth0', '-D', scratch, '-Q', '0x0a', '-U', to.uid];
			const receiver = await launch(to, [findProgram('ours', 'uftpd')!, ...words]);
			await waitUntilListening(to, receiver, '230.4.4.1');
			const options = ['-I', 'eth0', '-r', '0.05:0.01:0.5', '-R', '-1', '-H', to.uid, '-t', '200', '-Q', '46'];
			const sender = await launch(from, [findProgram('ours', 'uftp')!, ...options, 'file'], { cwd: scratch });
			expect({ code: (await sender.ended).code, said: sender.output() }).toMatchObject({ code: 0 });
			for (const [marked, all] of [there(), back()]) {
				expect(all).toBeGreaterThan(2);
				expect(marked).toBe(all);
			}
		} finally {
			topology.close();
		}
	});
});

describe('congestion marks', () => {
	const mixed: [Maker, Maker][] = [
		['C', 'ours'],
		['ours', 'C'],
	];
	const pairs: [Maker, Maker][] = [['ours', 'ours'], ...(withC ? mixed : [])];
	it.each(pairs)('slow down a session from %s to %s in which nothing is lost', async (senderMaker, receiverMaker) => {
		const topology = await createTopology({ hosts: 2, segmented: true });
		try {
			const [from, to] = topology.hosts as [Host, Host];
			writeFileSync(join(scratch, 'large'), Buffer.alloc(4 * 1024 * 1024, 'x'));
			const capable = count(to, 'udp dport 1044 ip ecn ect0', 'udp dport 1044');
			const words = ['-d', '-q', '-I', 'eth0', '-D', join(scratch, 'received'), '-U', to.uid, '-B', '8388608'];
			mkdirSync(join(scratch, 'received'), { recursive: true });
			const receiver = await launch(to, [findProgram(receiverMaker, 'uftpd')!, ...words]);
			await waitUntilListening(to, receiver, '230.4.4.1');
			const options = ['-C', 'tfmcc', '-I', 'eth0', '-r', '0.05:0.001:0.5', '-x', '3', '-H', to.uid];
			const send = async () => {
				const argv = [findProgram(senderMaker, 'uftp')!, ...options, 'large'];
				const sender = await launch(from, argv, { cwd: scratch });
				const { code, wallMs } = await sender.ended;
				expect({ code, said: sender.output() }).toMatchObject({ code: 0 });
				return wallMs;
			};
			const freeMs = await send();
			const [ect, all] = capable();
			expect(ect).toBeGreaterThan(3000);
			expect(ect).toBe(all);
			const mark = "udp dport 1044 ip ecn ect0 numgen random mod 10 '<' 3 ip ecn set ce";
			runInside(to.namespace, `nft add rule inet faults ingress ${mark}`);
			const dropped = to.receiveBufferErrors();
			expect(await send()).toBeGreaterThan(2 * freeMs);
			expect(to.receiveBufferErrors()).toBe(dropped);
		} finally {
			topology.close();
		}
	});
});

describe('heartbeats of our receiver', () => {
	it.skipIf(!withC)('leave its own port at once and then every so often, and a C proxy answers them', async () => {
		const topology = await createTopology({ hosts: 2 });
		try {
			const [proxyHost, to] = topology.hosts as [Host, Host];
			const arrived = count(proxyHost, 'udp dport 2044 udp sport 1044 udp length 36', 'udp dport 2044');
			const answers = count(to, 'udp sport 2044 udp dport 1044');
			const proxy = await launch(proxyHost, ['uftpproxyd', '-d', '-r', '-p', '2044', '-I', 'eth0', '-x', '4']);
			const words = ['-d', '-q', '-I', 'eth0', '-D', scratch, '-H', `${proxyHost.ipv4}:2044`, '-h', '1'];
			const receiver = await launch(to, [findProgram('ours', 'uftpd')!, ...words]);
			await waitUntilListening(to, receiver, '230.4.4.1');
			await sleep(2500);
			const [plain = 0, all] = arrived();
			expect(plain).toBeGreaterThanOrEqual(2);
			expect(plain).toBe(all);
			expect(answers()).toEqual([plain]);
			expect(receiver.output()).toMatch(/Sent HB_REQ to 10\.99\.0\.1:2044\n/);
			expect(proxy.output()).not.toMatch(/[Ii]nvalid|[Rr]eject/);
		} finally {
			topology.close();
		}
	});
});
