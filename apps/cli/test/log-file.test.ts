import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandError } from '../src/drop-in/command-error.ts';
import { Log } from '../src/drop-in/log.ts';
import { LogFile } from '../src/drop-in/log-file.ts';
import { openStatusOutput } from '../src/drop-in/status-output.ts';

let folder: string;
let log: string;

beforeEach(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'uftp-log-'));
	log = path.join(folder, 'log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

describe('a log file', () => {
	it('is rolled when it has its size: .1 is the newest, and no more than the count are kept', () => {
		const file = new LogFile(log, { bytesMax: 10, count: 2 });
		for (const line of ['first-----\n', 'second----\n', 'third-----\n', 'now\n']) file.write(line);
		expect(readdirSync(folder).sort()).toEqual(['log', 'log.1', 'log.2']);
		expect([text('log'), text('log.1'), text('log.2')]).toEqual(['now\n', 'third-----\n', 'second----\n']);
	});

	it('counts what was in it before', () => {
		writeFileSync(log, '123456789');
		new LogFile(log, { bytesMax: 10, count: 5 }).write('x\n');
		expect(text('log.1')).toBe('123456789x\n');
		expect(text('log')).toBe('');
	});

	it('grows without a limit when none is given', () => {
		const file = new LogFile(log);
		for (let i = 0; i < 100; i++) file.write('0123456789\n');
		expect(readdirSync(folder)).toEqual(['log']);
	});

	it('is opened anew after it has been moved away', () => {
		const file = new LogFile(log);
		file.write('before\n');
		renameSync(log, `${log}.old`);
		file.write('still the old one\n');
		file.reopen();
		file.write('after\n');
		expect([text('log.old'), text('log')]).toEqual(['before\nstill the old one\n', 'after\n']);
	});

	it('stays as it is when its folder is gone', () => {
		const file = new LogFile(log);
		rmSync(folder, { recursive: true });
		expect(() => file.reopen()).not.toThrow();
		expect(() => file.write('nobody reads this\n')).not.toThrow();
	});

	it('that cannot be opened is exit 4', () => {
		expect(() => new LogFile('/nonexistent/log')).toThrow(CommandError);
		try {
			new LogFile('/nonexistent/log');
		} catch (error) {
			expect(error).toMatchObject({ exitCode: 4, message: expect.stringContaining("Can't open log file") });
		}
	});
});

describe('status lines', () => {
	const quiet = (): Log => new Log({ level: 0, file: new LogFile(log), timestamps: true });

	it('are appended to their file, each with its newline', () => {
		writeFileSync(path.join(folder, 'status'), 'before\n');
		const output = openStatusOutput('S', path.join(folder, 'status'), quiet());
		output(['a', 'b']);
		output([]);
		output(['c']);
		expect(text('status')).toBe('before\na\nb\nc\n');
	});

	it('stand in the log without a time, whatever its level, with @LOG', () => {
		openStatusOutput('S', '@LOG', quiet())(['CONNECT;success;0x1']);
		expect(text('log')).toBe('CONNECT;success;0x1\n');
	});

	it('that have no file are exit 1', () => {
		expect(() => openStatusOutput('F', '/nonexistent/s', quiet())).toThrow(/Can't open status file: .*-F/);
	});
});
