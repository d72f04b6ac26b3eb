import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Loopback } from '../drop-in-processes.ts';

const BIN = fileURLToPath(new URL('../../../../bin/', import.meta.url));

let here: Loopback;
let inbox: string;

beforeEach(() => {
	here = new Loopback();
	inbox = path.join(here.directory, 'in');
	mkdirSync(inbox);
});

afterEach(() => here.close());

/** Runs lines of a shell in the laboratory's directory: the runtime gives programs no words that are not UTF-8. */
function shell(lines: string): string {
	const set = `U='${BIN}uftp ${here.senderFlags.join(' ')}' D='${BIN}uftpd -q -I lo -M ${here.group} -p ${here.port}'\n`;
	const prepared = `${set}rak=$(printf 'r\\344k') zurich=$(printf 'z\\374rich')\n${lines}`;
	return execFileSync('/bin/sh', ['-ec', prepared], {
		cwd: here.directory,
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'pipe'],
	});
}

function namesIn(folder: string | Buffer): string[] {
	return readdirSync(folder, { encoding: 'buffer' })
		.map((name) => name.toString('latin1'))
		.sort();
}

describe('names that are not UTF-8', () => {
	it('arrive as they are, from words, lists and standard input, and are excluded by -X', async () => {
		await here.receive('1', inbox);
		shell('mkdir out; cd out; echo 1 >"$rak.txt"; echo 2 >"$rak.2"; mkdir "$rak.d"; echo 3 >"$rak.d/$zurich"');
		shell('cd out; $U "$rak.txt" "$rak.d"');
		expect(namesIn(inbox)).toEqual(['r\u00e4k.d', 'r\u00e4k.txt']);
		shell('cd out; printf "$rak.2\\r\\n" | $U -i -; printf "$rak.2\\r\\n" >../list; $U -D from-list -o -i ../list');
		expect(namesIn(inbox)).toEqual(['from-list', 'r\u00e4k.2', 'r\u00e4k.d', 'r\u00e4k.txt']);
		shell('printf "out/$rak.d/$zurich\\r\\n" >exclude; $U -X exclude out');
		expect(namesIn(path.join(inbox, 'out'))).toEqual(['r\u00e4k.2', 'r\u00e4k.d', 'r\u00e4k.txt']);
		expect(shell('ls "in/out/$rak.d"')).toBe('');
		shell('$U -D "$zurich" -o "out/$rak.txt"; cd "out/$rak.d"; $U -D here "./$zurich"');
		expect(namesIn(inbox)).toEqual(expect.arrayContaining(['here', 'z\u00fcrich']));
	});

	it('may be those of all folders and files of a daemon', async () => {
		const script = path.join(here.directory, 'script');
		writeFileSync(script, '#!/bin/sh\nshift 2\nprintf "%s" "$1" >"$(dirname "$0")/told"\n');
		chmodSync(script, 0o755);
		shell('mkdir "$zurich" "$rak.tmp"; echo 1 >"$rak"');
		shell(`H="$PWD/$zurich" T="$PWD/$rak.tmp"
			$D -U 1 -D "$H" -T "$T" -L "$rak.log" -F "$rak.status" -P "$rak.pid" -s "$PWD/script"`);
		try {
			shell('$U "$rak"');
			const told = path.join(here.directory, 'told');
			await expect
				.poll(() => existsSync(told) && readFileSync(told, 'latin1'), { timeout: 20_000 })
				.toBe(`${here.directory}/z\u00fcrich/r\u00e4k`);
			expect(shell('cat "$zurich/$rak"')).toBe('1\n');
			expect(shell('LC_ALL=C grep -c "^RESULT;.*;$rak;0KB;copied$" "$rak.status"')).toBe('1\n');
			expect(shell('LC_ALL=C grep -c "Name of file to receive: $rak$" "$rak.log"')).toBe('1\n');
		} finally {
			shell('kill $(cat "$rak.pid"); while test -e "$rak.pid"; do sleep 0.05; done');
		}
	});
});

describe('the pid file of a daemon', () => {
	it('is refused to a second one with exit 2 while the first runs, and taken where it does not', async () => {
		const pidFile = path.join(here.directory, 'pid');
		const words = ['-q', '-I', 'lo', '-M', here.group, '-p', here.port, '-D', inbox, '-P', pidFile];
		const log = ['-L', path.join(here.directory, 'log')];
		// A number that no process has, and one of a process that is no daemon.
		for (const stale of ['4194305', String(process.pid), 'nonsense']) {
			writeFileSync(pidFile, `${stale}\n`);
			expect(await here.run('uftpd', [...words, ...log])).toMatchObject({ exitCode: 0 });
			const first = readFileSync(pidFile, 'utf8');
			expect(first).not.toBe(`${stale}\n`);
			const second = await here.run('uftpd', [...words, ...log]);
			expect(second.exitCode).toBe(2);
			expect(second.stderr).toMatch(/Address already in use: the uftpd with the process id \d+ runs, .* with -P\.$/m);
			expect(readFileSync(pidFile, 'utf8')).toBe(first);
			process.kill(Number(first), 'SIGTERM');
			await expect.poll(() => existsSync(pidFile), { timeout: 20_000 }).toBe(false);
		}
	});
});

describe('a name with a newline and an escape sequence', () => {
	it('writes no line in the log, in the status file or on the terminal', async () => {
		const [log, status] = [path.join(here.directory, 'log'), path.join(here.directory, 'status')];
		const receiver = await here.receive('1', inbox, '-F', '@LOG');
		const name = 'a\nRESULT;forged\u001b[2J\u202e;b';
		const file = path.join(here.directory, name);
		writeFileSync(file, 'x');
		const { exitCode, stderr } = await here.send('-L', log, '-S', status, file);
		expect(exitCode).toBe(0);
		await receiver.says(/File transfer complete/);
		for (const text of [receiver.stderr, readFileSync(log, 'utf8'), readFileSync(status, 'utf8'), stderr]) {
			expect(text).not.toMatch(/^RESULT;forged/m);
			// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what must not be there
			expect(text).not.toMatch(/[\u001b\u202e]/);
		}
		expect(receiver.stderr).toContain('a\\x0aRESULT;forged\\x1b[2J\\xe2\\x80\\xae;b;0KB;copied');
		expect(readFileSync(path.join(inbox, name), 'utf8')).toBe('x');
		rmSync(file);
		const missing = await here.send(file);
		expect(missing.stderr).not.toMatch(/^RESULT;forged/m);
	});
});
