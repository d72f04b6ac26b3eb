import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Bus, connectBus, type EventDataByKind, MemoryBroker, MemoryBus, subjects } from '@uftp/bus';
import { type LoopbackListener, startLoopbackListener } from '@uftp/bus/listener';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkout, freePort, ProcessBench, type Running } from './process-bench.ts';

let bench: ProcessBench;
beforeEach(() => {
	bench = new ProcessBench();
});
afterEach(() => bench.close());

async function up(...words: string[]): Promise<Running> {
	const port = String(await freePort());
	const own = ['--interface', 'lo', '--port', port, '--state-dir', join(bench.folder, 'state')];
	const running = bench.start([join(checkout, 'bin/uftpctl'), 'up', ...own, ...words]);
	await running.wrote(/The bus is at nats:/);
	return running;
}

describe('uftpctl send to a running uftpctl up', () => {
	it('finds the bus and the root by itself, delivers to every receiver, and ends with 0', async () => {
		const media = bench.makeFolder('media');
		const inbox = bench.makeFolder('inbox');
		const file = join(media, 'a file with spaces');
		writeFileSync(file, crypto.getRandomValues(new Uint8Array(50_000)));
		const running = await up('--root', `media=${media}`, '--dest', inbox, '--receivers', '2');
		const sent = await bench.uftpctl(['send', file]);
		expect(sent.code).toBe(0);
		expect(sent.stdout.match(/received/g)?.length).toBe(2);
		expect(sent.stdout).toMatch(/succeeded: 1 file, 48\.8 KiB to 2 of 2 receivers in/);
		expect(sent.stderr).toMatch(/100\.0 % {2}48\.8 KiB of 48\.8 KiB .* 2 of 2 receivers done/);
		for (const n of ['1', '2'])
			expect(readFileSync(join(inbox, n, 'a file with spaces')).equals(readFileSync(file))).toBe(true);

		const clients = await bench.uftpctl(['clients']);
		expect(clients.code).toBe(0);
		const uids = [...clients.stdout.matchAll(/^(0x[0-9A-F]{8}) {2}alive/gm)].map((match) => match[1]!);
		expect(uids.length).toBe(2);

		const one = await bench.uftpctl(['send', file, '--as', 'renamed', '--to', uids[1]!, '--rate', '100000', '--json']);
		expect(one.code).toBe(0);
		const events = one.stdout
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line));
		expect(events.at(-1)).toMatchObject({ type: 'uftp.job.succeeded.v1', data: { receivers: [{ uid: uids[1] }] } });
		expect(new Set(events.map(({ data }) => data.job)).size).toBe(1);

		mkdirSync(join(inbox, '1', 'taken'));
		const partial = await bench.uftpctl(['send', file, '--as', 'taken']);
		expect(partial.code).toBe(5);
		expect(partial.stdout).toMatch(/rejected/);
		expect(partial.stdout).toMatch(/partial: .* to 1 of 2 receivers/);

		running.signal('SIGTERM');
		expect((await running.ended).code).toBe(0);
		expect((await bench.uftpctl(['clients'])).code).toBe(3);
	});

	it('refuses a file that no sender on this host may send', async () => {
		await up('--root', `media=${bench.makeFolder('media')}`);
		const outside = join(bench.folder, 'outside');
		writeFileSync(outside, 'x');
		const refused = await bench.uftpctl(['send', outside]);
		expect(refused).toMatchObject({ code: 4, stdout: '' });
		expect(refused.stderr).toMatch(
			/is not in a folder that the sender on this host may send from \(its roots: media\)/,
		);
		const missing = await bench.uftpctl(['send', join(bench.folder, 'missing')]);
		expect(missing).toMatchObject({ code: 4, stderr: expect.stringContaining('does not exist') });
	});

	it('does not start a second bus for the same user', async () => {
		await up();
		const second = await bench.uftpctl(['up', '--interface', 'lo', '--port', String(await freePort())]);
		expect(second).toMatchObject({ code: 3, stderr: expect.stringMatching(/offers a bus on this machine already/) });
	});
});

