import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopology, type Host, launch, type Topology } from '../src/index.ts';

const bun = join(resolve(import.meta.dirname, '../..'), 'bin/bun');

/** Counts datagrams on port 9 until none has come for half a second after the first. */
const countScript = `
const socket = require('node:dgram').createSocket('udp4');
let count = 0;
let timer = setTimeout(done, 2000);
function done() { console.log('counted', count); process.exit(0); }
socket.on('message', () => { count++; clearTimeout(timer); timer = setTimeout(done, 500); });
socket.bind(9, () => console.log('listening'));`;

const sendScript = (to: string, count: number): string => `
const socket = require('node:dgram').createSocket('udp4');
let sent = 0;
function next() {
	for (let i = 0; i < 20 && sent < ${count}; i++, sent++) socket.send('x', 9, '${to}');
	if (sent < ${count}) setTimeout(next, 1); else setTimeout(() => process.exit(0), 50);
}
next();`;

async function countArrivals(from: Host, to: Host, count: number, meanwhile?: () => void): Promise<number> {
	const counter = await launch(to, [bun, '-e', countScript], { timeoutMs: 20_000 });
	while (!counter.output().includes('listening')) await sleep(5);
	meanwhile?.();
	await (await launch(from, [bun, '-e', sendScript(to.ipv4, count)], { timeoutMs: 20_000 })).ended;
	await counter.ended;
	return Number(/counted (\d+)/.exec(counter.output())?.[1]);
}

describe('a private network', () => {
	let topology: Topology;

	beforeAll(async () => {
		topology = await createTopology({ hosts: 3 });
	});

	afterAll(() => topology.close());

	it('loses nothing unless told to, and then the share that was asked for, at one host only', async () => {
		const [a, b, c] = topology.hosts;
		b!.setLossPercent(5);
		const [lossy, clean] = await Promise.all([countArrivals(a!, b!, 4000), countArrivals(a!, c!, 4000)]);
		b!.setLossPercent(0);
		// 3800 expected, standard deviation 14.
		expect(lossy).toBeGreaterThan(3720);
		expect(lossy).toBeLessThan(3880);
		expect(clean).toBe(4000);
	});

	it('cuts a host off and joins it again', async () => {
		const [a, b] = topology.hosts;
		expect(await countArrivals(a!, b!, 20, () => b!.cut())).toBe(0);
		expect(await countArrivals(a!, b!, 20, () => b!.mend())).toBe(20);
	});

	it('takes its programs down with it', async () => {
		const other = await createTopology({ hosts: 1 });
		const program = await launch(other.hosts[0]!, ['sleep', '60']);
		expect(existsSync(`/proc/${program.pid}`)).toBe(true);
		other.close();
		expect((await program.ended).signal).toBe('SIGKILL');
		expect(existsSync(`/proc/${program.pid}`)).toBe(false);
	});
});
