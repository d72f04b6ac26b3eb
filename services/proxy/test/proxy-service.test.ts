import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, type Heartbeat, MemoryBroker, MemoryBus, subjects, type UftpEvent } from '@uftp/bus';
import { type Pinhole, parseEvent, parseHeartbeat, parsePinhole } from '@uftp/bus/schemas';
import { checkConfig, type Logger } from '@uftp/service-kit';
import { openSocket } from '@uftp/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proxyConfig } from '../src/config.ts';
import { ProxyService } from '../src/service.ts';
import { sendAnnounce } from './loopback-announce.ts';

const s = subjects();
let bus: Bus;
let folder: string;
let port: number;
let lines: string[];
let beats: Heartbeat[];
let events: UftpEvent[];
let pinholes: Pinhole[];
let undo: (() => Promise<void> | void)[];

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'uftp-proxy-'));
	lines = [];
	beats = [];
	events = [];
	pinholes = [];
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
	bus.subscribe(s.allPinholes(), (message) => {
		const parsed = parsePinhole(message.data);
		if (!parsed.ok) throw new Error(parsed.problem);
		pinholes.push(parsed.value);
	});
	port = await freePort();
});
afterEach(async () => {
	for (const step of undo.reverse()) await step();
	await bus.close();
	rmSync(folder, { recursive: true, force: true });
});

const keep = (line: string): void => void lines.push(line);
const logger: Logger = { debug: () => {}, info: keep, warn: keep, error: keep };

async function freePort(): Promise<number> {
	const probe = await openSocket({ family: 4 });
	const { port: free } = probe.local;
	probe.close();
	return free;
}

async function start(name: string, settings: Record<string, string>): Promise<ProxyService> {
	const read = checkConfig(proxyConfig, {
		interface: 'lo',
		outgoingInterface: 'lo',
		port: String(port),
		uid: '0x41',
		stateDir: join(folder, name),
		stopSeconds: '0.1',
		...settings,
	});
	if (!read.ok) throw new Error(read.problem);
	const service = await ProxyService.start(read.value, { bus, subjects: s, logger });
	undo.push(() => service.stop());
	return service;
}

const kinds = (kind: string): unknown[] => events.filter((event) => event.kind === kind).map(({ data }) => data);

/** The fingerprint of the key that a proxy in this state directory made for itself. */
function fingerprintIn(role: string): string {
	const line = lines.find((each) => each.includes('made now and kept in') && each.includes(role));
	return /[0-9A-F]{2}(:[0-9A-F]{2}){19}/.exec(line ?? '')?.[0] ?? '';
}