describe('uftpctl on another bus', () => {
	const s = subjects();
	let bus: Bus;
	let listener: LoopbackListener;
	let nats: { NATS_URL: string };
	beforeEach(async () => {
		const broker = new MemoryBroker();
		bus = new MemoryBus(broker);
		listener = await startLoopbackListener(broker, { token: 'secret' });
		nats = { NATS_URL: listener.url };
	});
	afterEach(async () => {
		await bus.close();
		await listener.close();
	});

	/** A sender that takes every job and ends it as it is told; undefined: never. */
	function playSender(end: Partial<EventDataByKind['job']> | undefined): void {
		bus.subscribe(s.jobsSend, (message) => {
			message.respond({ ok: true, job: 'j1' });
			if (end === undefined) return;
			bus.publish(s.event('job'), {
				specversion: '1.0',
				id: 'e1',
				source: '/uftp/sender/x',
				type: `uftp.job.${end.phase}.v1`,
				time: new Date().toISOString(),
				datacontenttype: 'application/json',
				sequence: '0000000001',
				instance: 'i',
				data: { job: 'j1', ...end },
			});
		});
	}
	const send = (...words: string[]) => bench.uftpctl(['send', '--root', 'r', 'a', ...words], nats);

	it.each([
		[{ phase: 'succeeded', receivers: [{ uid: '0x00000001', outcome: 'received' }] }, 0],
		[
			{
				phase: 'partial',
				receivers: [
					{ uid: '0x00000001', outcome: 'received' },
					{ uid: '0x00000002', outcome: 'mute' },
				],
			},
			5,
		],
		[{ phase: 'failed', receivers: [{ uid: '0x00000001', outcome: 'mute' }] }, 6],
		[{ phase: 'failed', receivers: [], error: { code: 'nobody-registered', message: 'No receiver answered.' } }, 6],
		[{ phase: 'failed', receivers: [], error: { code: 'cannot-send', message: 'No such interface.' } }, 1],
		[{ phase: 'failed', receivers: [], error: { code: 'internal', message: 'A fault.' } }, 1],
		[{ phase: 'cancelled', receivers: [], error: { code: 'cancelled', message: 'Stopping.' } }, 1],
	] as const)('ends with the code of the job: %o', async (end, code) => {
		playSender(end as unknown as Partial<EventDataByKind['job']>);
		const ended = await send();
		expect(ended.stderr).toBe('');
		expect(ended.code).toBe(code);
	});

	it('puts rate, congestion control and the limits of time into the job', async () => {
		const jobs: unknown[] = [];
		bus.subscribe(s.jobsSend, (message) => void jobs.push((message.json() as { options?: unknown }).options));
		playSender({ phase: 'succeeded', receivers: [] });
		await send('--rate', '5000', '--max-time', '300', '--min-time', '20');
		await send('--congestion', 'tfmcc:max=20000:min=512');
		await send('--congestion', 'none', '--max-time', '110', '--clear');
		await send();
		expect(jobs).toEqual([
			{ rateKbps: 5000, maxTimePercent: 300, minTimeSeconds: 20 },
			{ congestion: 'tfmcc:max=20000:min=512' },
			{ congestion: 'none', maxTimePercent: 110, encryption: 'never' },
			undefined,
		]);
	});

	it('ends with 4 when the job is refused, and says why', async () => {
		bus.subscribe(
			s.jobsSend,
			(message) => void message.respond({ ok: false, error: { code: 'x', message: 'No\u001B[2J root.' } }),
		);
		const ended = await send();
		expect(ended).toMatchObject({
			code: 4,
			stdout: '',
			stderr: 'uftpctl send: The job is refused: No\\x1b[2J root.\n',
		});
	});

	it('ends with 3 when nobody takes jobs, when there is no bus, and when it does not answer', async () => {
		expect(await send()).toMatchObject({
			code: 3,
			stderr: expect.stringContaining('No sender takes jobs on this bus.'),
		});
		expect(await bench.uftpctl(['send', 'a'])).toMatchObject({
			code: 3,
			stderr: expect.stringMatching(/There is no bus: start everything .* or set NATS_URL/),
		});
		await listener.close();
		expect(await send()).toMatchObject({ code: 3, stderr: expect.stringMatching(/nats:\/\/127\.0\.0\.1/) });
	});

	it('says that a local file needs a sender on this host', async () => {
		const file = join(bench.folder, 'f');
		writeFileSync(file, 'x');
		expect(await bench.uftpctl(['send', file], nats)).toMatchObject({
			code: 3,
			stderr: expect.stringContaining('No registry answers'),
		});
		bus.subscribe(s.registryList, (message) => {
			message.respond({ ok: true, v: 1, registry: 'r', listeningMs: 1, nodes: [], total: 0 });
		});
		expect(await bench.uftpctl(['send', file], nats)).toMatchObject({
			code: 3,
			stderr: expect.stringContaining(`No sender runs on this host (${hostname()})`),
		});
	});

	it('ends with 130 on Ctrl-C and says that the job goes on, and how to end it', async () => {
		playSender(undefined);
		const running = bench.start([join(checkout, 'bin/uftpctl'), 'send', '--root', 'r', 'a'], nats);
		const other = await connectBus(listener.url);
		await new Promise<void>((resolve) => {
			const asked = other.subscribe(s.jobsSend, () => {
				asked.unsubscribe();
				resolve();
			});
		});
		await new Promise((resolve) => setTimeout(resolve, 100));
		running.signal('SIGINT');
		expect(await running.ended).toMatchObject({
			code: 130,
			stderr: expect.stringContaining('the job goes on at the sender; "uftpctl cancel j1" ends it'),
		});
		await other.close();
	});

	it('shows events as they come, as text without control characters and as JSON', async () => {
		const text = bench.start([join(checkout, 'bin/uftpctl'), 'events'], nats);
		const json = bench.start([join(checkout, 'bin/uftpctl'), 'events', '--json', '--job', 'j1'], nats);
		await text.wrote(/Listening on uftp\.events\.\*/);
		await new Promise((resolve) => setTimeout(resolve, 300));
		playSender({ phase: 'failed', error: { code: 'x', message: 'bad\u001Bword' } });
		bus.publish(s.event('job'), 'nonsense');
		await bus.request(s.jobsSend, {});
		await text.wrote(/job failed/);
		await json.wrote(/uftp\.job\.failed\.v1/);
		text.signal('SIGTERM');
		json.signal('SIGINT');
		expect((await text.ended).code).toBe(0);
		expect(text.said.stdout).not.toContain('\u001B');
		expect(text.said.stderr).toContain('is no event');
		expect((await json.ended).code).toBe(0);
		expect(json.said.stdout.trim().split('\n').length).toBe(1);
	});
});

