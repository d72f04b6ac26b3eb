import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	createTopology,
	findProgram,
	launch,
	type Maker,
	makeKeys,
	missingPeers,
	waitUntilListening,
} from '../src/index.ts';

/** Who lets whom in: lists, fingerprints, -E, keys that do not fit; one sender and one receiver. */
interface Meeting {
	readonly name: string;
	readonly sender: Maker;
	readonly receiver: Maker;
	/** `KEYS` stands for the folder of the keys, `LIST` for the list below. */
	readonly send: readonly string[];
	readonly receive: readonly string[];
	/** Content of LIST; `@NAME` stands for the fingerprint of that key. */
	readonly list?: string;
	/** Group that the receiver listens to. */
	readonly group?: string;
	readonly exit: number;
	readonly arrives: boolean;
	readonly senderSays?: RegExp;
	readonly receiverSays?: RegExp;
	/** The receiver joins this group only for packets from the sender. */
	readonly joinsFromSender?: string;
}

const senderId = '0x0A630001';
const receiverId = '0x0A630002';
const ssm = ['-M', '232.4.4.1', '-P', '232.5.5.5'];
const strong = ['-Y', 'aes256-gcm', '-h', 'sha256', '-e', 'ecdh_ecdsa', '-k', 'KEYS/p256.pem'];
const rsa = ['-Y', 'aes128-cbc', '-h', 'sha256', '-k', 'KEYS/rsa1024.pem'];
const strongReceiver = ['-k', 'KEYS/p256.pem'];
const to = ['-H', receiverId];

const meetings: Meeting[] = [
	{
		name: 'a receiver without a key makes one that fits the RSA key of the sender',
		sender: 'C',
		receiver: 'ours',
		send: [...rsa, ...to, '-c'],
		receive: [],
		exit: 0,
		arrives: true,
		receiverSays:
			/Made a key in memory that fits the sender's \(RSA, 1024 bits\), with fingerprint (?:[0-9A-F]{2}:){19}/,
	},
	{
		name: 'a receiver without a key makes one that fits the curve of the sender',
		sender: 'C',
		receiver: 'ours',
		send: [...strong, ...to, '-c'],
		receive: [],
		exit: 0,
		arrives: true,
	},
	{
		name: 'a receiver whose own key does not fit says which one would',
		sender: 'C',
		receiver: 'ours',
		send: [...rsa, ...to, '-c'],
		receive: ['-K', 'rsa:512'],
		exit: 7,
		arrives: false,
		receiverSays: /1024/,
	},
	{
		name: 'a receiver with -E refuses a session in the clear',
		sender: 'C',
		receiver: 'ours',
		send: to,
		receive: ['-E'],
		exit: 7,
		arrives: false,
		receiverSays: /encrypt/i,
	},
	{
		name: 'a receiver with -E takes an encrypted session',
		sender: 'C',
		receiver: 'ours',
		send: [...strong, ...to],
		receive: ['-E'],
		exit: 0,
		arrives: true,
	},
	{
		name: 'a C receiver with -E takes an encrypted session of ours',
		sender: 'ours',
		receiver: 'C',
		send: [...strong, ...to],
		receive: ['-E', ...strongReceiver],
		exit: 0,
		arrives: true,
	},
	{
		name: 'a sender on the list of -S is let in with its key, from its address only',
		sender: 'C',
		receiver: 'ours',
		send: [...ssm, ...strong, ...to],
		receive: ['-M', '232.4.4.1', '-S', 'LIST'],
		list: `# senders\n${senderId}|10.99.0.1|@p256\n`,
		group: '232.4.4.1',
		exit: 0,
		arrives: true,
		joinsFromSender: '0xe8040401',
	},
	{
		name: 'a C receiver lets our sender in by its list, key and address',
		sender: 'ours',
		receiver: 'C',
		send: [...ssm, ...strong, ...to],
		receive: ['-M', '232.4.4.1', '-S', 'LIST', ...strongReceiver],
		list: `${senderId}|10.99.0.1|@p256\n`,
		group: '232.4.4.1',
		exit: 0,
		arrives: true,
		joinsFromSender: '0xe8040401',
	},
	{
		name: 'a sender with another key than that of the list is refused, and the log says which it offered',
		sender: 'C',
		receiver: 'ours',
		send: [...ssm, ...strong, ...to],
		receive: ['-M', '232.4.4.1', '-S', 'LIST'],
		list: `${senderId}|10.99.0.1|@p384\n`,
		group: '232.4.4.1',
		exit: 7,
		arrives: false,
		receiverSays: /@p256/,
	},
	{
		name: 'a listed fingerprint means encrypted only',
		sender: 'C',
		receiver: 'ours',
		send: [...ssm, ...to],
		receive: ['-M', '232.4.4.1', '-S', 'LIST'],
		list: `${senderId}|10.99.0.1|@p256\n`,
		group: '232.4.4.1',
		exit: 7,
		arrives: false,
	},
	{
		name: 'a sender that is not on the list is refused in the clear, too',
		sender: 'C',
		receiver: 'ours',
		send: [...ssm, ...to],
		receive: ['-M', '232.4.4.1', '-S', 'LIST'],
		list: '0x0A6300AA|10.99.0.1\n',
		group: '232.4.4.1',
		exit: 7,
		arrives: false,
	},
	{
		name: 'a private group that is not source-specific is refused with -S',
		sender: 'C',
		receiver: 'ours',
		send: ['-M', '232.4.4.1', '-P', '230.5.5.5', ...strong, ...to],
		receive: ['-M', '232.4.4.1', '-S', 'LIST'],
		list: `${senderId}|10.99.0.1|@p256\n`,
		group: '232.4.4.1',
		exit: 7,
		arrives: false,
		receiverSays: /source-specific groups only/,
	},
	{
		name: 'a receiver is let in with the fingerprint that -H @file has for it',
		sender: 'ours',
		receiver: 'C',
		send: [...strong, '-c', '-H', '@LIST'],
		receive: ['-k', 'KEYS/p256.pem'],
		list: `${receiverId}|@p256\n`,
		exit: 0,
		arrives: true,
	},
	{
		name: 'a receiver with another key is kept out, and the sender says which it offered',
		sender: 'ours',
		receiver: 'C',
		send: [...strong, '-H', '@LIST'],
		receive: ['-k', 'KEYS/p256.pem'],
		list: `${receiverId}|@p521\n`,
		exit: 7,
		arrives: false,
		senderSays: /@p256/,
	},
	{
		name: 'our receiver proves its key to the list of a C sender',
		sender: 'C',
		receiver: 'ours',
		send: [...rsa, '-w', 'keyex', '-H', '@LIST'],
		receive: ['-k', 'KEYS/rsa1024.pem,KEYS/p256.pem'],
		list: `${receiverId}|@rsa1024\n`,
		exit: 0,
		arrives: true,
	},
];

