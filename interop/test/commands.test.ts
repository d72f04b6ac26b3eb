import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	createTopology,
	findProgram,
	launch,
	type Maker,
	missingPeers,
	noise,
	waitUntilListening,
} from '../src/index.ts';

/** What scripts around the commands rely on: the same exit code as 4.10.2 for the same arguments. */
interface Refusal {
	readonly program: 'uftp' | 'uftpd';
	readonly argv: readonly string[];
	readonly exit: number;
	/** What our message must name. The C program names little. */
	readonly names: RegExp;
	/** The C program looks names up first, which takes long without a name server, or does not refuse at all. */
	readonly oursOnly?: boolean;
}

const refusals: Refusal[] = [
	{ program: 'uftp', argv: ['-R', '0', 'file'], exit: 1, names: /rate/i },
	{ program: 'uftp', argv: ['-R', 'fast', 'file'], exit: 1, names: /rate/i },
	{ program: 'uftp', argv: ['-b', '100', 'file'], exit: 1, names: /block ?size/i },
	{ program: 'uftp', argv: ['-b', '9000', 'file'], exit: 1, names: /block ?size/i },
	{ program: 'uftp', argv: ['-s', '5', 'file'], exit: 1, names: /robust/i },
	{ program: 'uftp', argv: ['-t', '300', 'file'], exit: 1, names: /ttl/i },
	{ program: 'uftp', argv: ['-r', '0', 'file'], exit: 1, names: /grtt/i },
	{ program: 'uftp', argv: ['-r', '0.1:0.2', 'file'], exit: 1, names: /grtt/i },
	{ program: 'uftp', argv: ['-B', '1', 'file'], exit: 1, names: /buffer/i },
	{ program: 'uftp', argv: ['-x', '-1', 'file'], exit: 1, names: /log level/i },
	{ program: 'uftp', argv: ['-i', '/nonexistent'], exit: 1, names: /\/nonexistent/ },
	{ program: 'uftp', argv: ['-L', '/nonexistent/log', 'file'], exit: 4, names: /log/i },
	{ program: 'uftp', argv: ['-I', 'nosuch0', 'file'], exit: 1, names: /nosuch0/, oursOnly: true },
	{ program: 'uftp', argv: [], exit: 1, names: /usage|file/i },
	{ program: 'uftp', argv: ['-Y', 'bogus', 'file'], exit: 1, names: /keytype/ },
	{ program: 'uftp', argv: ['-Y', 'des', 'file'], exit: 1, names: /DES/, oursOnly: true },
	{ program: 'uftp', argv: ['-Y', 'aes256-gcm', '-h', 'md5', 'file'], exit: 1, names: /hashtype/ },
	{ program: 'uftp', argv: ['-Y', 'aes256-cbc', '-w', 'rsa', 'file'], exit: 1, names: /sigtype/ },
	{ program: 'uftp', argv: ['-Y', 'aes256-gcm', '-e', 'dh', 'file'], exit: 1, names: /keyextype/ },
	{ program: 'uftp', argv: ['-Y', 'aes256-gcm', '-e', 'ecdh_rsa:bogus', 'file'], exit: 1, names: /curve/ },
	{ program: 'uftp', argv: ['-Y', 'aes256-gcm', '-K', '511', 'file'], exit: 1, names: /key length/ },
	{ program: 'uftp', argv: ['-Y', 'aes256-gcm', '-e', 'ecdh_ecdsa', '-K', '1024', 'file'], exit: 1, names: /curve/ },
	{ program: 'uftp', argv: ['-Y', 'aes256-gcm', '-k', '/nonexistent', 'file'], exit: 3, names: /\/nonexistent/ },
	{ program: 'uftp', argv: ['-H', '@/nonexistent', 'file'], exit: 1, names: /destination list/ },
	{ program: 'uftp', argv: ['-H', '0x1', '-j', '/nonexistent', 'file'], exit: 1, names: /proxy list/ },
	{ program: 'uftpd', argv: ['-d', '-D', '/nonexistent'], exit: 1, names: /\/nonexistent|dest/i },
	{ program: 'uftpd', argv: ['-d', '-D', 'relative'], exit: 1, names: /absolute/i },
	{ program: 'uftpd', argv: ['-d', '-M', '10.0.0.1'], exit: 2, names: /10\.0\.0\.1|multicast/i },
	{ program: 'uftpd', argv: ['-d', '-p', '0'], exit: 1, names: /port/i },
	{ program: 'uftpd', argv: ['-d', '-B', '1'], exit: 1, names: /buffer/i },
	{ program: 'uftpd', argv: ['-d', '-x', '-1'], exit: 1, names: /log level/i },
	{ program: 'uftpd', argv: ['-d', '-I', 'nosuch0'], exit: 1, names: /nosuch0/, oursOnly: true },
	{ program: 'uftpd', argv: ['-d', '-K', 'bogus'], exit: 1, names: /bogus/ },
	{ program: 'uftpd', argv: ['-d', '-K', 'rsa:511'], exit: 1, names: /511/ },
	{ program: 'uftpd', argv: ['-d', '-K', 'ec:bogus'], exit: 1, names: /curve/ },
	{ program: 'uftpd', argv: ['-d', '-k', '/nonexistent'], exit: 3, names: /\/nonexistent/ },
	{ program: 'uftpd', argv: ['-d', '-k', 'a,b', '-K', 'rsa:512'], exit: 1, names: /same number/ },
	{ program: 'uftpd', argv: ['-d', '-S', '/nonexistent'], exit: 1, names: /server list/ },
	{ program: 'uftpd', argv: ['-d', '-S', 'senders'], exit: 1, names: /source specific multicast/ },
	{ program: 'uftpd', argv: ['-d', '-S', 'senders', '-M', '232.1.1.1,230.1.1.1'], exit: 1, names: /230\.1\.1\.1/ },
];

