import { mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { differences, makeTree, sameBytes } from '../src/trees.ts';

const entries = [
	{ path: 'top/file', bytes: 5000 },
	{ path: 'top/holes', sparseBytes: 100_000 },
	{ path: 'top/hollow', directory: true },
	{ path: 'top/link', link: 'file' },
] as const;

let scratch = '';
let sent = '';
let received = '';

beforeEach(() => {
	scratch = mkdtempSync(join(tmpdir(), 'uftp-trees-'));
	sent = join(scratch, 'sent');
	received = join(scratch, 'received');
	makeTree(sent, entries);
	makeTree(received, entries);
});

afterEach(() => rmSync(scratch, { recursive: true }));

describe('comparing what was sent with what arrived', () => {
	it('finds nothing where both are the same', () => {
		expect(differences(sent, received)).toEqual([]);
	});

	it('finds a single other byte', () => {
		const file = join(received, 'top/file');
		const before = 1_580_608_922;
		writeFileSync(file, 'x', { flag: 'r+' });
		utimesSync(file, before, before);
		expect(differences(sent, received)).toEqual(['top/file has other bytes']);
		expect(sameBytes(join(sent, 'top/file'), file)).toBe(false);
	});

	it('finds what is missing and what was never sent', () => {
		renameSync(join(received, 'top/hollow'), join(received, 'top/other'));
		expect(differences(sent, received)).toEqual(['top/hollow is missing', 'top/other was never sent']);
	});

	it('finds another time, another type and another link target', () => {
		utimesSync(join(received, 'top/file'), 5, 5);
		rmSync(join(received, 'top/hollow'), { recursive: true });
		writeFileSync(join(received, 'top/hollow'), '');
		rmSync(join(received, 'top/link'));
		symlinkSync('holes', join(received, 'top/link'));
		const found = differences(sent, received).join('\n');
		expect(found).toMatch(/top\/file should be a file of 5000 bytes, modified 1580608922 but is .* modified 5/);
		expect(found).toMatch(/top\/hollow should be a directory but is a file/);
		expect(found).toMatch(/top\/link should be a link to file but is a link to holes/);
	});
});
