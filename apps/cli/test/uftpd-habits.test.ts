import {
	chmodSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { heartbeatTargets } from '../src/uftpd/heartbeats.ts';
import { Loopback } from './drop-in-processes.ts';

let here: Loopback;
const at = (name: string): string => path.join(here.directory, name);
const text = (name: string): string => readFileSync(at(name), 'utf8');

beforeEach(() => {
	here = new Loopback();
	for (const name of ['source', 'dest', 'temp', 'backup']) mkdirSync(at(name));
	writeFileSync(at('source/f'), 'new');
	writeFileSync(at('script'), `#!/bin/sh\necho "$@" >>${at('ran')}\n`);
	chmodSync(at('script'), 0o755);
});

afterEach(() => here.close());

describe('uftpd as a daemon', () => {
	it('writes pid, log and status, goes on in a new log after SIGHUP, and ends with its pid file', async () => {
		const words = ['-q', '-I', 'lo', '-M', here.group, '-p', here.port, '-U', '0x41', '-D', at('dest')];
		const files = ['-P', at('pid'), '-L', at('log'), '-F', at('status')];
		expect((await here.run('uftpd', [...words, ...files])).exitCode).toBe(0);
		const pid = Number(text('pid'));
		try {
			// What pidof, pgrep, killall and ps go by.
			expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('uftpd\n');
			expect((await here.send('-H', '0x41', at('source/f'))).exitCode).toBe(0);
			renameSync(at('log'), at('log.old'));
			process.kill(pid, 'SIGHUP');
			await expect.poll(() => readdirSync(here.directory)).toContain('log');
			expect((await here.send('-H', '0x41', at('source/f'))).exitCode).toBe(0);
			await expect.poll(() => text('log')).toMatch(/Group file transfer confirmed/);
			expect(text('log.old')).toMatch(/Name of file to receive: f\n/);
			expect(text('status').match(/;f;0KB;copied\n/g)).toHaveLength(2);
		} finally {
			process.kill(pid, 'SIGTERM');
		}
		await expect.poll(() => readdirSync(here.directory), { timeout: 5000 }).not.toContain('pid');
		expect(text('log')).toMatch(/Exiting on signal 15\n$/);
	});

	it('leaves alone the file behind a symbolic link that has the name of its pid file', async () => {
		writeFileSync(at('precious'), 'kept');
		symlinkSync(at('precious'), at('pid'));
		const words = ['-I', 'lo', '-p', here.port, '-D', at('dest'), '-L', at('log'), '-P', at('pid')];
		const { exitCode, stderr } = await here.run('uftpd', words);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/pid is a symbolic link/);
		expect(text('precious')).toBe('kept');
	});

	it('says on the terminal and with exit 1 that its status file cannot be opened', async () => {
		const words = ['-I', 'lo', '-p', here.port, '-D', at('dest'), '-L', at('log'), '-F', '/nonexistent/status'];
		const { exitCode, stderr } = await here.run('uftpd', words);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/^Can't open status file: \/nonexistent\/status/);
	});
});

describe('uftpd', () => {
	it('runs the script for each file, with the group and the full path', async () => {
		await here.receive('0x42', at('dest'), '-s', at('script'), '-F', '@LOG');
		await here.send('-H', '0x42', at('source/f'));
		await expect.poll(() => readdirSync(here.directory)).toContain('ran');
		await expect.poll(() => text('ran')).toMatch(new RegExp(`^-I [0-9A-F]{8} ${at('dest/f')}\n$`));
	});

	it('goes on when the script cannot be run, and says so', async () => {
		const receiver = await here.receive('0x43', at('dest'), '-s', '/nonexistent/script');
		expect((await here.send('-H', '0x43', at('source/f'))).exitCode).toBe(0);
		await receiver.says(/\/nonexistent\/script \(-s\) is not there or cannot be run/);
		await receiver.says(/Can't run \/nonexistent\/script/);
	});

	it('keeps what it overwrites (-A), and moves a session at its end (-T)', async () => {
		writeFileSync(at('dest/f'), 'old');
		await here.receive('0x44', at('dest'), '-A', at('backup'));
		expect((await here.send('-H', '0x44', at('source/f'))).exitCode).toBe(0);
		const [date] = readdirSync(at('backup'));
		const [time] = readdirSync(at(`backup/${date}`));
		expect(text(`backup/${date}/${time}${at('dest/f')}`)).toBe('old');
		await here.receive('0x45', at('dest'), '-T', at('temp'), '-s', at('script'));
		expect((await here.send('-H', '0x45', '-D', 'moved', at('source/f'))).exitCode).toBe(0);
		await expect.poll(() => readdirSync(at('dest')).sort()).toEqual(['f', 'moved']);
		await expect.poll(() => readdirSync(here.directory)).toContain('ran');
		expect(readdirSync(at('temp'))).toEqual([]);
	});

	it('never lets others read what only the owner of the file may read', async () => {
		chmodSync(at('source/f'), 0o600);
		await here.receive('0x46', at('dest'));
		await here.send('-H', '0x46', at('source/f'));
		expect(statSync(at('dest/f')).mode & 0o777).toBe(0o600);
	});

	it('refuses folders between which nothing can be moved, with exit 1', async () => {
		const words = ['-d', '-I', 'lo', '-p', here.port, '-D', at('dest'), '-A', '/dev/shm'];
		const { exitCode, stderr } = await here.run('uftpd', words);
		if (statSync('/dev/shm').dev === statSync(here.directory).dev) return;
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/couldn't move between directories .*: cross-device link not permitted\. They must lie/);
	});
});

describe('heartbeats', () => {
	it('go to the port that is named, else to 1044', async () => {
		expect(await heartbeatTargets(['10.0.0.1', '10.0.0.2:2044', 'fd00::1', '[fd00::2]:3044'])).toEqual([
			{ host: '10.0.0.1', port: 1044 },
			{ host: '10.0.0.2', port: 2044 },
			{ host: 'fd00::1', port: 1044 },
			{ host: 'fd00::2', port: 3044 },
		]);
	});

	it.each(['10.0.0.1:0', '10.0.0.1:x', '10.0.0'])('refuse "%s" with exit 1', async (word) => {
		await expect(heartbeatTargets([word])).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringContaining(`Invalid heartbeat address ${word}`),
		});
	});
});
