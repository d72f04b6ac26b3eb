import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsTable } from '@uftp/service-kit';
import { expect, it } from 'vitest';
import { proxyConfig } from '../src/config.ts';

it('the README shows the settings as the schema has them', () => {
	const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
	expect(plain(readme)).toContain(plain(settingsTable(proxyConfig)));
});

/** Without the spaces and dashes that only align the columns. */
function plain(table: string): string {
	return table.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
}
