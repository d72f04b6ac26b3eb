import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import {
	createTopology,
	findProgram,
	launch,
	type Maker,
	missingPeers,
	noise,
	waitUntilListening,
} from '../src/index.ts';

/** What is wrong at the receiver: shell commands, run in its destination directory and a mount namespace of its own. */
interface Fault {
	readonly name: string;
	readonly script: string;
	readonly sent: readonly string[];
	readonly exit: number;
	/** What arrives all the same, read back inside that namespace. */
	readonly arrives: readonly string[];
	/** What our receiver's log says. */
	readonly says: RegExp;
}

const faults: readonly Fault[] = [
	{
		name: 'something is mounted on the name of the first file',
		script: 'touch config host; mount --bind host config',
		sent: ['config', 'large', 'small'],
		exit: 0,
		arrives: ['large', 'small'],
		says: /Rejecting file: "config" .*mounted on it\? \(EBUSY\)/,
	},
	{
		name: 'the second of three files is larger than the disk',
		script: 'mount -t tmpfs -o size=1m uftp-test .; cd "$PWD"',
		sent: ['config', 'large', 'small'],
		exit: 0,
		arrives: ['config', 'small'],
		says: /Rejecting file: Not enough disk space: the file needs 3000000 bytes, \d+ are available/,
	},
	{
		name: 'the only file is larger than the disk',
		script: 'mount -t tmpfs -o size=1m uftp-test .; cd "$PWD"',
		sent: ['large'],
		exit: 10,
		arrives: [],
		says: /Rejecting file: Not enough disk space: the file needs 3000000 bytes, \d+ are available/,
	},
	{
		name: 'the folder of one file is mounted read-only',
		script: 'mkdir tree; mount -t tmpfs -o ro uftp-test tree',
		sent: ['tree', 'small'],
		exit: 0,
		arrives: ['small'],
		says: /Rejecting file: .*read-only \(EROFS\)/,
	},
];

/** In 1965: C programs read the 32 bits of a time as signed. */
const TIME_MS = -141_000_000_000;
const group = '230.4.4.1';
const withC = process.env['UFTP_TEST_WITHOUT_PEERS'] !== '1' && missingPeers() === undefined;
const senders: Maker[] = withC ? ['C', 'ours'] : ['ours'];
let scratch = '';

beforeAll(() => {
	scratch = mkdtempSync(join(tmpdir(), 'uftp-faults-'));
	mkdirSync(join(scratch, 'tree'));
	writeFileSync(join(scratch, 'config'), 'new');
	writeFileSync(join(scratch, 'tree/f'), 'f');
	writeFileSync(join(scratch, 'large'), noise(3_000_000, 1));
	writeFileSync(join(scratch, 'small'), noise(5000, 2));
	for (const name of ['config', 'large', 'small']) {
		const time = new Date(TIME_MS);
		utimesSync(join(scratch, name), time, time);
	}
});

afterAll(() => rmSync(scratch, { recursive: true }));

describe.concurrent('a receiver that cannot store one file', () => {
	for (const maker of senders) {
		for (const { name, script, sent, exit, arrives, says } of faults) {
			it(`takes the others of a sender of ${maker === 'C' ? 'UFTP 4.10.2' : 'this project'}: ${name}`, async ({
				expect,
			}) => {
				const topology = await createTopology({ hosts: 2 });
				const target = mkdtempSync(join(scratch, 'received-'));
				try {
					const [from, to] = topology.hosts;
					const inside = `cd ${target}; ${script}; exec "$@"`;
					const uftpd = [findProgram('ours', 'uftpd')!, '-d', '-q', '-D', target, '-I', 'eth0'];
					const receiver = await launch(to!, ['unshare', '-m', 'sh', '-c', inside, 'sh', ...uftpd]);
					await waitUntilListening(to!, receiver, group);
					const argv = ['-I', 'eth0', '-r', '0.05:0.01:0.1', '-R', '-1', ...sent];
					const sender = await launch(from!, [findProgram(maker, 'uftp')!, ...argv], {
						cwd: scratch,
						timeoutMs: 30_000,
					});
					const { code } = await sender.ended;
					expect({ code, said: sender.output() }).toEqual({ code: exit, said: expect.stringMatching(/rejected/i) });
					expect(receiver.output()).toMatch(says);
					// Seen from the receiver, which has mounts of its own.
					const received = `/proc/${receiver.pid}/root${target}`;
					for (const file of arrives) {
						expect(readFileSync(join(received, file)).equals(readFileSync(join(scratch, file)))).toBe(true);
						expect(statSync(join(received, file)).mtimeMs).toBe(TIME_MS);
					}
					expect(readdirSync(received).filter((file) => file.startsWith('.~uftp'))).toEqual([]);
				} finally {
					topology.close();
				}
			});
		}
	}
});
