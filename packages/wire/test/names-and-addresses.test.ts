import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	addressFamily,
	decodeUtf8,
	encodeUtf8,
	formatAddress,
	formatUid,
	hasEscapedBytes,
	isMulticast,
	isSourceSpecificMulticast,
	isUid,
	isUnspecified,
	parseAddress,
	parseUid,
	uidFromAddress,
	uidFromIPv4,
	uidFromIPv6,
} from '../src/index.ts';

function canonical(text: string): string | undefined {
	const bytes = parseAddress(text);
	return bytes && formatAddress(bytes, 0, bytes.length as 4 | 16);
}

describe('an address', () => {
	it('is written in canonical form', () => {
		const forms: Record<string, string> = {
			'230.4.4.1': '230.4.4.1',
			'0.0.0.0': '0.0.0.0',
			'::': '::',
			'::1': '::1',
			'1::': '1::',
			'FF15:0:0:0:0:0:4:1': 'ff15::4:1',
			'2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
			'2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
			'2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
			'fe80::1:2:3:4.5.6.7': 'fe80::1:2:3:405:607',
			'::ffff:10.0.0.1': '::ffff:10.0.0.1',
			'0:0:0:0:0:0:0:1': '::1',
			'1:2:3:4:5:6:7::': '1:2:3:4:5:6:7:0',
		};
		for (const [text, expected] of Object.entries(forms)) expect(canonical(text), text).toBe(expected);
	});

	it('is refused in any other form', () => {
		const v4 = ['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.x', ' 1.2.3.4', '1.2.3.-4', 'localhost'];
		const v6 = [':', ':::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', 'g::', 'fe80::1%eth0'];
		const mixed = ['1:2:3:4:5:6:7:1.2.3.4', '1.2.3.4::', '::1.2.3', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8'];
		for (const text of [...v4, ...v6, ...mixed]) expect(parseAddress(text), text).toBeUndefined();
	});

	it('comes back from its text', () => {
		const sizes = fc.constantFrom(4 as const, 16 as const);
		const zeroRich = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
		fc.assert(
			fc.property(
				sizes.chain((size) => fc.array(zeroRich, { minLength: size, maxLength: size })),
				(list) => {
					const bytes = Uint8Array.from(list);
					const text = formatAddress(bytes, 0, bytes.length as 4 | 16);
					expect(parseAddress(text)).toEqual(bytes);
					expect(addressFamily(text)).toBe(bytes.length === 4 ? 4 : 6);
				},
			),
			{ numRuns: 500 },
		);
	});

	it('is known as multicast, source-specific, or unspecified', () => {
		const groups = ['224.0.0.1', '239.255.255.255', 'ff02::1'];
		const sourceSpecific = ['232.0.0.1', 'ff3e::1', 'ff15::1'];
		const others = ['223.255.255.255', '240.0.0.1', 'fe80::1', 'eth0', ''];
		expect([...groups, ...sourceSpecific].filter((text) => !isMulticast(text))).toEqual([]);
		expect([...groups, ...others].filter(isSourceSpecificMulticast)).toEqual([]);
		expect(sourceSpecific.map(isSourceSpecificMulticast)).toEqual([true, true, true]);
		expect(others.filter(isMulticast)).toEqual([]);
		expect(['0.0.0.0', '::', '0.0.0.1', '::1', ''].map(isUnspecified)).toEqual([true, true, false, false, false]);
	});
});

describe('a UID', () => {
	it('is the IPv4 address in order, and the end of an IPv6 address in reverse', () => {
		expect(formatUid(uidFromIPv4('10.99.0.1')!)).toBe('0x0A630001');
		expect(formatUid(uidFromIPv6('fe80::1234:fed1:6e83')!)).toBe('0x836ED1FE');
		expect(uidFromAddress('10.99.0.1')).toBe(0x0a630001);
		expect(uidFromAddress('fe80::1234:fed1:6e83')).toBe(0x836ed1fe);
		expect([uidFromIPv4('::1'), uidFromIPv6('1.2.3.4'), uidFromAddress('host')]).toEqual([
			undefined,
			undefined,
			undefined,
		]);
	});

	it('is read as up to eight hex digits that are neither all zero nor all one', () => {
		expect(['0x0A630001', '0a630001', '0XFF', '1'].map(parseUid)).toEqual([0x0a630001, 0x0a630001, 0xff, 1]);
		for (const text of ['', '0', '0x00000000', 'ffffffff', '123456789', '0x', '10.0.0.1', '-1', ' 1']) {
			expect(parseUid(text), text).toBeUndefined();
		}
		expect([0, 1, 0xffff_fffe, 0xffff_ffff, 1.5, -1].map(isUid)).toEqual([false, true, true, false, false, false]);
	});
});

describe('a name', () => {
	it('is UTF-8 as the platform writes it', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
				const bytes = encodeUtf8(text);
				expect(bytes).toEqual(new TextEncoder().encode(text));
				expect(decodeUtf8(bytes, 0, bytes.length)).toBe(text);
				expect(hasEscapedBytes(text)).toBe(false);
			}),
			{ numRuns: 500 },
		);
	});

	it('gives back any bytes, valid or not, and says which', () => {
		const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
		const high = fc.oneof(fc.integer({ min: 0xc0, max: 0xff }), fc.integer({ min: 0x80, max: 0xbf }), fc.nat(255));
		fc.assert(
			fc.property(fc.array(high, { maxLength: 12 }), (list) => {
				const bytes = Uint8Array.from(list);
				const text = decodeUtf8(bytes, 0, bytes.length);
				expect(encodeUtf8(text)).toEqual(bytes);
				let valid = true;
				try {
					expect(decoder.decode(bytes)).toBe(text);
				} catch {
					valid = false;
				}
				expect(hasEscapedBytes(text)).toBe(!valid);
			}),
			{ numRuns: 2000 },
		);
	});

	it('has no lone surrogates other than escaped bytes on the wire', () => {
		expect(encodeUtf8('\ud800')).toEqual(Uint8Array.of(0xef, 0xbf, 0xbd));
		expect(encodeUtf8('\udce4')).toEqual(Uint8Array.of(0xe4));
	});
});
