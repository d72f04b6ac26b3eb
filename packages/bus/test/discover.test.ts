import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { announceLocalBus, findLocalBus } from '../src/index.ts';

let directory = '';
const before = process.env['XDG_RUNTIME_DIR'];
const own = (): string => join(directory, 'uftp');
const file = (): string => join(own(), 'bus.json');

beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), 'uftp-discover-'));
	process.env['XDG_RUNTIME_DIR'] = directory;
});
afterEach(() => {
	if (before === undefined) delete process.env['XDG_RUNTIME_DIR'];
	else process.env['XDG_RUNTIME_DIR'] = before;
	rmSync(directory, { recursive: true, force: true });
});

/** A process id that nobody has: beyond the largest that Linux gives. */
const deadPid = 4_194_305;

describe('finding the bus of this machine', () => {
	it('finds what was announced until it is taken back, and nobody else can read it', () => {
		const remove = announceLocalBus('nats://127.0.0.1:4333');
		expect(findLocalBus()).toEqual({ url: 'nats://127.0.0.1:4333', pid: process.pid });
		expect(statSync(file()).mode & 0o777).toBe(0o600);
		expect(statSync(own()).mode & 0o777).toBe(0o700);
		remove?.();
		remove?.();
		expect(findLocalBus()?.url).not.toBe('nats://127.0.0.1:4333');
	});

	it('ignores what a dead process left, and replaces it', () => {
		mkdirSync(own(), { mode: 0o700 });
		writeFileSync(file(), JSON.stringify({ url: 'nats://127.0.0.1:1', pid: deadPid }));
		expect(findLocalBus()?.pid).not.toBe(deadPid);
		announceLocalBus('nats://127.0.0.1:2')?.();
	});

	it('is without a file where no folder can be written to', () => {
		writeFileSync(own(), 'no folder');
		mkdirSync(join(directory, 'open'), { mode: 0o755 });
		const unfit = [own(), join(own(), 'inside'), '/proc/uftp', join(directory, 'open')];
		expect(announceLocalBus('nats://127.0.0.1:2', unfit)).toBeUndefined();
	});

	it('refuses to take the place of another running process', () => {
		mkdirSync(own(), { mode: 0o700 });
		writeFileSync(file(), JSON.stringify({ url: 'nats://127.0.0.1:1', pid: process.ppid }));
		expect(() => announceLocalBus('nats://127.0.0.1:2')).toThrow(`The process ${process.ppid} offers a bus`);
		expect(readFileSync(file(), 'utf8')).toContain('127.0.0.1:1');
	});

	it('does not take back what another process announced since', () => {
		const remove = announceLocalBus('nats://127.0.0.1:2');
		writeFileSync(file(), JSON.stringify({ url: 'nats://127.0.0.1:1', pid: process.ppid }));
		remove?.();
		expect(findLocalBus()?.pid).toBe(process.ppid);
	});

	it('ignores files that are none of ours: nonsense, other addresses, folders open to others, links', () => {
		mkdirSync(own(), { mode: 0o700 });
		for (const text of ['', '{', '[]', 'null', '{"url":1,"pid":1}', `{"url":"http://x","pid":${process.pid}}`]) {
			writeFileSync(file(), text);
			expect(findLocalBus()?.pid, text).not.toBe(process.pid);
		}
		const good = JSON.stringify({ url: 'nats://127.0.0.1:1', pid: process.pid });
		writeFileSync(file(), good);
		expect(findLocalBus()?.pid).toBe(process.pid);
		chmodSync(own(), 0o755);
		expect(findLocalBus()?.pid).not.toBe(process.pid);
		rmSync(own(), { recursive: true });
		const elsewhere = mkdtempSync(join(directory, 'elsewhere-'));
		writeFileSync(join(elsewhere, 'bus.json'), good);
		symlinkSync(elsewhere, own());
		expect(findLocalBus()?.pid).not.toBe(process.pid);
	});
});
