import { describe, expect, it } from 'vitest';
import { CommandError } from '../src/drop-in/command-error.ts';
import { parseReceiverArguments } from '../src/uftpd/arguments.ts';

function refusal(line: string): { exitCode: number; message: string; showUsage: boolean } {
	try {
		parseReceiverArguments(line.split(' '));
	} catch (error) {
		if (error instanceof CommandError) return error;
		throw error;
	}
	throw new Error(`"${line}" was accepted`);
}

describe('the command line of uftpd', () => {
	it('has the defaults of 4.10.2', () => {
		expect(parseReceiverArguments([])).toEqual({
			foreground: false,
			port: 1044,
			networkInterfaces: [],
			publicGroups: ['230.4.4.1'],
			receiverId: undefined,
			bufferBytes: 262_144,
			destinations: ['/tmp'],
			logLevel: 2,
			skipHostNames: false,
			logFile: '/tmp/uftpd.log',
			pidFile: undefined,
			encryptedOnly: false,
			senderList: undefined,
			keyFiles: [],
			newKeys: [],
			ignored: [],
		});
	});

	it('takes every flag that is there, and lists where C has lists', () => {
		const line =
			'-dq -p 2044 -I eth0,lo -M 230.1.1.1,ff02::4:4 -U 0xAB -B 1000000 -D /srv/a,/srv/b/ -x 1 -L log -P pid -E -S servers.d -k a.pem,b.pem -K rsa:1017,ec:secp384r1 stray';
		expect(parseReceiverArguments(line.split(' '))).toEqual({
			foreground: true,
			port: 2044,
			networkInterfaces: ['eth0', 'lo'],
			publicGroups: ['230.1.1.1', 'ff02::4:4'],
			receiverId: 0xab,
			bufferBytes: 1_000_000,
			destinations: ['/srv/a', '/srv/b/'],
			logLevel: 1,
			skipHostNames: true,
			logFile: 'log',
			pidFile: 'pid',
			encryptedOnly: true,
			senderList: 'servers.d',
			keyFiles: ['a.pem', 'b.pem'],
			newKeys: [
				{ kind: 'rsa', bits: 1024 },
				{ kind: 'ec', curve: expect.objectContaining({ name: 'secp384r1' }) },
			],
			ignored: ['stray'],
		});
	});

	it.each([
		['-p 0', 'Invalid port'],
		['-p x', 'Invalid port'],
		['-B 1', 'Invalid buffer size'],
		['-x -1', 'Invalid log level'],
		['-D rel', 'ERROR: must specify absolute pathname for dest directory'],
		['-D /a,/b,/c,/d,/e,/f,/g,/h,/i,/j,/k', 'ERROR: -D takes at most 10 dest directories'],
		['-U zz', 'Invalid UID zz'],
		['-I ,', 'uftpd: -I names no interface'],
		['-K bogus', 'Invalid keyinfo entry: bogus'],
		['-K 1024', 'Invalid keyinfo entry: 1024'],
		['-K rsa:511', 'Invalid RSA key size: 511'],
		['-K ec:bogus', 'Invalid EC curve: bogus'],
		['-K ec:secp224k1', 'Invalid EC curve: secp224k1'],
		['-k a,b -K rsa:512', 'Must list same number of items for -k and -K'],
		['-K rsa:512,rsa:512 -k a', 'Must list same number of items for -k and -K'],
	])('refuses "%s" with exit code 1 and "%s"', (line, words) => {
		const error = refusal(line);
		expect(error.exitCode).toBe(1);
		expect(error.message.startsWith(words)).toBe(true);
	});

	it('shows the usage and exits 1 for an unknown flag', () => {
		expect(refusal('-9')).toMatchObject({ exitCode: 1, showUsage: true });
	});

	it('says of every other flag of 4.10.2 that it is not there yet, and exits 1', () => {
		for (const letter of 'QTAFRcNsgnHhtmi') {
			const error = refusal(`-${letter} 1`);
			expect(error).toMatchObject({ exitCode: 1, showUsage: false });
			expect(error.message).toContain(`option -${letter} is one of UFTP 4.10.2 that this uftpd does not have yet`);
		}
	});
});
