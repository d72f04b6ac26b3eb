import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTopology, type Host, launch, noise, type Program, sameBytes, type Topology } from '@uftp/interop';
import { receivers } from './contests.ts';
import { pathOf } from './measure.ts';
import { median } from './report.ts';

const checkout = resolve(import.meta.dirname, '../..');
const bun = join(checkout, 'bin/bun');
const fileBytes = 1024;
const wholeLimitSeconds = 0.4;
const sessionLimitSeconds = 0.15;
const readyDeadlineMs = 20_000;

/**
 * A 1 KiB file by `uftpctl send` to a running sender, over a NATS server, to an open group whose receivers the
 * registry all knows. One line for the whole command, one for the session in it, medians of `runs`.
 */
export async function measureBusSend(scratch: string, runs: number): Promise<string[]> {
	const topology = await createTopology({ hosts: 1 + receivers });
	try {
		const [controller, ...receiverHosts] = topology.hosts;
		if (controller === undefined) throw new RangeError('a topology without hosts');
		const root = join(scratch, 'bus');
		const file = join(root, 'small.bin');
		mkdirSync(root);
		const environment = { NATS_URL: `nats://${controller.ipv4}:4222` };
		await startServices(topology, scratch, root, environment);
		await waitForReceivers(controller, environment);
		const wholeSeconds: number[] = [];
		const sessionSeconds: number[] = [];
		let wrongFiles = 0;
		for (let run = 0; run < runs; run++) {
			writeFileSync(file, noise(fileBytes, run + 1));
			const command = await runControl(controller, environment, ['send', '--json', file]);
			wholeSeconds.push(command.seconds);
			sessionSeconds.push(sessionSecondsIn(command.said));
			const copies = receiverHosts.map((host) => join(scratch, `bus${host.index}`, 'small.bin'));
			wrongFiles += copies.filter((copy) => !sameBytes(file, copy)).length;
		}
		return [
			`1 KiB by uftpctl send, ${receivers} receivers, medians of ${runs} runs, ${wrongFiles} wrong files:`,
			verdict('whole command', median(wholeSeconds), wholeLimitSeconds),
			verdict('session', median(sessionSeconds), sessionLimitSeconds),
		];
	} finally {
		topology.close();
	}
}

type Environment = Readonly<Record<string, string>>;

async function startServices(
	topology: Topology,
	scratch: string,
	root: string,
	environment: Environment,
): Promise<void> {
	const [controller, ...receiverHosts] = topology.hosts;
	if (controller === undefined) return;
	const bus = await launch(controller, ['nats-server', '-a', '0.0.0.0', '-p', '4222']);
	await waitForText(bus, /ready/i, 'nats-server (Debian package nats-server)');
	// Services refuse settings that they do not know, so each gets its own.
	const onNetwork = { ...environment, UFTP_INTERFACE: 'eth0' };
	await startService(controller, 'registry', environment);
	await startService(controller, 'sender', { ...onNetwork, UFTP_ROOTS: `bench=${root}` });
	for (const host of receiverHosts) {
		const destination = join(scratch, `bus${host.index}`);
		mkdirSync(destination);
		await startService(host, 'receiver', { ...onNetwork, UFTP_DESTINATION: destination });
	}
}

function startService(host: Host, role: string, env: Environment): Promise<Program> {
	return launch(host, [bun, join(checkout, 'services', role, 'src/main.ts')], { env });
}

async function waitForReceivers(host: Host, environment: Environment): Promise<void> {
	const untilMs = performance.now() + readyDeadlineMs;
	let said = '';
	while (performance.now() < untilMs) {
		said = (await runControl(host, environment, ['clients'])).said;
		if ((said.match(/alive/g) ?? []).length === receivers) return;
		await sleep(100);
	}
	throw new Error(`the registry never listed ${receivers} receivers; uftpctl clients printed:\n${said}`);
}

async function runControl(host: Host, env: Environment, argv: string[]): Promise<{ seconds: number; said: string }> {
	const program = await launch(host, [pathOf('ours', 'uftpctl'), ...argv], { env, timeoutMs: readyDeadlineMs });
	const ending = await program.ended;
	const failed = argv[0] === 'send' && ending.code !== 0;
	if (failed) throw new Error(`uftpctl send ended with ${ending.signal ?? ending.code}:\n${program.output()}`);
	return { seconds: ending.wallMs / 1000, said: program.output() };
}

/** What the event says that ends a session. */
function sessionSecondsIn(events: string): number {
	for (const line of events.split('\n').filter((text) => text.startsWith('{'))) {
		const event = JSON.parse(line) as { type: string; data: { seconds?: number } };
		if (event.type.startsWith('uftp.session.completed')) return event.data.seconds ?? Number.NaN;
	}
	return Number.NaN;
}

async function waitForText(program: Program, text: RegExp, what: string): Promise<void> {
	const untilMs = performance.now() + readyDeadlineMs;
	while (!text.test(program.output())) {
		const gone = await Promise.race([program.ended, sleep(20)]);
		if (gone !== undefined || performance.now() > untilMs) {
			throw new Error(`${what} did not start:\n${program.output()}`);
		}
	}
}

function verdict(what: string, seconds: number, limit: number): string {
	return `    ${what}: ${seconds.toFixed(3)} s (asked: < ${limit} s: ${seconds < limit ? 'yes' : 'NO'})`;
}
