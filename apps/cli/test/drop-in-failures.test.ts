import { createSocket, type Socket } from 'node:dgram';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Loopback } from './drop-in-processes.ts';

let here: Loopback;
let file: string;

beforeEach(() => {
	here = new Loopback();
	file = path.join(here.directory, 'file');
	writeFileSync(file, 'content');
});

afterEach(() => here.close());

describe('uftp on bad input', () => {
	it.each([
		[
			'an interface that does not exist',
			['-I', 'nope0'],
			1,
			/^Invalid name\/address nope0: There is no interface "nope0"\. This machine has: lo/,
		],
		[
			'a private group that is none',
			['-P', '10.0.0.1'],
			2,
			/^Invalid private address: "10\.0\.0\.1" is not a multicast group/,
		],
		['groups of two IP versions', ['-P', 'ff15::x'], 2, /^IP version mismatch between public and private addresses/],
		['an IPv6 group without -P', ['-M', 'ff15::4:1'], 2, /^Invalid private address: with an IPv6 group/],
		['a public address that is none', ['-M', '10.0.0.300'], 2, /^Invalid public address or port: "10\.0\.0\.300"/],
		['an id that is none', ['-H', '999.1'], 1, /^Invalid UID 999\.1: /],
		[
			'a host list that is not there',
			['-H', '@/nonexistent/list'],
			1,
			/^Couldn't open destination list \/nonexistent\/list: no such file/,
		],
		['a host list without a host', ['-H', ','], 1, /names no receiver/],
		[
			'a log file that cannot be opened',
			['-L', '/nonexistent/log'],
			4,
			/^Can't open log file: \/nonexistent\/log: no such file/,
		],
		[
			'a file list that is not there',
			['-i', '/nonexistent/list'],
			1,
			/Couldn't open file list \/nonexistent\/list: no such file/,
		],
	] as const)('says what is wrong with %s', async (_, words, code, sentence) => {
		const { exitCode, stdout, stderr } = await here.run('uftp', [...words, file]);
		expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
		expect(stderr).toMatch(sentence);
		expect(stderr).not.toMatch(/\bat .*\.ts:/);
	});

	it('prints the usage and exits 1 for an unknown flag', async () => {
		const { exitCode, stderr } = await here.run('uftp', ['-9', file]);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/^uftp: invalid option -- '9'\nuftp \[ -R txrate \]/);
	});

	it('exits 2 when its source port is held', async () => {
		const holder = await hold(Number(here.port));
		const { exitCode, stderr } = await here.send('-u', here.port, file);
		holder.close();
		expect(exitCode).toBe(2);
		expect(stderr).toMatch(new RegExp(`^uftp: UDP port ${here.port} .* is held by `));
	});
});

describe('uftpd on bad input', () => {
	it.each([
		[
			'an interface that does not exist',
			['-I', 'nope0'],
			1,
			/Invalid name\/address nope0: There is no interface "nope0"/,
		],
		[
			'a destination that is not there',
			['-I', 'lo', '-D', '/nonexistent'],
			1,
			/couldn't write to dest directory: .*\/nonexistent/,
		],
		[
			'a destination that is no directory',
			['-I', 'lo', '-D', '/etc/passwd'],
			1,
			/couldn't write to dest directory: .*\/etc\/passwd/,
		],
		[
			'an address that is no group',
			['-I', 'lo', '-M', '10.0.0.1'],
			2,
			/Error joining multicast group: 10\.0\.0\.1 is not multicast/,
		],
		['an address that is none', ['-I', 'lo', '-M', '10.0.0.300'], 1, /Invalid multicast address 10\.0\.0\.300/],
	] as const)('says what is wrong with %s, with -d and as a daemon', async (_, words, code, sentence) => {
		const log = path.join(here.directory, 'log');
		for (const mode of [['-d'], ['-L', log]]) {
			const { exitCode, stdout, stderr } = await here.run('uftpd', [...mode, '-p', here.port, ...words]);
			expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
			expect(stderr).toMatch(sentence);
			expect(stderr).not.toMatch(/\bat .*\.ts:/);
		}
	});

	it('exits 2 and names the holder when its port is held by a program that does not share it', async () => {
		const holder = await hold(Number(here.port));
		const words = ['-d', '-I', 'lo', '-M', here.group, '-p', here.port, '-D', here.directory];
		const { exitCode, stderr } = await here.run('uftpd', words);
		holder.close();
		expect(exitCode).toBe(2);
		expect(stderr).toMatch(new RegExp(`uftpd: UDP port ${here.port} .* is held by .*\\(process ${process.pid}\\)`));
	});
});

describe('uftpd as a daemon', () => {
	it('ends the command when it listens, writes pid and log file, receives, and leaves with 6 and without its pid file', async () => {
		const received = path.join(here.directory, 'received');
		mkdirSync(received);
		const pidFile = path.join(here.directory, 'pid');
		const log = path.join(here.directory, 'log');
		const flags = ['-q', '-I', 'lo', '-M', here.group, '-p', here.port, '-U', '0x41', '-D', received];
		const start = await here.run('uftpd', [...flags, '-L', log, '-P', pidFile]);
		expect(start).toEqual({ exitCode: 0, stdout: '', stderr: '' });
		const pid = Number(readFileSync(pidFile, 'utf8'));
		try {
			expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('uftpd.ts');
			expect((await here.send('-H', '0x41', file)).exitCode).toBe(0);
			expect(readFileSync(path.join(received, 'file'), 'utf8')).toBe('content');
		} finally {
			process.kill(pid, 'SIGTERM');
		}
		await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 5000 }).toBe(false);
		expect(existsSync(pidFile)).toBe(false);
		expect(readFileSync(log, 'utf8')).toMatch(/Group file transfer confirmed[\s\S]*Exiting on signal 15/);
	});

	it.each([
		['a log file that cannot be opened', ['-L', '/nonexistent/log'], 4, /^Can't open log file/],
		['a pid file that cannot be written', ['-P', '/nonexistent/pid'], 1, /^Can't open pid file for writing/],
	] as const)('says what is wrong with %s where the user looks', async (_, words, code, sentence) => {
		const log = path.join(here.directory, 'log');
		const flags = ['-I', 'lo', '-M', here.group, '-p', here.port, '-D', here.directory, '-L', log];
		const { exitCode, stderr } = await here.run('uftpd', [...flags, ...words]);
		expect(exitCode).toBe(code);
		expect(stderr).toMatch(sentence);
	});
});

/** A socket that does not share its port, as a C `uftpd` does not. */
function hold(port: number): Promise<Socket> {
	const socket = createSocket({ type: 'udp4', reuseAddr: false });
	return new Promise((resolve, reject) => {
		socket.once('error', reject);
		socket.bind(port, () => resolve(socket));
	});
}
