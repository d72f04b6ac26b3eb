import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Loopback } from './drop-in-processes.ts';

let here: Loopback;
let source: string;
const received: string[] = [];

beforeEach(() => {
	here = new Loopback();
	source = path.join(here.directory, 'source');
	mkdirSync(source);
	received.length = 0;
	for (const name of ['one', 'two']) {
		const directory = path.join(here.directory, name);
		mkdirSync(directory);
		received.push(directory);
	}
});

afterEach(() => here.close());

function file(name: string, bytes: number): string {
	const place = path.join(source, name);
	mkdirSync(path.dirname(place), { recursive: true });
	writeFileSync(place, randomBytes(bytes));
	return place;
}

function digest(place: string): string {
	return createHash('sha256').update(readFileSync(place)).digest('hex');
}

describe('uftp to uftpd on the loopback interface', () => {
	it('delivers a tree to two receivers of one machine, byte for byte, and exits 0', async () => {
		const files = [file('tree/a', 0), file('tree/deep/b', 1301), file('tree/deep/c', 3_000_000)];
		mkdirSync(path.join(source, 'tree/empty'));
		symlinkSync('deep/b', path.join(source, 'tree/link'));
		await here.receive('0x11', received[0]);
		await here.receive('0x12', received[1]);
		const { exitCode, stdout, stderr } = await here.send('-H', '0x11,0x12', path.join(source, 'tree'));
		expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
		for (const directory of received) {
			for (const each of files) expect(digest(path.join(directory, path.relative(source, each)))).toBe(digest(each));
			expect(readdirSync(path.join(directory, 'tree')).sort()).toEqual(['a', 'deep', 'empty', 'link']);
			expect(readlinkSync(path.join(directory, 'tree/link'))).toBe('deep/b');
		}
		expect(stderr).toMatch(/^Interface lo \(.*\): named with -I\.$/m);
		expect(stderr).toMatch(/^Host: 0x11 {13}Status: Completed {3}time: +\d+\.\d{3} seconds$/m);
		expect(stderr).not.toMatch(/has not got everything/);
	});

	it('takes whoever comes in an open group', async () => {
		const sent = file('open', 5000);
		await here.receive('0x21', received[0]);
		const { exitCode, stderr } = await here.send(sent);
		expect(exitCode).toBe(0);
		expect(stderr).toMatch(/^Sending ANNOUNCE 10$/m);
		expect(digest(path.join(received[0], 'open'))).toBe(digest(sent));
	});

	it('sends to one address without a group', async () => {
		const sent = file('unicast', 5000);
		await here.receive('0x22', received[0]);
		const { exitCode } = await here.send('-M', '127.0.0.1', '-H', '0x22', sent);
		expect(exitCode).toBe(0);
		expect(digest(path.join(received[0], 'unicast'))).toBe(digest(sent));
	});

	it('renames with -D, follows links with -l and reads names from standard input with -i', async () => {
		const sent = file('plain', 100);
		symlinkSync('plain', path.join(source, 'link'));
		await here.receive('0x23', received[0]);
		const link = path.join(source, 'link');
		expect((await here.send('-H', '0x23', '-l', '-D', 'new/name', link)).exitCode).toBe(0);
		expect(digest(path.join(received[0], 'new/name'))).toBe(digest(sent));
		const words = [...here.senderFlags, '-H', '0x23', '-D', 'two', '-i', '-'];
		const listed = await here.run('uftp', words, `${sent}\n\n${link}\n`);
		expect(listed.exitCode).toBe(0);
		expect(listed.stderr).toMatch(/^File ID: 0001 {2}Name: plain\n {2}sending as: two\/plain$/m);
		expect(readlinkSync(path.join(received[0], 'two/link'))).toBe('plain');
	});

	it('exits 0 when one of two has the file, and says who has not', async () => {
		const sent = file('some', 100);
		await here.receive('0x31', received[0]);
		const { exitCode, stderr } = await here.send('-x', '0', '-H', '0x31,0x32', sent);
		expect(exitCode).toBe(0);
		expect(stderr).toBe('0x32            Mute\n0x32 has not got everything: it never registered\n');
	});

	it('exits 7 with -q when one of two is missing, and nobody keeps the file', async () => {
		const sent = file('all', 100);
		await here.receive('0x33', received[0]);
		const { exitCode } = await here.send('-q', '-H', '0x33,0x34', sent);
		expect(exitCode).toBe(7);
		expect(readdirSync(received[0])).toEqual([]);
	});

	it('exits 7 when nobody is there', async () => {
		const { exitCode, stderr } = await here.send('-H', '0x35', file('none', 1));
		expect(exitCode).toBe(7);
		expect(stderr).toMatch(/^Announce timed out$/m);
	});

	it('exits 10 when the file is rejected', async () => {
		await here.receive('0x36', received[0]);
		const { exitCode, stderr } = await here.send('-H', '0x36', '-D', '/nowhere/file', file('rejected', 1));
		expect(exitCode).toBe(10);
		expect(stderr).toMatch(/^0x36 has not got everything: it rejected 1 file$/m);
	});

	it('exits 6 on SIGINT and tells the receivers, which keep nothing of the file', async () => {
		const sent = file('large', 20_000_000);
		const receiver = await here.receive('0x37', received[0]);
		const sender = here.startSending('-R', '8000', '-H', '0x37', sent);
		await sender.says(/Starting pass 1/);
		sender.signal('SIGINT');
		const { exitCode, stderr } = await sender.ended;
		expect(exitCode).toBe(6);
		expect(stderr).toMatch(/^Got signal 2, aborting$/m);
		await receiver.says(/Transfer aborted by server: Server quit, aborting all/);
		expect(readdirSync(received[0])).toEqual([]);
	});

	it('exits 6 on SIGTERM to the receiver, which tells the sender', async () => {
		const sent = file('long', 20_000_000);
		const receiver = await here.receive('0x38', received[0]);
		const sender = here.startSending('-R', '8000', '-H', '0x38', sent);
		await receiver.says(/FILEINFO_ACK sent/);
		receiver.signal('SIGTERM');
		const { exitCode, stderr } = await receiver.ended;
		expect(exitCode).toBe(6);
		expect(stderr).toMatch(/Exiting on signal 15/);
		const end = await sender.ended;
		expect(end.exitCode).toBe(9);
		expect(end.stderr).toMatch(/^Transfer aborted by 0x38: Client shutting down$/m);
		expect(readdirSync(received[0])).toEqual([]);
	});

	it('sends the other files when one is missing, and exits 10 when there is none at all', async () => {
		const sent = file('there', 100);
		const missing = path.join(source, 'missing');
		await here.receive('0x39', received[0]);
		const { exitCode, stderr } = await here.send('-H', '0x39', missing, sent);
		expect(exitCode).toBe(0);
		expect(stderr).toMatch(/missing" is skipped: it does not exist/);
		expect((await here.send('-H', '0x39', missing)).exitCode).toBe(10);
	});

	it('appends to a log file with times, and prints nothing', async () => {
		const log = path.join(here.directory, 'log');
		writeFileSync(log, 'before\n');
		await here.receive('0x3A', received[0]);
		const { exitCode, stdout, stderr } = await here.send('-L', log, '-H', '0x3A', file('logged', 1));
		expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
		const lines = readFileSync(log, 'utf8').split('\n');
		expect(lines[0]).toBe('before');
		expect(lines[1]).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6}: \[[0-9A-F]{8}\/00:0\]: UFTP version 4\.10\.2/);
		expect(lines.some((line) => /\/00:0001\]: Transfer status:$/.test(line))).toBe(true);
	});
});
