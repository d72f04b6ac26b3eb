import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkout, freePort, ProcessBench, type Running } from './process-bench.ts';

const print = /(?:[0-9A-F]{2}:){19}[0-9A-F]{2}/;
let bench: ProcessBench;
beforeEach(() => {
	bench = new ProcessBench();
});
afterEach(() => bench.close());

async function up(...words: string[]): Promise<Running> {
	const port = String(await freePort());
	const own = ['--interface', 'lo', '--port', port, '--state-dir', join(bench.folder, 'state')];
	const running = bench.start([join(checkout, 'bin/uftpctl'), 'up', ...own, ...words]);
	await running.wrote(/The bus is at nats:/);
	return running;
}

function keys(...words: string[]) {
	return bench.uftpctl(['keys', ...words, '--state-dir', join(bench.folder, 'state')]);
}

describe('uftpctl keys', () => {
	it('shows keys as they are pinned, keeps a revoked receiver out, and lets a trusted one in again', async () => {
		const media = bench.makeFolder('media');
		const file = join(media, 'file');
		writeFileSync(file, crypto.getRandomValues(new Uint8Array(50_000)));
		await up('--root', `media=${media}`, '--dest', bench.makeFolder('inbox'), '--receivers', '2');
		expect((await keys('show')).stdout.match(/ new /g)).toHaveLength(2);

		const first = await bench.uftpctl(['send', file]);
		expect(first.code).toBe(0);
		expect(first.stderr).toContain('(encrypted: ecdh_ecdsa, aes256-gcm, sha256, authenc)');
		const shown = (await keys('show', '--json')).stdout
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line));
		const receivers = shown.filter(({ role }) => role === 'receiver');
		expect(receivers.map(({ trust }) => trust)).toEqual(['pinned', 'pinned']);
		const [one, other] = receivers;
		expect(one.fingerprint).toMatch(print);

		expect((await keys('revoke', one.uid)).code).toBe(0);
		const refused = await bench.uftpctl(['send', file, '--to', `${one.uid},${other.uid}`]);
		expect(refused.code).toBe(4);
		expect(refused.stderr).toContain(`The key ${one.fingerprint} of ${one.uid} is revoked`);
		const open = await bench.uftpctl(['send', file]);
		expect(open.code).toBe(5);
		expect(open.stdout).toMatch(new RegExp(`${one.uid} +mute .* is revoked`));

		expect((await keys('trust', one.uid)).stdout).toContain(`${one.uid} is tied to ${one.fingerprint}.`);
		expect((await bench.uftpctl(['send', file])).code).toBe(0);

		const wrong = one.fingerprint.replace(/^../, one.fingerprint.startsWith('00') ? '01' : '00');
		expect((await keys('trust', other.uid, wrong)).stdout).toContain(`no longer to ${other.fingerprint}`);
		expect((await keys('show')).stdout).toMatch(new RegExp(`${other.uid} .* changed `));
		const kept = await bench.uftpctl(['send', file, '--to', `${one.uid},${other.uid}`]);
		expect(kept.code).toBe(5);
		expect(kept.stdout).toContain(`uftpctl keys trust ${other.uid}`);

		const unknown = await bench.uftpctl(['send', file, '--to', `0x1,${one.uid}`]);
		expect(unknown).toMatchObject({ code: 4, stderr: expect.stringContaining('does not know 0x00000001: check') });
		const clear = await bench.uftpctl(['send', file, '--to', `0x1,${one.uid}`, '--unlisted']);
		expect(clear).toMatchObject({ code: 4, stderr: expect.stringContaining('would go in the clear') });
		const asked = await bench.uftpctl(['send', file, '--clear']);
		expect(asked.code).toBe(0);
		expect(asked.stderr).not.toMatch(/clear|encrypted/);
	}, 120_000);

	it('makes a key, never over a file, and shows its fingerprint as uftp_keymgt does', async () => {
		const file = join(bench.folder, 'new.pem');
		const made = await keys('new', file);
		expect(made.code).toBe(0);
		const text = readFileSync(file, 'utf8');
		expect((await keys('fingerprint', file)).stdout).toBe(made.stdout);
		const shown = bench.start([join(checkout, 'bin/uftp_keymgt'), file]);
		await shown.wrote(new RegExp(`ECDSA, curve prime256v1, fingerprint: ${print.exec(made.stdout)?.[0]}`));
		const again = await keys('new', file, '--kind', 'rsa:1024');
		expect(again.code).not.toBe(0);
		expect(again.stderr).toContain('never overwritten');
		expect(readFileSync(file, 'utf8')).toBe(text);
	});

	it.each([
		[[], 'needs one of show, new, fingerprint, trust, revoke'],
		[['bogus'], 'has no bogus'],
		[['new'], 'It is written: uftpctl keys new FILE'],
		[['new', 'x', '--kind', 'dsa:1'], 'is neither ec:CURVE nor rsa:512 to rsa:2048'],
		[['trust', 'zz'], 'is no UID'],
		[['trust', '0x1', '47:9C'], 'is no fingerprint'],
		[['revoke'], 'It is written: uftpctl keys revoke UID|FINGERPRINT'],
	])('refuses %j with a sentence', async (words, sentence) => {
		const done = await keys(...words);
		expect(done.code).toBe(2);
		expect(done.stderr).toContain(sentence);
	});
});
