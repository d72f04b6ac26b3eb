import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { acceptedSenders, joinedSources } from '../src/accepted-senders.ts';

const directory = mkdtempSync(join(tmpdir(), 'accepted-senders-'));
afterAll(() => rmSync(directory, { recursive: true }));

function listed(name: string, text: string): string {
	const file = join(directory, name);
	writeFileSync(file, text);
	return file;
}

describe('the senders that a receiver accepts', () => {
	it('are those of the file; without source-specific groups they are heard from anywhere and judged by address', async () => {
		const file = listed('two', '# ours\n0x0A000009|10.0.0.9\n10.0.0.8 \n');
		const accepted = await acceptedSenders(file, ['230.4.4.1']);
		expect(accepted?.senders.map(({ senderId, address }) => [senderId, address])).toEqual([
			[0x0a000009, '10.0.0.9'],
			[0x0a000008, '10.0.0.8'],
		]);
		expect(joinedSources(accepted, 4, '10.0.0.7')).toBeUndefined();
		expect(await acceptedSenders(undefined, ['230.4.4.1'])).toBeUndefined();
	});

	it('are what source-specific groups are joined for, with the response proxy that speaks to the same groups', async () => {
		const file = listed('mixed', '0x1|10.0.0.9\n0x2|fd00::9\n0x3|10.0.0.9\n');
		const accepted = await acceptedSenders(file, ['232.4.4.1']);
		expect(joinedSources(accepted, 4, '10.0.0.7')).toEqual(['10.0.0.9', '10.0.0.7']);
		expect(joinedSources(accepted, 6, undefined)).toEqual(['fd00::9']);
	});

	it('are refused with a sentence that says what is wrong', async () => {
		const good = listed('good', '0x1|10.0.0.9\n');
		await expect(acceptedSenders('/nonexistent', ['230.4.4.1'])).rejects.toThrow(
			"Couldn't open server list /nonexistent: no such file or directory",
		);
		await expect(acceptedSenders(listed('none', '#\n'), ['230.4.4.1'])).rejects.toThrow('names no sender');
		await expect(acceptedSenders(listed('bad', '0x1|10.0.0.9|zz\n'), ['230.4.4.1'])).rejects.toThrow('bad, line 1');
		await expect(acceptedSenders(good, ['232.1.1.1', '230.4.4.1'])).rejects.toThrow('must be all source-specific');
	});
});
