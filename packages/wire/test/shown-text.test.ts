import { describe, expect, it } from 'vitest';
import { decodeUtf8, escapeControls, shownText } from '../src/index.ts';

describe('a name in a line of a log', () => {
	it('stays as it is if it is ordinary', () => {
		for (const name of ['a b;c', 'r\u00e4k', '\u65e5\u672c', '\\x', '\\n', 'C:\\temp', '\u{1f469}\u200d\u{1f680}']) {
			expect(shownText(name)).toBe(name);
		}
	});

	it.each([
		['a newline', 'a\nb', 'a\\x0ab'],
		['an escape sequence', '\u001b[2J', '\\x1b[2J'],
		['a C1 control', '\u009b2J', '\\xc2\\x9b2J'],
		['a byte that 8-bit terminals take for one', 'a\udc9b2J', 'a\\x9b2J'],
		['a turn of the direction', 'a\u202etxt', 'a\\xe2\\x80\\xaetxt'],
		['a separator of lines', 'a\u2028b', 'a\\xe2\\x80\\xa8b'],
	])('shows %s as its bytes', (_, name, shown) => {
		expect(escapeControls(name)).toBe(shown);
	});

	it('can be had back from what is shown', () => {
		const names = ['a\nb', 'a\\x0ab', '\\\\x0a', '\\x5cx0a', 'r\udce4k\u001b\u202e', '\\x', 'x\\'];
		for (const name of names) {
			const bytes = escapeControls(name).replace(/\\x([0-9a-f]{2})/g, (_, hex) => `<${hex}>`);
			const latin = bytes.replace(/<([0-9a-f]{2})>/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
			const raw = [...latin].flatMap((each) => {
				const point = each.codePointAt(0) as number;
				return point >= 0xdc00 ? [point - 0xdc00] : [point];
			});
			expect(decodeUtf8(Uint8Array.from(raw), 0, raw.length)).toBe(name);
		}
	});

	it('keeps bytes that are not UTF-8 for files, and shows them where only Unicode can stand', () => {
		expect(escapeControls('r\udce4k')).toBe('r\udce4k');
		expect(shownText('r\udce4k')).toBe('r\\xe4k');
	});
});
