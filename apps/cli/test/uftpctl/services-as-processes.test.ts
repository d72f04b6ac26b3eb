import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bus, connectBus, type RegistryListAnswer, subjects } from '@uftp/bus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NatsServer, startNatsServer, withoutPeers } from './nats-server.ts';
import { checkout, freePort, ProcessBench, type Running } from './process-bench.ts';

const main = (service: string): string[] => [
	join(checkout, 'bin/bun'),
	join(checkout, `services/${service}/src/main.ts`),
];

describe('services without a bus', () => {
	it.each(['sender', 'receiver', 'registry'])('the %s refuses to start, and says what to set', async (service) => {
		const bench = new ProcessBench();
		const settings = service === 'receiver' ? { UFTP_DESTINATION: bench.folder } : {};
		const refused = await bench.start(main(service), settings).ended;
		expect(refused).toMatchObject({
			code: 3,
			stderr: expect.stringMatching(/NATS_URL is not set: a service needs a bus/),
		});
		const memory = await bench.start(main(service), { ...settings, NATS_URL: 'memory:' }).ended;
		expect(memory).toMatchObject({ code: 3, stderr: expect.stringContaining('uftpctl up') });
		const typo = await bench.start(main(service), { ...settings, UFTP_INTERFASE: 'lo', NATS_URL: 'nats://127.0.0.1:1' })
			.ended;
		expect(typo).toMatchObject({ code: 2, stderr: expect.stringContaining('UFTP_INTERFASE') });
		const help = await bench.start([...main(service), '--help'], settings).ended;
		expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('NATS_URL') });
		await bench.close();
	});
});

