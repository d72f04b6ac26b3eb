import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
	createSites,
	findProgram,
	type Host,
	launch,
	noise,
	type Program,
	type Sites,
	sameBytes,
	waitUntilListening,
} from '../src/index.ts';

/** A client proxy and a receiver on one host of a branch: what works, and what is refused with which words. */
let sites: Sites;
let scratch = '';
let office: Host;
let upstream: Host;
let branch: Host;

beforeEach(async () => {
	sites = await createSites({ sites: [{ hosts: 2 }, { hosts: 1 }] });
	[office, upstream] = sites.sites[0]!.hosts as [Host, Host];
	branch = sites.sites[1]!.hosts[0]!;
	scratch = mkdtempSync(join(tmpdir(), 'uftp-one-host-'));
	mkdirSync(join(scratch, 'received'));
	writeFileSync(join(scratch, 'file.bin'), noise(300_000, 5));
});

afterEach(() => {
	sites.close();
	rmSync(scratch, { recursive: true });
});

function start(host: Host, name: 'uftp' | 'uftpd' | 'uftpproxyd', ...words: string[]): Promise<Program> {
	const shared = name === 'uftp' ? ['-I', 'eth0'] : ['-d', '-I', 'eth0'];
	return launch(host, [findProgram('ours', name)!, ...shared, ...words], { cwd: scratch, timeoutMs: 30_000 });
}

/** Both proxies, the client proxy on that port. */
async function startTunnel(port: string): Promise<Program> {
	const server = await start(upstream, 'uftpproxyd', '-s', branch.ipv4, '-q', port);
	const client = await start(branch, 'uftpproxyd', '-c', '-p', port, '-q', '1044', '-O', 'eth0');
	await waitUntilListening(upstream, server, '230.4.4.1');
	await waitUntilListening(branch, client, undefined, Number(port));
	return client;
}

const startReceiver = (...words: string[]): Promise<Program> =>
	start(branch, 'uftpd', '-q', '-D', join(scratch, 'received'), ...words);

const send = (): Promise<Program> => start(office, 'uftp', '-r', '0.05:0.01:0.5', '-R', '-1', 'file.bin');

describe('a receiver on the host of its client proxy', () => {
	it('gets files when the proxy has another port and the receiver another UID', async () => {
		await startTunnel('1045');
		const receiver = await startReceiver('-U', '0x00001234');
		await waitUntilListening(branch, receiver, '230.4.4.1');
		const sender = await send();
		expect({ code: (await sender.ended).code, said: sender.output() }).toMatchObject({ code: 0 });
		expect(sender.output()).toMatch(/Host: 0x00001234\s+Status: Completed/);
		expect(sameBytes(join(scratch, 'file.bin'), join(scratch, 'received/file.bin'))).toBe(true);
	});

	it('is told that both have one UID', async () => {
		const proxy = await startTunnel('1045');
		const receiver = await startReceiver();
		await waitUntilListening(branch, receiver, '230.4.4.1');
		expect((await (await send()).ended).code).toBe(7);
		const sentence = /The receiver has the UID 0x0A630101 of its own proxy: give one of them another/;
		expect(receiver.output()).toMatch(sentence);
		expect(proxy.output()).toMatch(sentence);
	});

	it('does not start on the port of the proxy, and says so', async () => {
		await startTunnel('1044');
		const receiver = await startReceiver('-U', '0x00001234');
		expect((await receiver.ended).code).toBe(2);
		expect(receiver.output()).toMatch(/UDP port 1044 .* is held by .*choose another port on both sides/);
	});
});
