import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { lastName, resolvePath, systemPath } from '../src/system-path.ts';

describe('paths with bytes that are not UTF-8', () => {
	it('are bytes for the system', () => {
		expect(systemPath('/a/r\udce4k')).toEqual(Buffer.from([0x2f, 0x61, 0x2f, 0x72, 0xe4, 0x6b]));
		expect(systemPath('/a/r\u00e4k')).toBe('/a/r\u00e4k');
	});

	it('are resolved like others', () => {
		for (const given of ['/a/r@k', 'r@k/./b//', '../@', '/../@/..', './@', '@/..']) {
			const resolved = resolvePath(given.replaceAll('@', '\udce4'));
			expect(resolved.replaceAll('\udce4', '@')).toBe(path.resolve(given));
		}
	});

	it('have a last name', () => {
		for (const given of ['/a/@', '/a/@//', '@', '/', '', 'a/@b/c@']) {
			expect(lastName(given.replaceAll('@', '\udce4')).replaceAll('\udce4', '@')).toBe(path.basename(given));
		}
	});
});
