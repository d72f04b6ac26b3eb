import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSites, type Host, launch, type Sites } from '../src/index.ts';

const bun = join(resolve(import.meta.dirname, '../..'), 'bin/bun');

/** Says from where each datagram came, and answers it. */
const echoScript = `
const socket = require('node:dgram').createSocket(process.argv[1].includes(':') ? 'udp6' : 'udp4');
socket.on('message', (text, from) => { console.log('from', from.address, from.port); socket.send('back', from.port, from.address); });
socket.bind(9, () => console.log('listening'));
setTimeout(() => process.exit(0), 20000);`;

/** Sends one datagram from port 1044 to each address and says who has answered within 0.4 s. */
const askScript = `
const socket = require('node:dgram').createSocket(process.argv[1].includes(':') ? 'udp6' : 'udp4');
socket.on('message', () => { console.log('answered'); process.exit(0); });
socket.bind(1044, () => socket.send('there', 9, process.argv[1]));
setTimeout(() => { console.log('silence'); process.exit(0); }, 400);`;

async function answers(from: Host, address: string): Promise<boolean> {
	const asking = await launch(from, [bun, '-e', askScript, address], { timeoutMs: 10_000 });
	await asking.ended;
	return asking.output().includes('answered');
}

async function listen(host: Host, address: string): Promise<() => string[]> {
	const echo = await launch(host, [bun, '-e', echoScript, address], { timeoutMs: 25_000 });
	while (!echo.output().includes('listening')) {
		const gone = await Promise.race([echo.ended, sleep(5)]);
		if (gone !== undefined) throw new Error(echo.output());
	}
	return () => [...echo.output().matchAll(/^from (.*)$/gm)].map(([, from = '']) => from);
}

describe('sites', () => {
	let sites: Sites;
	let office: Host;
	let open: Host;
	let hidden: Host;
	let walled: Host;
	let outside: Host;

	beforeAll(async () => {
		sites = await createSites({
			sites: [{ hosts: 1 }, { hosts: 1 }, { hosts: 1, nat: true }, { hosts: 1, firewall: true }],
			publicHosts: 1,
		});
		[office, open, hidden, walled] = sites.sites.map(({ hosts }) => hosts[0]!) as [Host, Host, Host, Host];
		outside = sites.publicHosts[0]!;
	});

	afterAll(() => sites.close());

	it('reach each other through their routers by either family, and the network between them', async () => {
		await listen(open, open.ipv6);
		expect(await answers(office, open.ipv4)).toBe(true);
		expect(await answers(outside, open.ipv4)).toBe(true);
		expect(await answers(office, open.ipv6)).toBe(true);
	});

	it('behind a firewall or a NAT answer nobody who was not asked, but get answers', async () => {
		await Promise.all([listen(hidden, hidden.ipv4), listen(walled, walled.ipv4), listen(office, office.ipv4)]);
		expect(await answers(office, hidden.ipv4)).toBe(false);
		expect(await answers(office, walled.ipv4)).toBe(false);
		expect(await answers(hidden, office.ipv4)).toBe(true);
		expect(await answers(walled, office.ipv4)).toBe(true);
	});

	it('show their NAT in place of themselves, another address and port after it connects anew', async () => {
		const heard = await listen(outside, outside.ipv4);
		expect(await answers(hidden, outside.ipv4)).toBe(true);
		expect(await answers(hidden, outside.ipv4)).toBe(true);
		sites.sites[2]!.router.reconnect();
		expect(await answers(hidden, outside.ipv4)).toBe(true);
		const [first, second, third] = heard();
		expect(first).toMatch(/^198\.18\.0\.3 20\d{3}$/);
		expect(second).toBe(first);
		expect(third).toMatch(/^198\.18\.0\.23 21\d{3}$/);
	});
});
