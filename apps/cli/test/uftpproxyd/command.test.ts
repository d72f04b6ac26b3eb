import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Loopback } from '../drop-in-processes.ts';

let here: Loopback;
const at = (name: string): string => path.join(here.directory, name);
const text = (name: string): string => readFileSync(at(name), 'utf8');
/** Ports beside that of the sender's network: of the client proxy, and of the receivers behind it. */
const port = (offset: number): string => String(Number(here.port) + offset);

beforeEach(() => {
	here = new Loopback();
	for (const name of ['source', 'dest']) mkdirSync(at(name));
	writeFileSync(at('source/f'), Buffer.alloc(200_000, 'uftp'));
});

afterEach(() => here.close());

describe('uftpproxyd', () => {
	it('carries a session through a server and a client proxy, encrypted, to a receiver beside them', async () => {
		const client = await here.forward('0x71', '-c', '-p', port(1), '-q', port(2), '-O', 'lo', '-K', 'ec:prime256v1');
		const server = await here.forward('0x72', '-p', here.port, '-s', `127.0.0.1:${port(1)}`);
		const receiver = ['-d', '-q', '-I', 'lo', '-M', here.group, '-p', port(2), '-U', '0x73', '-D', at('dest')];
		const running = here.run('uftpd', [...receiver, '-K', 'ec:prime256v1']);
		await Bun.sleep(500);
		writeFileSync(at('proxies'), '0x71\n');
		const secured = ['-e', 'ecdh_ecdsa', '-K', 'prime256v1', '-Y', 'aes256-gcm', '-h', 'sha256'];
		const sent = await here.send('-H', '0x73', '-j', at('proxies'), ...secured, at('source/f'));
		expect(sent).toMatchObject({ exitCode: 0 });
		expect(readFileSync(at('dest/f')).equals(readFileSync(at('source/f')))).toBe(true);
		await server.says(/Encrypted: forwarded as it is/);
		await client.says(/Received REGISTER from 0x00000073/);
		await client.says(/answers of 1 receiver became \d+, held/);
		server.signal('SIGTERM');
		client.signal('SIGINT');
		expect([(await server.ended).exitCode, (await client.ended).exitCode]).toEqual([6, 6]);
		expect(client.stderr).toMatch(/Exiting on signal 2\n/);
		void running;
	});

	it('finds its downstream by heartbeat, and says so', async () => {
		const keyed = await here.run('uftp_keymgt', ['-g', 'ec:prime256v1', at('key')]);
		const fingerprint = /[0-9A-F]{2}(:[0-9A-F]{2}){19}/.exec(keyed.stderr + (await keyOf(at('key'))))?.[0];
		const server = await here.forward('0x72', '-p', here.port, '-s', `fp=${fingerprint}`);
		const words = ['-c', '-p', port(1), '-O', 'lo', '-k', at('key'), '-H', `127.0.0.1:${here.port}`, '-h', '1'];
		const client = await here.forward('0x71', ...words);
		await server.says(new RegExp(`Using 127\\.0\\.0\\.1:${port(1)} as downstream address:port`));
		await client.says(/Heartbeat authentication required\n.*Sent authenticated HB_REQ/);
		await client.says(/Heartbeat authentication successful/);
		const stranger = await here.forward(
			'0x74',
			...words.map((word) => (word === port(1) ? port(3) : word)).toSpliced(5, 2),
		);
		await stranger.says(/Heartbeat authentication failed/);
	});

	it('is refused where a receiver has the port, with what to do about it and exit 2', async () => {
		await here.receive('0x75', at('dest'));
		const words = ['-d', '-I', 'lo', '-M', here.group, '-p', here.port, '-c', '-O', 'lo'];
		const { exitCode, stderr } = await here.run('uftpproxyd', words);
		expect(exitCode).toBe(2);
		expect(stderr).toMatch(
			/is held by .*A proxy needs a port of its own.*give it another one.*to the proxies that send to it/,
		);
	});

	it('as a daemon writes pid and log, goes on in a new log after SIGHUP, and ends with its pid file', async () => {
		const words = [
			'-I',
			'lo',
			'-M',
			here.group,
			'-p',
			here.port,
			'-s',
			'127.0.0.1:9',
			'-P',
			at('pid'),
			'-L',
			at('log'),
		];
		expect((await here.run('uftpproxyd', words)).exitCode).toBe(0);
		const pid = Number(text('pid'));
		try {
			renameSync(at('log'), at('log.old'));
			process.kill(pid, 'SIGHUP');
			await expect.poll(() => readdirSync(here.directory)).toContain('log');
			expect(text('log.old')).toMatch(/Forwarding to 127\.0\.0\.1:9\n/);
		} finally {
			process.kill(pid, 'SIGTERM');
		}
		await expect.poll(() => readdirSync(here.directory), { timeout: 5000 }).not.toContain('pid');
		expect(text('log')).toMatch(/Exiting on signal 15\n/);
	});

	it.each([
		['a log file that cannot be opened', ['-c', '-L', '/nonexistent/log'], 4, /^Can't open log file: \/nonexistent/],
		[
			'a key file that is missing',
			['-d', '-c', '-I', 'lo', '-O', 'lo', '-k', '/nonexistent'],
			3,
			/read\/generate private key/,
		],
		['a group that is none', ['-d', '-r', '-M', '10.0.0.1'], 2, /Error joining multicast group/],
		[
			'groups of any source with -S',
			['-d', '-r', '-I', 'lo', '-S', 'LIST'],
			1,
			/^.*Default multicast address 230.4.4.1 invalid/,
		],
		['an interface that does not exist', ['-d', '-c', '-O', 'nosuch0'], 1, /Invalid name\/address nosuch0/],
		['a site that is not found', ['-d', '-s', 'no..host'], 1, /Invalid host name: no\.\.host/],
	])('ends with 4.10.2’s exit code for %s', async (_what, words, code, sentence) => {
		writeFileSync(at('list'), '0x1|10.0.0.1\n');
		const { exitCode, stderr } = await here.run(
			'uftpproxyd',
			words.map((word) => (word === 'LIST' ? at('list') : word)),
		);
		expect(stderr).toMatch(new RegExp(sentence.source, 'm'));
		expect(exitCode).toBe(code);
	});
});

/** What `uftp_keymgt` says about a key. */
async function keyOf(file: string): Promise<string> {
	return (await here.run('uftp_keymgt', [file])).stderr;
}
