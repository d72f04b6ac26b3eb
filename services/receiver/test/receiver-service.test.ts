import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, type Heartbeat, MemoryBroker, MemoryBus, subjects, type UftpEvent } from '@uftp/bus';
import { parseEvent, parseHeartbeat } from '@uftp/bus/schemas';
import { ReceiverPort } from '@uftp/endpoint/receiving';
import { checkConfig, type Logger } from '@uftp/service-kit';
import { FileSink } from '@uftp/storage/receiving';
import { openListener, openSocket } from '@uftp/transport';
import { MessageType } from '@uftp/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receiverConfig } from '../src/config.ts';
import { ReceiverService } from '../src/service.ts';
import { startSending } from './loopback-sender.ts';

const s = subjects();
let bus: Bus;
let folder: string;
let port: number;
let lines: string[];
let beats: Heartbeat[];
let events: UftpEvent[];
let undo: (() => Promise<void> | void)[];

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'uftp-receiver-'));
	lines = [];
	beats = [];
	events = [];
	undo = [];
	bus = new MemoryBus(new MemoryBroker());
	bus.subscribe(s.allHeartbeats(), (message) => {
		const parsed = parseHeartbeat(message.data);
		if (!parsed.ok || parsed.ignored !== undefined) throw new Error('not a heartbeat as the schema has it');
		beats.push(parsed.value);
	});
	bus.subscribe(s.allEvents, (message) => {
		const parsed = parseEvent(message.data);
		if (!parsed.ok) throw new Error(parsed.problem);
		expect(parsed.ignored).toEqual([]);
		events.push(parsed.value);
	});
	const probe = await openSocket({ family: 4 });
	port = probe.local.port;
	probe.close();
});
afterEach(async () => {
	for (const step of undo.reverse()) await step();
	await bus.close();
	rmSync(folder, { recursive: true, force: true });
});

const keep = (line: string): void => void lines.push(line);
const logger: Logger = { debug: () => {}, info: keep, warn: keep, error: keep };
const context = () => ({ bus, subjects: s, logger });

function config(name: string, more: Record<string, string> = {}) {
	const destination = join(folder, name);
	mkdirSync(destination, { recursive: true });
	const read = checkConfig(receiverConfig, {
		destination,
		interface: 'lo',
		port: String(port),
		stateDir: join(folder, 'state'),
		stopSeconds: '0.3',
		...more,
	});
	if (!read.ok) throw new Error(read.problem);
	return read.value;
}

async function start(name: string, more: Record<string, string> = {}, shared?: ReceiverPort): Promise<ReceiverService> {
	const options = shared === undefined ? {} : { port: shared };
	const service = await ReceiverService.start(config(name, more), context(), options);
	undo.push(() => service.stop());
	return service;
}

function original(bytes: number): string {
	const path = join(folder, 'original.bin');
	writeFileSync(path, crypto.getRandomValues(new Uint8Array(bytes)));
	return path;
}

