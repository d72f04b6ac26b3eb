import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Memory } from '../src/memory.ts';
import {
	formatIpv4,
	formatIpv6,
	parseIpv4,
	parseIpv6,
	SOCKET_ADDRESS_BYTES,
	socketAddressHost,
	socketAddressPort,
	socketAddressScope,
	writeSocketAddress,
} from '../src/socket-address.ts';

describe('addresses as text', () => {
	it('every IPv4 address survives formatting and parsing', () => {
		fc.assert(
			fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
				expect(parseIpv4(formatIpv4(bytes, 0))).toEqual(bytes);
			}),
		);
	});

	it('every IPv6 address survives formatting and parsing, zeros included', () => {
		const byte = fc.oneof(
			{ weight: 3, arbitrary: fc.constant(0) },
			{ weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
		);
		fc.assert(
			fc.property(fc.array(byte, { minLength: 16, maxLength: 16 }), (bytes) => {
				expect([...(parseIpv6(formatIpv6(Uint8Array.from(bytes), 0)) ?? [])]).toEqual(bytes);
			}),
		);
	});

	it.each([
		['::', '::'],
		['::1', '::1'],
		['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
		['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
		['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
		['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
		['ff15::4:1', 'ff15::4:1'],
		['fe80::', 'fe80::'],
		['::ffff:10.0.0.1', '::ffff:a00:1'],
	])('%s is written %s, as RFC 5952 says', (text, canonical) => {
		expect(formatIpv6(parseIpv6(text) ?? new Uint8Array(16).fill(9), 0)).toBe(canonical);
	});

	it.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.x', '1..2.3', ' 1.2.3.4', '::1'])(
		'"%s" is not IPv4',
		(text) => {
			expect(parseIpv4(text)).toBeUndefined();
		},
	);

	it.each([
		'',
		':',
		'1:2',
		':::',
		'1::2::3',
		'1:2:3:4:5:6:7:8:9',
		'g::',
		'12345::',
		'1:2:3:4:5:6:7::8',
		'1.2.3.4',
		'1.2.3.4::',
		'::1%lo',
	])('"%s" is not IPv6', (text) => {
		expect(parseIpv6(text)).toBeUndefined();
	});
});

describe('socket addresses as the kernel reads them', () => {
	it('an IPv4 one is 16 bytes with the port in network order', () => {
		const memory = new Memory(SOCKET_ADDRESS_BYTES);
		expect(writeSocketAddress(memory, 0, 4, '230.4.4.1', 1044, 7)).toBe(16);
		expect([...memory.bytes.subarray(0, 16)]).toEqual([2, 0, 4, 20, 230, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
		expect([socketAddressHost(memory.bytes, 0), socketAddressPort(memory.bytes, 0)]).toEqual(['230.4.4.1', 1044]);
	});

	it.each([
		['fe80::1', 7],
		['fe80::1%eth0', 7],
		['ff02::1', 7],
		['ff15::4:1', 0],
		['2001:db8::1', 0],
	])('%s carries interface %i when it was sent with interface 7', (host, scope) => {
		const memory = new Memory(SOCKET_ADDRESS_BYTES);
		expect(writeSocketAddress(memory, 0, 6, host, 65_535, 7)).toBe(28);
		expect(socketAddressScope(memory, 0)).toBe(scope);
		expect(socketAddressHost(memory.bytes, 0)).toBe(host.split('%')[0]);
		expect(socketAddressPort(memory.bytes, 0)).toBe(65_535);
	});

	it('an address of the other family is refused', () => {
		const memory = new Memory(SOCKET_ADDRESS_BYTES);
		expect(writeSocketAddress(memory, 0, 4, '::1', 1, 0)).toBe(0);
		expect(writeSocketAddress(memory, 0, 6, '127.0.0.1', 1, 0)).toBe(0);
	});
});
