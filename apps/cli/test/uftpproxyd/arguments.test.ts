import { curveByName } from '@uftp/crypto';
import { describe, expect, it } from 'vitest';
import { CommandError } from '../../src/drop-in/command-error.ts';
import { parseProxyArguments } from '../../src/uftpproxyd/arguments.ts';

function refusal(line: string): { exitCode: number; message: string; showUsage: boolean } {
	try {
		parseProxyArguments(line === '' ? [] : line.split(' '));
	} catch (error) {
		if (error instanceof CommandError) return error;
		throw error;
	}
	throw new Error(`"${line}" was accepted`);
}

describe('the command line of uftpproxyd', () => {
	it('has the defaults of 4.10.2', () => {
		expect(parseProxyArguments(['-c'])).toEqual({
			mode: 'client',
			sites: [],
			foreground: false,
			port: 1044,
			ttl: 1,
			dscp: 0,
			priority: undefined,
			outgoingInterface: undefined,
			proxyId: undefined,
			downstreamPort: 1044,
			holdPercent: 100,
			logLevel: 2,
			heartbeatTargets: [],
			heartbeatSeconds: 20,
			logBytesMax: undefined,
			logCount: 5,
			bufferBytes: 262_144,
			logFile: '/tmp/uftpproxyd.log',
			pidFile: undefined,
			receiverList: undefined,
			senderList: undefined,
			agreementCurve: undefined,
			keyFiles: [],
			newKeys: [],
			networkInterfaces: [],
			publicGroups: ['230.4.4.1'],
			ignored: [],
		});
	});

	it('takes every flag of 4.10.2', () => {
		const line =
			'-dr -p 2044 -t 5 -Q 0x2e -N 3 -O eth1 -U 0xAB -q 3044 -m -x 4 -H a,[::1]:99 -h 60 -g 3 -n 9 -B 1000000 -L log -P pid -C clients -S servers -e secp384r1 -k a.pem,b.pem -K rsa:1024,ec:secp384r1 -I eth0,lo -M 230.1.1.1,ff15::1 stray';
		expect(parseProxyArguments(line.split(' '))).toEqual({
			mode: 'response',
			sites: [],
			foreground: true,
			port: 2044,
			ttl: 5,
			dscp: 46,
			priority: 3,
			outgoingInterface: 'eth1',
			proxyId: 0xab,
			downstreamPort: 3044,
			holdPercent: 100,
			logLevel: 4,
			heartbeatTargets: ['a', '[::1]:99'],
			heartbeatSeconds: 60,
			logBytesMax: 3_000_000,
			logCount: 9,
			bufferBytes: 1_000_000,
			logFile: 'log',
			pidFile: 'pid',
			receiverList: 'clients',
			senderList: 'servers',
			agreementCurve: curveByName('secp384r1'),
			keyFiles: ['a.pem', 'b.pem'],
			newKeys: [
				{ kind: 'rsa', bits: 1024 },
				{ kind: 'ec', curve: curveByName('secp384r1') },
			],
			networkInterfaces: ['eth0', 'lo'],
			publicGroups: ['230.1.1.1', 'ff15::1'],
			ignored: ['stray'],
		});
	});

	it('takes -s as often as there are sites, and -T as 3.7 did', () => {
		expect(parseProxyArguments('-s a -sb:2 -s fp=AA -s @file -T 50'.split(' '))).toMatchObject({
			mode: 'server',
			sites: ['a', 'b:2', 'fp=AA', '@file'],
			holdPercent: 50,
		});
	});

	it('takes the curve behind -r as the manual says, and behind -e as 4.10.2 does', () => {
		const curve = curveByName('prime256v1');
		expect(parseProxyArguments(['-r:prime256v1'])).toMatchObject({ mode: 'response', agreementCurve: curve });
		expect(parseProxyArguments(['-r', '-e', 'prime256v1'])).toMatchObject({ agreementCurve: curve });
	});

	it.each([
		['', 'Either -s, -c, or -r must be specified', true],
		['-d', 'Either -s, -c, or -r must be specified', true],
		['-c -r', 'Only one of -s, -c, -r may be specified', false],
		['-s a -c', 'Only one of -s, -c, -r may be specified', false],
		['-Z', "uftpproxyd: invalid option -- 'Z'", true],
		['-s', "uftpproxyd: option requires an argument -- 's'", true],
		['-c -p 0', 'Invalid port', false],
		['-c -p 99999', 'Invalid port', false],
		['-c -q 0', 'Invalid outgoing port', false],
		['-c -t 0', 'Invalid ttl', false],
		['-c -t 300', 'Invalid ttl', false],
		['-c -h 0', 'Invalid heartbeat interval', false],
		['-c -n 0', 'Invalid max log count', false],
		['-c -g 0', 'Invalid max log size', false],
		['-c -e nocurve', 'Invalid curve', false],
		['-c -Q 99', 'Invalid dscp', false],
		['-c -B 1', 'Invalid buffer size', false],
		['-c -K rsa:100', 'Invalid RSA key size: 100', false],
		['-c -K foo', 'Invalid keyinfo entry: foo', false],
		['-c -K ec:nope', 'Invalid EC curve: nope', false],
		['-c -N 99', 'Invalid priority value', false],
		['-r -K ec:prime256v1 -k a,b', 'Must list same number of items for -k and -K', false],
		['-c -T 5', 'Invalid hold percentage', false],
		['-c -T 100', 'Invalid hold percentage', false],
		['-c -U xyz', 'Invalid UID xyz', false],
	])('refuses "%s" in the words of 4.10.2, with exit 1', (line, words, showUsage) => {
		const error = refusal(line);
		expect(error.message).toContain(words);
		expect(error).toMatchObject({ exitCode: 1, showUsage });
	});
});