describe.runIf(!withoutPeers)('services as processes on a nats-server', () => {
	const s = subjects();
	let bench: ProcessBench;
	let server: NatsServer;
	let bus: Bus;
	let port: number;
	beforeEach(async () => {
		bench = new ProcessBench();
		server = await startNatsServer();
		bus = await connectBus(server.url);
		port = await freePort();
	});
	afterEach(async () => {
		await bus.close();
		await bench.close();
		await server.stop();
	});

	function start(service: string, settings: Record<string, string> = {}, before: readonly string[] = []): Running {
		return bench.start([...before, ...main(service)], { NATS_URL: server.url, UFTP_LOG_LEVEL: 'info', ...settings });
	}
	const onLoopback = () => ({ UFTP_INTERFACE: 'lo', UFTP_PORT: String(port), UFTP_HEARTBEAT_SECONDS: '0.5' });

	/** Waits until the registry knows so many nodes. */
	async function nodesAre(count: number): Promise<void> {
		for (let tries = 0; tries < 400; tries++) {
			const answer = await bus
				.request(s.registryList, '')
				.then((message) => message.json() as RegistryListAnswer)
				.catch(() => undefined);
			if (answer?.ok === true && answer.total === count) return;
			await new Promise((resolve) => setTimeout(resolve, 25));
		}
		throw new Error(`The registry does not know ${count} nodes after 10 s.`);
	}

	it('find each other, carry a job out, refuse what they cannot read, and stop on SIGTERM with 0', async () => {
		const root = bench.makeFolder('root');
		writeFileSync(join(root, 'a'), crypto.getRandomValues(new Uint8Array(100_000)));
		writeFileSync(join(root, 'closed'), 'x');
		chmodSync(join(root, 'closed'), 0);
		// Root reads everything, unless the right to do so is taken from it.
		const plain = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
		const running = [
			start('registry'),
			start('sender', { ...onLoopback(), UFTP_ROOTS: `files=${root}` }, plain),
			...['one', 'two'].map((name) =>
				start('receiver', {
					...onLoopback(),
					UFTP_DESTINATION: bench.makeFolder(name),
					UFTP_STATE_DIR: bench.makeFolder(`state-${name}`),
				}),
			),
		];
		await nodesAre(4);
		const nats = { NATS_URL: server.url };
		const sent = await bench.uftpctl(['send', join(root, 'a')], nats);
		expect(sent.stderr).toContain('100.0 %');
		expect(sent.code).toBe(0);
		for (const name of ['one', 'two']) {
			expect(readFileSync(join(bench.folder, name, 'a')).equals(readFileSync(join(root, 'a')))).toBe(true);
		}
		const refused = await bench.uftpctl(['send', join(root, 'closed')], nats);
		expect(refused).toMatchObject({
			code: 4,
			stderr: expect.stringMatching(/"closed" in root "files".*permission denied/),
		});

		// Two receiver processes share the port: each says that unicast would reach one of them only.
		expect(running.slice(2).some(({ said }) => said.stdout.includes(`UDP port ${port} too`))).toBe(true);
		for (const { signal } of running) signal('SIGTERM');
		for (const { ended } of running) expect(await ended).toMatchObject({ code: 0, stderr: '' });
	});

	it('end a job that is cancelled by another command on that bus', async () => {
		const root = bench.makeFolder('root');
		writeFileSync(join(root, 'a'), new Uint8Array(5_000_000));
		start('registry');
		start('sender', { ...onLoopback(), UFTP_ROOTS: `files=${root}`, UFTP_ID: 'studio' });
		start('receiver', { ...onLoopback(), UFTP_DESTINATION: bench.makeFolder('one') });
		await nodesAre(3);
		const nats = { NATS_URL: server.url };
		bus.publish(s.jobsSend, { v: 1, id: 'slow', files: [{ root: 'files', path: 'a' }], options: { rateKbps: 4000 } });
		const ended = new Promise<unknown>((resolve) => {
			bus.subscribe(s.event('job'), (message) => {
				const { type, data } = message.json() as { type: string; data: unknown };
				if (type === 'uftp.job.cancelled.v1') resolve(data);
			});
		});
		const cancelled = await bench.uftpctl(['cancel', 'slow'], nats);
		expect(cancelled).toMatchObject({ code: 0, stderr: '', stdout: 'slow is being ended at its receivers.\n' });
		expect(await ended).toMatchObject({
			job: 'slow',
			error: { message: expect.stringMatching(/^Cancelled by .+ on .+\.$/) },
		});
		const again = await bench.uftpctl(['cancel', 'slow', '--sender', 'studio'], nats);
		expect(again).toMatchObject({ code: 4, stderr: expect.stringContaining('The job slow is over') });
		const gone = await bench.uftpctl(['cancel', 'slow', '--sender', 'nobody'], nats);
		expect(gone).toMatchObject({ code: 3, stderr: expect.stringContaining('The sender nobody does not answer') });
	});

	it('notice two receivers with one UID, and name both in one line', async () => {
		const registry = start('registry');
		for (const name of ['one', 'two']) {
			start('receiver', {
				...onLoopback(),
				UFTP_DESTINATION: bench.makeFolder(name),
				UFTP_UID: '0x0A630002',
				UFTP_ID: name,
			});
		}
		await registry.wrote(/Two programs are alive with the UID 0x0A630002/);
		const reports = registry.said.stdout.split('\n').filter((line) => line.includes('Two programs'));
		expect(reports.length).toBe(1);
		expect(reports[0]!.match(/process \d+/g)?.length).toBe(2);
	});

	it('notice a receiver that was killed', async () => {
		const registry = start('registry');
		const receiver = start('receiver', { ...onLoopback(), UFTP_DESTINATION: bench.makeFolder('one'), UFTP_UID: '7' });
		await nodesAre(2);
		receiver.signal('SIGKILL');
		await registry.wrote(/0x00000007 .*is lost: it has missed three heartbeats/);
		await nodesAre(1);
	});

	it('wait for a bus that is not there yet', async () => {
		await server.stop();
		const sender = start('sender', onLoopback());
		await sender.wrote(/Waiting for the bus/);
		sender.signal('SIGTERM');
		expect((await sender.ended).code).toBe(0);
		server = await startNatsServer();
	});
});
