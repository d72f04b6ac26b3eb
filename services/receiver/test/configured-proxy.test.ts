import { describe, expect, it } from 'vitest';
import { configuredProxy, parseProxySetting } from '../src/configured-proxy.ts';

const print = Array.from({ length: 20 }, () => '0f').join(':');
const fingerprint = new Uint8Array(20).fill(15);

describe('the response proxy of a receiver', () => {
	it.each([
		['10.0.0.9', { host: '10.0.0.9', port: undefined, fingerprint: undefined }],
		['10.0.0.9:2044', { host: '10.0.0.9', port: 2044, fingerprint: undefined }],
		[`proxy.example/${print}`, { host: 'proxy.example', port: undefined, fingerprint }],
		['FD00:0::9', { host: 'fd00::9', port: undefined, fingerprint: undefined }],
		[`[fd00::9]:2044/${print}`, { host: 'fd00::9', port: 2044, fingerprint }],
	])('is read from host[:port][/fingerprint]: %s', (text, setting) => {
		expect(parseProxySetting(text)).toEqual(setting);
	});

	it.each(['', '10.0.0.9:0', '10.0.0.9:65536', ':1044', '10.0.0.9/', '10.0.0.9/zz', `a/${print}/b`, '[nonsense]:1044'])(
		'is refused with a sentence when it is "%s"',
		(text) => {
			expect(parseProxySetting(text)).toMatch(/^must /);
		},
	);

	it('has the port of the receiver unless one is given', async () => {
		const setting = { host: '10.0.0.9', port: undefined, fingerprint };
		expect(await configuredProxy(setting, 4, 2044)).toEqual({
			endpoint: { host: '10.0.0.9', port: 2044 },
			fingerprint,
		});
		expect(await configuredProxy(undefined, 4, 2044)).toBeUndefined();
	});

	it.each([
		['230.4.4.1', 4, 'it is a multicast group'],
		['0.0.0.0', 4, 'no host has this address'],
		['10.0.0.9', 6, "it has an IPv4 address, and the receiver's groups are IPv6 ones"],
		['no-such-host.invalid', 4, 'no host of this name was found'],
	] as const)('is refused when it cannot be one: %s for IPv%i', async (host, family, words) => {
		const setting = { host, port: undefined, fingerprint: undefined };
		await expect(configuredProxy(setting, family, 1044)).rejects.toThrow(words);
	});
});