describe('a proxy as a service', () => {
	it('says what it is, where, and with which key; and that it leaves', async () => {
		const service = await start('rp', { mode: 'response', pool: 'east', id: 'rp1' });
		await expect.poll(() => beats.length).toBeGreaterThan(0);
		expect(beats[0]).toMatchObject({
			role: 'proxy',
			id: 'rp1',
			uid: '0x00000041',
			addresses: ['127.0.0.1'],
			port,
			groups: ['230.4.4.1'],
			proxy: { mode: 'response', pool: 'east', receivers: 0 },
			keys: [{ kind: 'EC, secp256r1', fingerprint: fingerprintIn('response') }],
		});
		expect(kinds('proxy')).toEqual([{ phase: 'up', uid: '0x00000041', mode: 'response' }]);
		await service.stop();
		await expect.poll(() => kinds('proxy').at(-1)).toMatchObject({ phase: 'down' });
		expect(beats.at(-1)).toMatchObject({ draining: true });
	});

	it('tells when a session comes through, and what became of it', async () => {
		const service = await start('sp', { mode: 'server', sites: '127.0.0.1:9' });
		await sendAnnounce(port, 0x5e55);
		await expect.poll(() => kinds('proxy').length).toBe(2);
		expect(kinds('proxy')[1]).toMatchObject({ phase: 'started', session: '00005E55', sender: '0x00000001' });
		expect(service.sessionCount).toBe(1);
		await service.stop();
		await expect.poll(() => kinds('proxy').map((data) => (data as { phase: string }).phase)).toContain('ended');
		expect(kinds('proxy')).toContainEqual(
			expect.objectContaining({ phase: 'ended', session: '00005E55', outcome: 'interrupted', datagramsDown: 1 }),
		);
	});

	it('publishes a pinhole when its downstream has signed, masks it in the event, and keeps it for the next start', async () => {
		const serverPort = port;
		port = await freePort();
		const clientSettings = {
			mode: 'client',
			uid: '0x42',
			heartbeatTo: `127.0.0.1:${serverPort}`,
			heartbeatToSeconds: '1',
		};
		const first = await start('cp', { ...clientSettings });
		const fingerprint = fingerprintIn('client');
		const server = { mode: 'server', sites: `fp=${fingerprint}`, port: String(serverPort), id: 'sp1' };
		const running = await start('sp', server);
		await expect.poll(() => pinholes.length, { timeout: 5000 }).toBeGreaterThan(0);
		expect(pinholes[0]).toMatchObject({
			serverProxy: 'sp1',
			uid: '0x00000041',
			clientProxy: '0x00000042',
			fingerprint,
			address: '127.0.0.1',
			port,
			state: 'open',
			changes: 0,
			ttlMs: 70_000,
		});
		expect(kinds('pinhole')).toEqual([
			{ phase: 'created', uid: '0x00000041', downstream: '0x00000042', fingerprint, network: '127.0.0.0/24' },
		]);
		expect(JSON.stringify(kinds('pinhole'))).not.toContain(String(port));
		const kept = join(folder, 'sp', `proxy-server-${serverPort}.pinholes.json`);
		expect(JSON.parse(readFileSync(kept, 'utf8')).pinholes).toEqual([{ fingerprint, host: '127.0.0.1', port }]);
		expect(statSync(kept).mode & 0o077).toBe(0);
		await running.stop();
		await first.stop();
		// The downstream itself would only be heard in an hour: the server proxy asks where it was last.
		pinholes = [];
		await start('cp', { ...clientSettings, heartbeatToSeconds: '3600' });
		await Bun.sleep(100);
		await start('sp', server);
		await expect.poll(() => pinholes.length, { timeout: 5000 }).toBeGreaterThan(0);
		expect(pinholes[0]).toMatchObject({ address: '127.0.0.1', port, state: 'open' });
	});

	it('goes on without the pinholes of a file that is damaged, and says so', async () => {
		const settings = { mode: 'server', sites: `fp=${Array.from({ length: 20 }, () => 'AB').join(':')}` };
		await (await start('sp', settings)).stop();
		writeFileSync(join(folder, 'sp', `proxy-server-${port}.pinholes.json`), '{"v":1,"pinholes":[{"host":7}]}');
		await start('sp', settings);
		expect(lines.join('\n')).toMatch(/pinholes kept in .* cannot be read: it is not what this program writes/);
	});

	it.each([
		[{ mode: 'server' }, /UFTP_SITES names no site/],
		[{ mode: 'client', sites: '10.0.0.1' }, /UFTP_SITES is for server proxies/],
		[{ mode: 'server', sites: 'fp=zz' }, /^Invalid fingerprint zz/],
		[{ mode: 'client', heartbeatTo: 'a:b:c:d' }, /Invalid host name|is not host\[:port\]/],
		[{ mode: 'response', agreementCurve: 'nope' }, /UFTP_AGREEMENT_CURVE=nope is no curve/],
		[{ mode: 'client', outgoingInterface: 'nosuch0' }, /There is no interface "nosuch0"/],
		[{ mode: 'client', receiversFile: '/nonexistent' }, /Couldn't open client list \/nonexistent/],
	])('refuses %j with a sentence', async (settings, sentence) => {
		await expect(start('bad', settings)).rejects.toThrow(sentence);
	});

	it('is refused where somebody has the port, with what to do about it', async () => {
		await start('one', { mode: 'client' });
		await expect(start('two', { mode: 'client' })).rejects.toThrow(/A proxy needs a port of its own/);
	});

	it('refuses an address as its UID that is not its alone', async () => {
		const read = checkConfig(proxyConfig, {
			mode: 'client',
			interface: 'lo',
			outgoingInterface: 'lo',
			port: String(port),
		});
		if (!read.ok) throw new Error(read.problem);
		const starting = ProxyService.start({ ...read.value, stateDir: folder }, { bus, subjects: s, logger });
		await expect(starting).rejects.toThrow(/set UFTP_UID/);
	});
});