const withC = process.env['UFTP_TEST_WITHOUT_PEERS'] !== '1' && missingPeers() === undefined;
const prints = new Map<string, string>();
let keyFolder = '';
let scratch = '';

beforeAll(() => {
	keyFolder = makeKeys();
	scratch = mkdtempSync(join(tmpdir(), 'uftp-refusals-'));
	writeFileSync(join(scratch, 'small'), 'hello');
	for (const name of ['rsa1024', 'p256', 'p384', 'p521']) {
		const command = `${findProgram('ours', 'uftp_keymgt')} ${join(keyFolder, `${name}.pem`)} 2>&1`;
		const shown = execFileSync('sh', ['-c', command], { encoding: 'utf8' });
		prints.set(name, /fingerprint: (\S+)/.exec(shown)?.[1] ?? 'none');
	}
});

afterAll(() => {
	rmSync(scratch, { recursive: true });
	rmSync(keyFolder, { recursive: true });
});

function withPrints(text: string): string {
	return text.replace(/@(rsa1024|p256|p384|p521)/g, (_, name: string) => prints.get(name) ?? 'none');
}

describe.runIf(withC).concurrent('who is let in', () => {
	for (const [index, meeting] of meetings.entries()) {
		it(`${meeting.sender} to ${meeting.receiver}: ${meeting.name}`, async ({ expect: expectHere }) => {
			const topology = await createTopology({ hosts: 2 });
			try {
				const [from, at] = topology.hosts;
				const target = join(scratch, `received${index}`);
				const list = join(scratch, `list${index}`);
				mkdirSync(target);
				writeFileSync(list, withPrints(meeting.list ?? ''));
				const fill = (word: string): string => word.replaceAll('KEYS', keyFolder).replace('LIST', list);
				const receiverPath = findProgram(meeting.receiver, 'uftpd')!;
				const own = [
					receiverPath,
					'-d',
					'-q',
					'-D',
					target,
					'-I',
					'eth0',
					'-U',
					receiverId,
					...meeting.receive.map(fill),
				];
				const receiver = await launch(at!, own);
				await waitUntilListening(at!, receiver, meeting.group ?? '230.4.4.1');
				if (meeting.joinsFromSender !== undefined) {
					const filters = readFileSync(`/proc/${at!.namespace.pid}/net/mcfilter`, 'utf8');
					expectHere(filters).toMatch(new RegExp(`eth0 ${meeting.joinsFromSender} 0x0a630001 +1 +0`));
				}
				const fast = ['-I', 'eth0', '-R', '-1', '-s', '10', '-r', '0.05:0.01:0.1'];
				const sender = await launch(
					from!,
					[findProgram(meeting.sender, 'uftp')!, ...fast, ...meeting.send.map(fill), 'small'],
					{ cwd: scratch, timeoutMs: 30_000 },
				);
				const { code } = await sender.ended;
				await receiver.stop();
				const said = `${sender.output()}\n--- receiver\n${receiver.output()}`;
				expectHere({ code, said }).toEqual({ code: meeting.exit, said: expect.any(String) });
				expectHere(existsSync(join(target, 'small'))).toBe(meeting.arrives);
				if (meeting.senderSays) expectHere(sender.output()).toMatch(new RegExp(withPrints(meeting.senderSays.source)));
				if (meeting.receiverSays)
					expectHere(receiver.output()).toMatch(new RegExp(withPrints(meeting.receiverSays.source)));
				expectHere(said).not.toContain('PRIVATE KEY');
			} finally {
				topology.close();
			}
		});
	}
});
