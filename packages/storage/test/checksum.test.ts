import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { sha256OfFile } from '../src/index.ts';
import { pattern, scratchDirectory } from './scratch.ts';

it.each([0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])(
	'the SHA-256 of a file of %i bytes is right',
	async (size) => {
		const name = path.join(scratchDirectory(), 'f');
		const content = pattern(size);
		fs.writeFileSync(name, content);
		expect(await sha256OfFile(name)).toBe(new Bun.CryptoHasher('sha256').update(content).digest('hex'));
	},
);

it('the SHA-256 of a file that does not exist is an error', async () => {
	await expect(sha256OfFile(path.join(scratchDirectory(), 'missing'))).rejects.toThrow(/ENOENT/);
});