describe('the command line of uftpctl', () => {
	it.each(['up', 'send', 'cancel', 'events', 'clients', 'lab'])('%s explains itself', async (command) => {
		const { code, stdout, stderr } = await bench.uftpctl([command, '--help']);
		expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
		expect(stdout).toMatch(new RegExp(`^Usage: uftpctl ${command} `));
		for (const option of stdout.matchAll(/^ {2}(--[a-z-]+)/gm)) expect(option[1]).not.toBe('--');
	});

	it.each([
		[[], /Usage: uftpctl COMMAND/],
		[['dance'], /uftpctl has no command "dance"/],
		[['toString'], /uftpctl has no command "toString"/],
		[['send'], /needs at least one file/],
		[['send', 'a', '--urgent'], /uftpctl send has no option --urgent/],
		[['send', 'a', '--rate'], /--rate needs a value/],
		[['send', 'a', '--rate', 'fast'], /--rate "fast" must be a whole number/],
		[['send', 'a', '--rate', '0'], /--rate must be at least 1, or -1/],
		[['send', 'a', '--congestion', 'pgmcc'], /Invalid congestion control type: --congestion takes "none" or "tfmcc"/],
		[['send', 'a', '--congestion', 'tfmcc:min=9:max=8'], /Invalid rate: min <= init <= max/],
		[['send', 'a', '--congestion', 'tfmcc', '--rate', '5'], /--rate and --congestion contradict each other/],
		[['send', 'a', '--congestion', 'tfmcc', '--max-time', '200'], /--max-time needs a rate to reckon with/],
		[['send', 'a', '--max-time', '100'], /--max-time "100" must be a whole number from 110 to 10000/],
		[['send', 'a', '--min-time', '5'], /--min-time needs --max-time/],
		[['send', 'a', '--to', 'alpha'], /"alpha" is no UID/],
		[['send', 'a', '--to', '0x1', '--open'], /contradict each other/],
		[['send', 'a', 'b', '--as', 'c'], /--as gives one name/],
		[['send', 'a', '--json=yes'], /--json takes no value/],
		[['send', 'a', '--rate', '1', '--rate', '2'], /--rate stands there twice/],
		[['cancel'], /uftpctl cancel takes one job/],
		[['cancel', 'j1', 'j2'], /uftpctl cancel takes one job/],
		[['cancel', 'j 1'], /"j 1" is no id of a job/],
		[['cancel', 'j1', '--sender', 'a.b'], /"a\.b" is no id of a sender/],
		[['clients', 'all'], /uftpctl clients takes no arguments/],
		[['up', '--root', 'media'], /is not LABEL=PATH/],
		[['up', '--receivers', '2'], /--receivers needs --dest/],
		[['up', '--token', 'a', '--no-token'], /contradict each other/],
		[['up', '--log-level', 'loud'], /is not one of debug, info, warn, error/],
	])('%o is a mistake: a sentence and the code 2', async (words, sentence) => {
		const { code, stdout, stderr } = await bench.uftpctl(words);
		expect(stderr).toMatch(sentence);
		expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
	});
});
