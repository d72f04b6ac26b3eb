import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSites, type Host, noise, ServiceStage, type Sites, sameBytes } from '../src/index.ts';

/** There may be no nats-server then. */
const withoutPeers = process.env['UFTP_TEST_WITHOUT_PEERS'] === '1';
/** A client proxy that is behind a NAT says so often that it is there. */
const heartbeatSeconds = '20';

interface Pinhole {
	readonly address: string;
	readonly port: number;
	readonly changes: number;
	readonly state: string;
}

describe.runIf(!withoutPeers)('pinholes on the bus, with services as processes', () => {
	let sites: Sites;
	let stage: ServiceStage;
	let serverHost: Host;
	let clientHost: Host;
	let receiverHosts: readonly Host[];
	let fingerprint: string;

	const pinholes = (): (Pinhole & { atMs: number })[] =>
		stage.tap.heard('uftp.pinhole.').map(({ subject, body, atMs }) => {
			expect(subject).toBe(`uftp.pinhole.sp.${clientHost.uid}`);
			return { ...(body as Pinhole), atMs };
		});

	function startServer() {
		return stage.start('proxy', 'sp', serverHost, { MODE: 'server', SITES: `fp=${fingerprint}` });
	}

	async function startClient(seconds: string): Promise<void> {
		await stage.start('proxy', 'cp', clientHost, {
			MODE: 'client',
			OUTGOING_INTERFACE: 'eth0',
			HEARTBEAT_TO: serverHost.ipv4,
			HEARTBEAT_TO_SECONDS: seconds,
		});
	}

	/** Sends a file to the receivers of the site; which of them have it, and what the command said. */
	async function send(name: string): Promise<{ copies: number; output: string }> {
		const source = join(stage.makeFolder('files'), name);
		writeFileSync(source, noise(1_000_000, name.length));
		const to = receiverHosts.map(({ uid }) => uid).join();
		const { output } = await stage.uftpctl(['send', '--root', 'files', name, '--to', to, '--rate', '40000']);
		const copies = receiverHosts.filter(({ uid }) => sameBytes(source, join(stage.folder, `in-${uid}`, name)));
		return { copies: copies.length, output };
	}

	beforeAll(async () => {
		sites = await createSites({ sites: [{ hosts: 2 }, { hosts: 3, nat: true }] });
		const [office, branch] = sites.sites;
		const busHost = office!.hosts[0]!;
		serverHost = office!.hosts[1]!;
		clientHost = branch!.hosts[0]!;
		receiverHosts = branch!.hosts.slice(1);
		stage = await ServiceStage.open(busHost);
		await Promise.all([
			stage.start('registry', 'reg', busHost),
			stage.start('sender', 'studio', busHost, { ROOTS: `files=${stage.makeFolder('files')}` }),
			startClient('1'),
			...receiverHosts.map((host) =>
				stage.start('receiver', host.uid, host, { DESTINATION: stage.makeFolder(`in-${host.uid}`) }),
			),
		]);
		const beat = await stage.until('the client proxy is there', () => stage.tap.heard('uftp.hb.proxy.cp')[0]);
		fingerprint = (beat.body as { keys: { fingerprint: string }[] }).keys[0]!.fingerprint;
		const isThere = (start: string) => () => stage.tap.heard(start).length > 0;
		for (const { uid } of receiverHosts) await stage.until('a receiver is there', isThere(`uftp.hb.receiver.${uid}`));
		await stage.until('the sender is there', isThere('uftp.hb.sender.'));
		await startServer();
	});
	afterAll(() => {
		stage?.close();
		sites?.close();
	});

	it('say where a proxy behind a NAT is, and that it has moved when the NAT gives it another place', async () => {
		const { router } = sites.sites[1]!;
		const first = await stage.until('a pinhole', () => pinholes()[0]);
		expect(first).toMatchObject({ address: router.ipv4, state: 'open', changes: 0, fingerprint });
		expect(first.port).toBeGreaterThanOrEqual(20_000);
		expect(await send('first')).toMatchObject({ copies: 2, output: expect.stringContaining('to 2 of 2 receivers') });
		const shown = stage.uftpctl(['events'], 5000);
		await stage.until('a listener', () => stage.tap.events('proxy').some(({ phase }) => phase === 'ended'));
		const before = router.ipv4;
		router.reconnect();
		const movedAtMs = Date.now();
		const second = await stage.until('it moves', () => pinholes().find(({ changes }) => changes === 1));
		expect(second.address).toBe(router.ipv4);
		expect(second.address).not.toBe(before);
		expect(second.atMs - movedAtMs).toBeLessThan(3000);
		expect(await send('second')).toMatchObject({ copies: 2, output: expect.stringContaining('to 2 of 2 receivers') });
		const { output } = await shown;
		expect(output).toMatch(/ pinhole moved {2}.*network=\d+\.\d+\.\d+\.0\/24 .*\(proxy sp\)/);
		expect(output).toMatch(
			/ proxy ended {2}.*receivers=2 .*messagesIn=\d+ messagesOut=\d+ .*mode=client .*\(proxy cp\)/,
		);
	});

	it('stand in events without the address', async () => {
		const events = await stage.until('both events', () => {
			const told = stage.tap.events('pinhole');
			return told.length >= 2 ? told : undefined;
		});
		const masked = `${sites.sites[1]!.router.ipv4.split('.').slice(0, 3).join('.')}.0/24`;
		const common = { uid: serverHost.uid, downstream: clientHost.uid, fingerprint, network: masked };
		expect(events[0]).toMatchObject({ phase: 'created', ...common });
		expect(events[1]).toMatchObject({ phase: 'moved', ...common, previousNetwork: masked });
		expect(JSON.stringify(events)).not.toMatch(/"(address|port)"/);
	});

	it('are asked for again at once when the server proxy was killed, long before the next heartbeat', async () => {
		await stage.program('cp').stop();
		await startClient(heartbeatSeconds);
		const client = stage.program('cp');
		await stage.until('it is there again', () => client.output().includes('knows where this one is'));
		const server = stage.program('sp');
		server.signal('SIGKILL');
		await server.ended;
		const count = pinholes().length;
		const startedAtMs = Date.now();
		await startServer();
		const pinhole = await stage.until('the pinhole is back', () => pinholes()[count]);
		expect(pinhole.state).toBe('open');
		// Most of it is the start of the program.
		expect(pinhole.atMs - startedAtMs).toBeLessThan(5000);
		expect(await send('third')).toMatchObject({ copies: 2, output: expect.stringContaining('to 2 of 2 receivers') });
	});
});
