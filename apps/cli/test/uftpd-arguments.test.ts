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
			temporaryNames: false,
			inPlace: false,
			temporaryDirectory: undefined,
			moveOneByOne: false,
			backups: [],
			statusFile: undefined,
			script: undefined,
			logBytesMax: undefined,
			logCount: 5,
			dscp: 0,
			priority: undefined,
			heartbeatTargets: [],
			heartbeatSeconds: 20,
			encryptedOnly: false,
			senderList: undefined,
			responseProxy: undefined,
			keyFiles: [],
			newKeys: [],
			ignored: [],
		});
	});

	it('takes every flag that is there, and lists where C has lists', () => {
		const line =
			'-dq -p 2044 -I eth0,lo -M 230.1.1.1,ff02::4:4 -U 0xAB -B 1000000 -D /srv/a,/srv/b/ -x 1 -L log -P pid -t -i -m -c 10240 -A /bk/a,/bk/b -F st -s /bin/true -g 3 -n 9 -Q 0x0a -N -5 -H proxy,[::1]:2044 -h 60 -E -S servers.d -R proxy/AB -k a.pem,b.pem -K rsa:1017,ec:secp384r1 stray';
		expect(parseReceiverArguments(line.split(' '))).toEqual({
			foreground: true,
			port: 2044,
			networkInterfaces: ['eth0', 'lo'],
			publicGroups: ['230.1.1.1', 'ff02::4:4'],
			receiverId: 0xab,
			bufferBytes: 1_000_000,
			destinations: ['/srv/a', '/srv/b'],
			logLevel: 1,
			skipHostNames: true,
			logFile: 'log',
			pidFile: 'pid',
			temporaryNames: true,
			inPlace: false,
			temporaryDirectory: undefined,
			moveOneByOne: true,
			backups: ['/bk/a', '/bk/b'],
			statusFile: 'st',
			script: '/bin/true',
			logBytesMax: 3_000_000,
			logCount: 9,
			dscp: 10,
			priority: -5,
			heartbeatTargets: ['proxy', '[::1]:2044'],
			heartbeatSeconds: 60,
			encryptedOnly: true,
			senderList: 'servers.d',
			responseProxy: 'proxy/AB',
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
		['-D /a,/b,/c,/d,/e,/f,/g,/h,/i,/j,/k', 'ERROR: -D takes at most 10 directories'],
		['-T rel', 'ERROR: must specify absolute pathname for temp directory'],
		['-A rel', 'ERROR: must specify absolute pathname for backup directory'],
		['-s rel', 'ERROR: must specify absolute pathname for postreceive script'],
		['-D /a -A /b,/c', 'Must specify same number of backup directories'],
		['-D /a -A /a/', 'ERROR: corresponding backup dir and dest dir must be different'],
		['-D /a -T /a', 'ERROR: temp dir and dest dir must be different'],
		['-D /a,/b -T /t', 'ERROR: Cannot use a temp directory with multiple dest directories'],
		['-D /a -T /t -A /b', 'Cannot specify both -A and -T'],
		['-D /a -t -T /t', 'Cannot specify both -t and -T'],
		['-D /a --in-place -T /t', 'Cannot specify both --in-place and -T'],
		['-D /a --in-place -t', 'Cannot specify both --in-place and -t'],
		['--in-places', "uftpd: invalid option -- '-'"],
		['-c 10239', 'Invalid cache size'],
		['-c 20971521', 'Invalid cache size'],
		['-N 20', 'Invalid priority value'],
		['-Q 64', 'Invalid dscp'],
		['-h 0', 'Invalid heartbeat interval'],
		['-g 0', 'Invalid max log size'],
		['-n 0', 'Invalid max log count'],
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
});