/** A session with one receiver of the same maker, and the exit code of the sender. */
interface Outcome {
	readonly name: string;
	readonly argv: readonly string[];
	readonly exit: number;
	/** Sent to the sender a while after its start. */
	readonly signal?: NodeJS.Signals;
}

const present = '0x0A630002';
const absent = '0x0A6300FE';

const outcomes: Outcome[] = [
	{ name: 'all receivers have the file', argv: ['-R', '-1', '-H', present, 'small'], exit: 0 },
	{ name: 'one of two receivers is absent', argv: ['-R', '-1', '-H', `${present},${absent}`, 'small'], exit: 0 },
	{ name: 'one of two is absent, with -q', argv: ['-R', '-1', '-q', '-H', `${present},${absent}`, 'small'], exit: 7 },
	{ name: 'nobody registers', argv: ['-R', '-1', '-H', absent, 'small'], exit: 7 },
	{ name: 'the file does not exist', argv: ['-R', '-1', '-H', present, 'nonexistent'], exit: 10 },
	{ name: 'receivers reject the name', argv: ['-R', '-1', '-H', present, '-D', '../up', 'small'], exit: 10 },
	{ name: 'an absolute name is rejected', argv: ['-R', '-1', '-H', present, '-D', '/etc/up', 'small'], exit: 10 },
	{ name: 'SIGINT ends it midway', argv: ['-R', '10000', '-H', present, 'large'], exit: 6, signal: 'SIGINT' },
	{ name: 'SIGTERM ends it midway', argv: ['-R', '10000', '-H', present, 'large'], exit: 6, signal: 'SIGTERM' },
];

const withC = process.env['UFTP_TEST_WITHOUT_PEERS'] !== '1' && missingPeers() === undefined;
const makers: Maker[] = withC ? ['ours', 'C'] : ['ours'];
const group = '230.4.4.1';
let scratch = '';

beforeAll(() => {
	scratch = mkdtempSync(join(tmpdir(), 'uftp-commands-'));
	writeFileSync(join(scratch, 'small'), 'hello');
	writeFileSync(join(scratch, 'senders'), '0x0A630001|10.99.0.1\n');
	writeFileSync(join(scratch, 'large'), noise(8_000_000, 1));
});

afterAll(() => rmSync(scratch, { recursive: true }));

describe.concurrent('the commands end with the exit codes of 4.10.2', () => {
	for (const maker of makers) {
		for (const { program, argv, exit, names, oursOnly } of refusals) {
			if (oursOnly === true && maker === 'C') continue;
			it(`${maker}: ${program} ${argv.join(' ')} ends with ${exit}`, async ({ expect: expectHere }) => {
				const topology = await createTopology({ hosts: 1 });
				try {
					const options = { cwd: scratch, timeoutMs: 15_000 };
					const run = await launch(topology.hosts[0]!, [findProgram(maker, program)!, ...argv], options);
					const { code } = await run.ended;
					expectHere({ code, said: run.output() }).toEqual({ code: exit, said: expect.stringMatching(/\S/) });
					if (maker === 'ours') expectHere(run.output()).toMatch(names);
				} finally {
					topology.close();
				}
			});
		}

		for (const { name, argv, exit, signal } of outcomes) {
			it(`${maker}: uftp ends with ${exit} where ${name}`, async ({ expect: expectHere }) => {
				const topology = await createTopology({ hosts: 2 });
				const target = mkdtempSync(join(scratch, 'received-'));
				try {
					const [from, to] = topology.hosts;
					const receiver = await launch(to!, [findProgram(maker, 'uftpd')!, '-d', '-q', '-D', target, '-I', 'eth0']);
					await waitUntilListening(to!, receiver, group);
					const fast = ['-I', 'eth0', '-r', '0.05:0.01:0.1'];
					const options = { cwd: scratch, timeoutMs: 30_000 };
					const sender = await launch(from!, [findProgram(maker, 'uftp')!, ...fast, ...argv], options);
					if (signal !== undefined) {
						while (from!.transmittedBytes() < 1_000_000) await sleep(10);
						sender.signal(signal);
					}
					const said = (): string => `${sender.output()}\n--- receiver\n${receiver.output()}`;
					const { code } = await sender.ended;
					expectHere({ code, said: said() }).toEqual({ code: exit, said: expect.any(String) });
					expectHere((await receiver.stop()).code).toBe(6);
				} finally {
					topology.close();
				}
			});
		}

		if (!withC) continue;
		it(`${maker}: uftpd ends with 2 where a C uftpd holds the port`, async ({ expect: expectHere }) => {
			const topology = await createTopology({ hosts: 1 });
			try {
				const host = topology.hosts[0]!;
				const target = join(scratch, `held-${maker}`);
				mkdirSync(target);
				const holder = await launch(host, [findProgram('C', 'uftpd')!, '-d', '-q', '-D', target]);
				await waitUntilListening(host, holder, group);
				const late = await launch(host, [findProgram(maker, 'uftpd')!, '-d', '-q', '-D', target], {
					timeoutMs: 15_000,
				});
				expectHere((await late.ended).code).toBe(2);
				expectHere(late.output()).toMatch(maker === 'ours' ? /1044/ : /in use/);
			} finally {
				topology.close();
			}
		});
	}
});
