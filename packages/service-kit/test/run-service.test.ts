import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MemoryBroker, MemoryBus } from '@uftp/bus';
import { type LoopbackListener, startLoopbackListener } from '@uftp/bus/listener';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = fileURLToPath(import.meta.resolve('./tiny-service.ts'));

interface Run {
	readonly child: ChildProcess;
	readonly output: { text: string };
	/** Resolves with the exit code, or the signal that ended it. */
	readonly ended: Promise<number | string | null>;
}

const runs: Run[] = [];
let listener: LoopbackListener;
let bus: MemoryBus;
let states: string[];

beforeEach(async () => {
	const broker = new MemoryBroker();
	listener = await startLoopbackListener(broker);
	bus = new MemoryBus(broker);
	states = [];
	bus.subscribe('tiny.state', (message) => void states.push(message.text()));
});
afterEach(async () => {
	for (const { child, ended } of runs.splice(0)) {
		child.kill('SIGKILL');
		await ended;
	}
	await listener.close();
	await bus.close();
});

function run(environment: Record<string, string>, flags: string[] = []): Run {
	const kept = Object.entries(process.env).filter(([name]) => !/^(UFTP_|NATS_)/.test(name));
	const env = { ...Object.fromEntries(kept), ...environment };
	const child = spawn(process.execPath, [program, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] });
	const output = { text: '' };
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output.text += String(chunk)));
	const ended = new Promise<number | string | null>((resolve) => {
		child.once('close', (code, signal) => resolve(signal ?? code));
	});
	const started = { child, output, ended };
	runs.push(started);
	return started;
}

async function seen(state: string): Promise<void> {
	const end = performance.now() + 20_000;
	while (!states.includes(state)) {
		if (performance.now() > end) throw new Error(`The service did not say "${state}": ${runs[0]?.output.text}`);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

describe('a service as a process', () => {
	it('starts where Kubernetes has set variables of its own, and names them in one line', async () => {
		const { child, output, ended } = run({
			NATS_URL: listener.url,
			UFTP_SERVICE_HOST: '10.96.0.7',
			UFTP_PORT: 'udp://10.96.0.7:1044',
		});
		await seen('ready');
		expect(output.text.match(/Ignored UFTP_SERVICE_HOST, UFTP_PORT: /g)).toHaveLength(1);
		child.kill('SIGTERM');
		expect(await ended).toBe(0);
	});

	it('stops at SIGTERM when its work is done, and ends with 0', async () => {
		const { child, ended, output } = run({ NATS_URL: listener.url, UFTP_STOP_TAKES_SECONDS: '0.2' });
		await seen('ready');
		child.kill('SIGTERM');
		expect(await ended).toBe(0);
		expect(states).toEqual(['ready', 'stopping', 'stopped']);
		const lines = output.text
			.trim()
			.split('\n')
			.map((line) => (JSON.parse(line) as { msg: string }).msg);
		expect(lines).toEqual([
			`Connected to the bus at 127.0.0.1:${listener.port}.`,
			'Ready.',
			'Stopping on SIGTERM; work under way has 10 s.',
			'Stopped.',
		]);
	});

	it('ends at once at a second signal', async () => {
		const { child, ended } = run({ NATS_URL: listener.url }, ['--stop-takes-seconds', '30', '--stop-seconds', '60']);
		await seen('ready');
		child.kill('SIGINT');
		await seen('stopping');
		child.kill('SIGINT');
		expect(await ended).toBe(1);
		expect(states).not.toContain('stopped');
	});

	it('ends when the stop takes longer than it may', async () => {
		const { child, ended, output } = run({ NATS_URL: listener.url }, ['--stop-takes-seconds=30', '--stop-seconds=0']);
		await seen('ready');
		child.kill('SIGTERM');
		expect(await ended).toBe(1);
		expect(output.text).toContain('The stop took too long');
	});

	it('waits for a bus that is not there yet, and can be stopped meanwhile', async () => {
		const { child, ended, output } = run({ NATS_URL: 'nats://127.0.0.1:1' });
		const end = performance.now() + 20_000;
		while (!output.text.includes('Waiting for the bus') && performance.now() < end) {
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
		expect(output.text).toContain('Waiting for the bus at nats://127.0.0.1:1');
		child.kill('SIGTERM');
		expect(await ended).toBe(0);
	});

	it('refuses to start without a bus, with a private one, or with settings that it does not know', async () => {
		const cases: [Record<string, string>, string[], number, string][] = [
			[{}, [], 3, 'NATS_URL is not set'],
			[{ NATS_URL: 'memory:' }, [], 3, 'reaches nobody outside this process'],
			[{ NATS_URL: 'http://x' }, [], 3, 'use "nats://host:4222"'],
			[{ NATS_URL: listener.url, UFTP_STOP_SECOND: '1' }, [], 2, 'the nearest is UFTP_STOP_SECONDS'],
			[{ NATS_URL: listener.url }, ['--log-level', 'loud'], 2, 'must be one of debug, info, warn, error'],
			[{ NATS_URL: listener.url }, ['--id', 'broken'], 1, 'uftp registry: The disk is full: make room.'],
			[{}, ['--help'], 0, 'UFTP_STOP_TAKES_SECONDS'],
		];
		for (const [environment, flags, code, sentence] of cases) {
			const { ended, output } = run(environment, flags);
			expect(await ended, sentence).toBe(code);
			expect(output.text).toContain(sentence);
		}
	});
});