describe('a receiver', () => {
	it('stores what it is sent under its destination and tells about it', async () => {
		const receiver = await start('in', { uid: '0xF0000001' });
		const path = original(30_000);
		const end = await (await startSending({ port, path, targets: [0xf0000001] })).done;
		expect(end.results).toMatchObject([{ outcome: 'received', isOurs: true }]);
		expect(readFileSync(join(folder, 'in', 'original.bin')).equals(readFileSync(path))).toBe(true);
		await new Promise((resolve) => setTimeout(resolve, 50));
		expect(events.map(({ kind, data }) => `${kind}/${data.phase}`)).toEqual([
			'session/started',
			'receiver/joined',
			'file/completed',
			'session/completed',
			'receiver/completed',
		]);
		expect(events[2]!.data).toMatchObject({
			outcome: 'received',
			name: 'original.bin',
			size: 30_000,
			storedAs: 'original.bin',
		});
		expect(receiver.sessionCount).toBe(0);
	});

	it('asks its response proxy for the key, and answers to it', async () => {
		const proxy = await openSocket({ family: 4, bind: { address: '127.0.0.1' } });
		undo.push(() => proxy.close());
		const said: number[] = [];
		const incoming = proxy.createIncoming();
		proxy.onReadable(() => {
			while (proxy.receive(incoming)) {
				for (let i = 0; i < incoming.count; i++) said.push(incoming.bytes[incoming.headerAt[i] + 1]);
			}
		});
		await start('in', { uid: '0xF0000001', responseProxy: `127.0.0.1:${proxy.local.port}` });
		const sending = await startSending({ port, path: original(100), targets: [0xf0000001] });
		for (let waited = 0; new Set(said).size < 2 && waited < 3000; waited += 20) await Bun.sleep(20);
		sending.abort('enough');
		expect(new Set(said)).toEqual(new Set([MessageType.KEY_REQ, MessageType.REGISTER]));
		expect((await sending.done).results).toMatchObject([{ outcome: 'mute' }]);
		await Bun.sleep(50);
		expect(lines.some((line) => line.includes(`answered through 127.0.0.1:${proxy.local.port}`))).toBe(true);
	});

	it('takes sessions of the senders in its list only', async () => {
		const list = join(folder, 'senders');
		writeFileSync(list, '0x7F000008|127.0.0.1\n');
		await start('in', { uid: '0xF0000001', sendersFile: list });
		const path = original(100);
		const refused = await (await startSending({ port, path, targets: [0xf0000001] })).done;
		expect(refused.results).toMatchObject([{ outcome: 'aborted' }]);
		expect(refused.results[0].reason).toContain("is not in this receiver's list");
		writeFileSync(list, '0x7F000009|127.0.0.1\n');
		await start('other', { uid: '0xF0000002', sendersFile: list });
		const taken = await (await startSending({ port, path, targets: [0xf0000002] })).done;
		expect(taken.results).toMatchObject([{ outcome: 'received' }]);
	});

	it('says in its heartbeats who it is, where it listens, and when it leaves', async () => {
		const receiver = await start('in', { uid: '0xF0000001', heartbeatSeconds: '0.1' });
		await new Promise((resolve) => setTimeout(resolve, 250));
		await receiver.stop();
		undo = [];
		await new Promise((resolve) => setTimeout(resolve, 10));
		expect(beats.length).toBeGreaterThanOrEqual(3);
		expect(beats[0]).toMatchObject({
			role: 'receiver',
			id: '0xF0000001',
			uid: '0xF0000001',
			addresses: ['127.0.0.1'],
			groups: ['230.4.4.1'],
			port,
			destination: join(folder, 'in'),
			intervalMs: 100,
		});
		expect(beats[0]!.disk!.freeBytes).toBeGreaterThan(0);
		expect(beats.at(-1)!.draining).toBe(true);
	});

	it('shares its port with the other receivers of the process: a unicast session reaches all of them', async () => {
		const [shared] = await ReceiverPort.open({ interfaces: ['lo'], publicAddress: ['230.4.4.1'], port, receivers: 2 });
		const one = await start('one', {}, shared);
		const two = await start('two', {}, shared);
		expect(one.uid).not.toBe(two.uid);
		const targets = [Number(one.uid), Number(two.uid)];
		const path = original(5000);
		for (const publicAddress of ['127.0.0.1', '230.4.4.1']) {
			for (const name of ['one', 'two']) rmSync(join(folder, name, 'original.bin'), { force: true });
			const end = await (await startSending({ port, path, targets, publicAddress })).done;
			expect(end.results.map(({ outcome }) => outcome)).toEqual(['received', 'received']);
			for (const name of ['one', 'two']) {
				expect(readFileSync(join(folder, name, 'original.bin')).equals(readFileSync(path))).toBe(true);
			}
		}
	});

	it('warns when another program has the port too, since unicast reaches one socket only', async () => {
		const other = await openListener({ family: 4, bind: { port } });
		undo.push(() => other.close());
		await start('in');
		expect(lines.filter((line) => line.includes(`UDP port ${port} too`)).length).toBe(1);
		expect(lines.some((line) => line.includes('made up'))).toBe(true);
	});

	it('shows which interface it uses and why', async () => {
		await start('in');
		expect(lines.some((line) => /^Listening on lo \(.*\): named with UFTP_INTERFACE\.$/.test(line))).toBe(true);
	});

	it('removes what an earlier run left behind, and only that', async () => {
		mkdirSync(join(folder, 'in'));
		const leftover = join(folder, 'in', '.~uftp-00001234-0001');
		const fresh = join(folder, 'in', '.~uftp-00001234-0002');
		writeFileSync(leftover, 'x');
		writeFileSync(fresh, 'x');
		utimesSync(leftover, 1, 1);
		await start('in');
		expect(readdirSync(join(folder, 'in'))).toEqual(['.~uftp-00001234-0002']);
	});

	it('publishes the end of a session that met a fault, logs its stack once, and goes on', async () => {
		const { write } = FileSink.prototype;
		FileSink.prototype.write = () => {
			throw new Error('boom');
		};
		undo.push(() => {
			FileSink.prototype.write = write;
		});
		await start('in', { uid: '0xF0000001' });
		const path = original(30_000);
		const failed = await (await startSending({ port, path, targets: [0xf0000001] })).done;
		expect(failed.results).toMatchObject([{ outcome: 'aborted' }]);
		FileSink.prototype.write = write;
		expect((await (await startSending({ port, path, targets: [0xf0000001] })).done).results).toMatchObject([
			{ outcome: 'received' },
		]);
		expect(lines.filter((line) => line.includes('boom'))).toHaveLength(1);
		expect(lines.find((line) => line.includes('boom'))).toMatch(/\n\s+at /);
		expect(events.find(({ kind, data }) => kind === 'session' && data.phase === 'aborted')).toBeDefined();
	});

	it('finishes a session that ends within the time for the stop', async () => {
		const receiver = await start('in', { uid: '0xF0000001', stopSeconds: '5' });
		const sending = await startSending({
			port,
			path: original(300_000),
			targets: [0xf0000001],
			rateBytesPerSecond: 600_000,
		});
		while (receiver.sessionCount === 0) await new Promise((resolve) => setTimeout(resolve, 5));
		undo = [];
		await receiver.stop();
		expect((await sending.done).results).toMatchObject([{ outcome: 'received' }]);
	});

	it('aborts a session that does not, tells its sender, and leaves no half file', async () => {
		const receiver = await start('in', { uid: '0xF0000001', stopSeconds: '0.2' });
		const sending = await startSending({
			port,
			path: original(5_000_000),
			targets: [0xf0000001],
			rateBytesPerSecond: 200_000,
		});
		while (readdirSync(join(folder, 'in')).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
		undo = [];
		const before = performance.now();
		await receiver.stop();
		expect(performance.now() - before).toBeLessThan(1500);
		const end = await sending.done;
		expect(end.results).toMatchObject([{ outcome: 'aborted' }]);
		expect(end.results[0]!.reason).toContain('shutting down');
		expect(readdirSync(join(folder, 'in'))).toEqual([]);
		expect(events.at(-1)).toMatchObject({ kind: 'receiver', data: { phase: 'aborted' } });
	});
});

describe('a receiver that cannot work', () => {
	it.each([
		[
			'an interface that does not exist',
			{ interface: 'nowhere0' },
			/There is no interface "nowhere0"\. This machine has: .*lo/,
		],
		['a folder that does not exist', { destination: '/nonexistent/in' }, /destination directory .* cannot be used/],
	])('says so: %s', async (_, more, sentence) => {
		await expect(ReceiverService.start(config('in', more), context())).rejects.toThrow(sentence);
	});

	it('says who holds its port without sharing it', async () => {
		const holder = await openSocket({ family: 4, bind: { port } });
		undo.push(() => holder.close());
		await expect(ReceiverService.start(config('in'), context())).rejects.toThrow(
			new RegExp(`UDP port ${port} .*held by .*process ${process.pid}.*stop it, or choose another port`),
		);
	});

	it.each([
		[{ publicAddress: '10.0.0.1' }, 'UFTP_PUBLIC_ADDRESS="10.0.0.1" must be one or more multicast addresses.'],
		[{ publicAddress: '230.4.4.1,ff02::1' }, 'UFTP_PUBLIC_ADDRESS="230.4.4.1,ff02::1" must not mix IPv4 and IPv6.'],
		[{ uid: '0' }, 'UFTP_UID="0" must be a UID such as 0x0A630002 (not 0 and not 0xFFFFFFFF).'],
		[{ port: '70000' }, 'UFTP_PORT="70000" must be at most 65535.'],
		[{ umask: '9' }, 'UFTP_UMASK="9" must be an octal mask such as 027.'],
	])('refuses the settings %o', (more, problem) => {
		const read = checkConfig(receiverConfig, { destination: '/srv/in', ...more } as Record<string, string>);
		expect(read).toMatchObject({ ok: false, problem });
	});
});
