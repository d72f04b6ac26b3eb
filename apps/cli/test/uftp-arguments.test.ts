import { describe, expect, it } from 'vitest';
import { CommandError } from '../src/drop-in/command-error.ts';
import { parseSenderArguments } from '../src/uftp/arguments.ts';
import { ENCRYPTION_DEFAULTS } from '../src/uftp/encryption-options.ts';

/** The refusal of a command line: exit code and message. */
function refusal(line: string): { exitCode: number; message: string; showUsage: boolean } {
	try {
		parseSenderArguments(line.split(' '));
	} catch (error) {
		if (error instanceof CommandError) return error;
		throw error;
	}
	throw new Error(`"${line}" was accepted`);
}

describe('the command line of uftp', () => {
	it('has the defaults of 4.10.2', () => {
		expect(parseSenderArguments(['file'])).toMatchObject({
			rateKbps: 1000,
			blockBytes: 1300,
			bufferBytes: 262_144,
			ttl: 1,
			networkInterface: undefined,
			port: 1044,
			sourcePort: 0,
			publicAddress: '230.4.4.1',
			privateAddress: undefined,
			hosts: undefined,
			senderId: undefined,
			robust: 20,
			grttMs: { initial: 500, min: 10, max: 15_000 },
			logLevel: 2,
			logFile: undefined,
			destinationName: undefined,
			followLinks: false,
			quitOnError: false,
			destinationIsDirectory: false,
			bases: [],
			excludeFile: undefined,
			statusFile: undefined,
			logBytesMax: undefined,
			logCount: 5,
			timestamps: false,
			sync: false,
			preview: false,
			dscp: 0,
			limits: {},
			encryption: ENCRYPTION_DEFAULTS,
			proxyList: undefined,
			isRestartable: false,
			restartFile: undefined,
			listFile: undefined,
			files: ['file'],
		});
	});

	it('takes every flag that is there', () => {
		const line =
			'-R 5000 -b 8800 -B 1000000 -t 255 -I eth0 -p 2044 -u 2045 -M 230.1.1.1 -P 230.2.x.x -H 0x1,0x2 -U 0xAB -r 1:0.5:2 -s 50 -x 4 -D name -l -L log -q -o -E x/,y/ -X ex -S st -g 2 -n 7 -T -z -Z -Q 0x2e -y -a 9 -N 50 -m 3 -W 200 a b';
		expect(parseSenderArguments(line.split(' '))).toMatchObject({
			rateKbps: 5000,
			blockBytes: 8800,
			bufferBytes: 1_000_000,
			ttl: 255,
			networkInterface: 'eth0',
			port: 2044,
			sourcePort: 2045,
			publicAddress: '230.1.1.1',
			privateAddress: '230.2.x.x',
			hosts: '0x1,0x2',
			senderId: 0xab,
			robust: 50,
			grttMs: { initial: 1000, min: 500, max: 2000 },
			logLevel: 4,
			logFile: 'log',
			destinationName: 'name',
			followLinks: true,
			quitOnError: true,
			destinationIsDirectory: true,
			bases: ['x/', 'y/'],
			excludeFile: 'ex',
			statusFile: 'st',
			logBytesMax: 2_000_000,
			logCount: 7,
			timestamps: true,
			sync: true,
			preview: true,
			dscp: 46,
			limits: { passesMax: 9, nakPercentMax: 50, nakExcessesMax: 3, transferPercentMax: 200 },
			encryption: ENCRYPTION_DEFAULTS,
			proxyList: undefined,
			listFile: undefined,
			files: ['a', 'b'],
		});
	});

	it('takes -R -1 as unpaced and -x above 5 as 5', () => {
		expect(parseSenderArguments(['-R', '-1', '-x9', 'f'])).toMatchObject({
			rateKbps: Number.POSITIVE_INFINITY,
			logLevel: 5,
		});
	});

	it('lets a lone initial GRTT lie outside the default bounds, as C does', () => {
		expect(parseSenderArguments(['-r', '0.005', 'f']).grttMs).toEqual({ initial: 5, min: 5, max: 15_000 });
		expect(parseSenderArguments(['-r', '20', 'f']).grttMs).toEqual({ initial: 20_000, min: 10, max: 20_000 });
	});

	it('reads the 24-bit ids of UFTP 3, in both spellings', () => {
		for (const text of ['0x0a630b', '0.10.99.11', 'a630b']) {
			expect(parseSenderArguments(['-U', text, 'f']).senderId).toBe(0x0a630b);
		}
	});

	// The first words are those of 4.10.2, which prints nothing more.
	it.each([
		['-R 0 f', 1, 'Invalid rate'],
		['-R -2 f', 1, 'Invalid rate'],
		['-R abc f', 1, 'Invalid rate'],
		['-R 1073741825 f', 1, 'Invalid rate'],
		['-b 511 f', 1, 'Invalid blocksize'],
		['-b 8801 f', 1, 'Invalid blocksize'],
		['-B 65535 f', 1, 'Invalid receive buffer size'],
		['-B 104857601 f', 1, 'Invalid receive buffer size'],
		['-t 0 f', 1, 'Invalid ttl'],
		['-t 256 f', 1, 'Invalid ttl'],
		['-r 0 f', 1, 'Invalid grtt'],
		['-r 1001 f', 1, 'Invalid grtt'],
		['-r x f', 1, 'Invalid grtt'],
		['-r 1:2 f', 1, 'Missing max_grtt'],
		['-r 1:2:3 f', 1, 'Invalid grtt'],
		['-s 9 f', 1, 'Invalid robustness factor'],
		['-s 51 f', 1, 'Invalid robustness factor'],
		['-x -1 f', 1, 'Invalid log level'],
		['-U zz f', 1, 'Invalid UID zz'],
		['-Q 64 f', 1, 'Invalid dscp'],
		['-W 109 f', 1, 'Invalid txweight'],
		['-W 10001 f', 1, 'Invalid txweight'],
		['-a 0 f', 1, 'Invalid max passes'],
		['-a 65536 f', 1, 'Invalid max passes'],
		['-N 101 f', 1, 'Invalid max_nak_pct'],
		['-m 0 f', 1, 'Invalid max nak count'],
		['-m 1001 f', 1, 'Invalid max nak count'],
		['-g 1025 f', 1, 'Invalid max log size'],
		['-n 1001 f', 1, 'Invalid max log count'],
		['-E 1,2,3,4,5,6,7,8,9,10,11 f', 1, 'uftp: -E takes'],
		['-p x f', 2, 'Invalid public address or port'],
		['-p 65536 f', 2, 'Invalid public address or port'],
		['-u -1 f', 2, 'Error getting bind address'],
	])('refuses "%s" with exit code %i and "%s"', (line, exitCode, words) => {
		const error = refusal(line);
		expect(error.exitCode).toBe(exitCode);
		expect(error.message.startsWith(words)).toBe(true);
		// And says more than C: what is allowed.
		expect(error.message.length).toBeGreaterThan(words.length + 10);
	});

	it('takes -f, and -F which implies it and needs no file', () => {
		expect(parseSenderArguments(['-f', 'a'])).toMatchObject({ isRestartable: true, restartFile: undefined });
		expect(parseSenderArguments(['-F', 'r'])).toMatchObject({ isRestartable: true, restartFile: 'r', files: [] });
	});

	it.each([
		['-F r -H 0x1', "Can't specify both -H and -F"],
		['-F r -i list', "Can't specify both -i and -F"],
		['-F r -j list', "Can't specify both -j and -F"],
		['-F r -z', 'Error: Cannot use restart mode and sync mode together'],
		['-F r -Z', 'Error: Cannot use restart mode and sync mode together'],
		['-f -z f', 'Error: Cannot use restart mode and sync mode together'],
	])('refuses "%s" with exit code 1 and "%s", as C does', (line, words) => {
		expect(refusal(line)).toMatchObject({ exitCode: 1, message: expect.stringContaining(words) });
	});

	it('shows the usage and exits 1 for an unknown flag and without a file', () => {
		expect(refusal('-9 f')).toMatchObject({ exitCode: 1, showUsage: true });
		expect(refusal('-q')).toMatchObject({ exitCode: 1, showUsage: true });
	});

	it.each([
		['none', undefined],
		['none:5', undefined],
		['tfmcc', [0, undefined, Number.POSITIVE_INFINITY]],
		['tfmcc:5000', [0, undefined, 640_000]],
		['tfmcc:min=8:init=16:max=24', [1024, 2048, 3072]],
		['tfmcc:max=24:min=8', [1024, undefined, 3072]],
		['tfmcc:init=16', [0, 2048, Number.POSITIVE_INFINITY]],
	])('reads the congestion control -C %s, its bounds in Kbps and any order', (text, bounds) => {
		const { congestion } = parseSenderArguments(['-C', text, 'f']);
		const read = congestion && [
			congestion.minBytesPerSecond,
			congestion.initialBytesPerSecond,
			congestion.maxBytesPerSecond,
		];
		expect(read).toEqual(bounds);
	});

	it.each([
		['pgmcc', 'Invalid congestion control type'],
		['TFMCC', 'Invalid congestion control type'],
		['tfmcc:foo=1', 'Invalid rate type'],
		['tfmcc:0', 'Invalid max rate'],
		['tfmcc:max=0', 'Invalid rate'],
		['tfmcc:max=abc', 'Invalid rate'],
		['tfmcc:1073741825', 'Invalid max rate'],
		['tfmcc:min=200:max=100', 'Invalid rate'],
		['tfmcc:init=500:max=100', 'Invalid rate'],
		['tfmcc:min=100:init=50', 'Invalid rate'],
	])('refuses the congestion control -C %s with "%s" and what would be right', (text, words) => {
		const error = refusal(`-C ${text} f`);
		expect(error).toMatchObject({ exitCode: 1, message: expect.stringContaining(words) });
		expect(error.message).toContain('from 1 to 1073741824 Kbps and min <= init <= max');
	});
});
