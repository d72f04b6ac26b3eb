/** Command lines that end before a session. */
import type { CommandCase } from './parity-case.ts';

function sender(name: string, words: string, more: Partial<CommandCase> = {}): CommandCase {
	return { name: `uftp ${name}`, program: 'uftp', words: words.split(' '), ...more };
}

function receiver(name: string, words: string, more: Partial<CommandCase> = {}): CommandCase {
	return { name: `uftpd ${name}`, program: 'uftpd', words: words.split(' '), ...more };
}

const file = { path: 'source/file', text: 'x' } as const;
const temp = { path: 'temp', directory: true } as const;

export const commandCases: readonly CommandCase[] = [
	sender('refuses a status file in no folder', '-S {dir}/none/s file', { there: [file], quick: true }),
	sender('refuses an exclude list that is not there', '-X {dir}/none file', { there: [file] }),
	sender('refuses -Q 64', '-Q 64 file', { there: [file], quick: true }),
	sender('refuses -W 109', '-W 109 file', { there: [file], quick: true }),
	sender('refuses -W 10001', '-W 10001 file', { there: [file] }),
	sender('refuses -a 0', '-a 0 file', { there: [file], quick: true }),
	sender('refuses -a 65536', '-a 65536 file', { there: [file] }),
	sender('refuses -N 101', '-N 101 file', { there: [file] }),
	sender('refuses -N -1', '-N -1 file', { there: [file] }),
	sender('refuses -m 0', '-m 0 file', { there: [file] }),
	sender('refuses -m 1001', '-m 1001 file', { there: [file] }),
	sender('refuses -g 0', '-g 0 file', { there: [file] }),
	sender('refuses -g 1025', '-g 1025 file', { there: [file] }),
	sender('refuses -n 0', '-n 0 file', { there: [file] }),
	sender('refuses -n 1001', '-n 1001 file', { there: [file] }),
	sender('refuses an unknown kind of -C', '-C pgmcc file', { there: [file] }),
	sender('refuses an unknown bound of -C tfmcc', '-C tfmcc:foo=1 file', { there: [file] }),
	sender('refuses -C tfmcc:max=0', '-C tfmcc:max=0 file', { there: [file], quick: true }),
	sender('refuses -C tfmcc:min=200:max=100', '-C tfmcc:min=200:max=100 file', { there: [file] }),
	sender('refuses -C tfmcc:init=500:max=100', '-C tfmcc:init=500:max=100 file', { there: [file] }),
	sender('refuses a restart file that is not there', '-F {dir}/none'),
	sender('refuses what is no restart file', '-F file', { there: [file], quick: true }),
	sender('refuses -F with -H', '-F file -H 0x1', { there: [file] }),
	sender('refuses -F with -i', '-F file -i file', { there: [file] }),
	sender('refuses -F with -j', '-F file -j file', { there: [file] }),
	sender('refuses -F with -z', '-F file -z', { there: [file] }),
	sender('refuses -f with -Z', '-f -Z file', { there: [file], quick: true }),
	sender('refuses a log file in no folder', '-L {dir}/none/log -g 1 file', { there: [file] }),
	receiver('refuses -g 0', '-d -D {dir} -g 0'),
	receiver('refuses -n 1001', '-d -D {dir} -n 1001'),
	receiver('refuses -c 10239', '-d -D {dir} -c 10239', { quick: true }),
	receiver('refuses -c 20971521', '-d -D {dir} -c 20971521'),
	receiver('refuses -N 20', '-d -D {dir} -N 20'),
	receiver('refuses -N -21', '-d -D {dir} -N -21'),
	receiver('refuses -Q 64', '-d -D {dir} -Q 64'),
	receiver('refuses -h 0', '-d -D {dir} -H 10.99.0.9 -h 0'),
	receiver('refuses -h 3601', '-d -D {dir} -H 10.99.0.9 -h 3601'),
	receiver('refuses -T with -A', '-d -D {dir} -T {dir}/temp -A {dir}/temp', { there: [temp], quick: true }),
	receiver('refuses -T with -t', '-d -D {dir} -T {dir}/temp -t', { there: [temp], quick: true }),
	receiver('refuses -T with two destinations', '-d -D {dir},/tmp -T {dir}/temp', { there: [temp] }),
	receiver('refuses -T that is the destination', '-d -D {dir} -T {dir}'),
	receiver('refuses a temporary folder that is not there', '-d -D {dir} -T {dir}/none'),
	receiver('refuses a relative temporary folder', '-d -D {dir} -T temp', { there: [temp] }),
	receiver('refuses a relative backup folder', '-d -D {dir} -A temp', { there: [temp] }),
	receiver('refuses a backup folder that is not there', '-d -D {dir} -A {dir}/none'),
	receiver('refuses two backup folders for one destination', '-d -D {dir} -A {dir}/temp,/tmp', { there: [temp] }),
	receiver('refuses a status file in no folder', '-d -D {dir} -F {dir}/none/s'),
	receiver('takes a script that is not there', '-d -I eth0 -q -D {dir} -s {dir}/none'),
	receiver('takes a script that cannot be run', '-d -I eth0 -q -D {dir} -s {dir}/script', {
		there: [{ path: 'script', text: '#!/bin/sh\n', mode: 0o644 }],
	}),
	receiver('refuses a relative script', '-d -D {dir} -s script', {
		there: [{ path: 'source/script', text: '#!/bin/sh\n', mode: 0o755 }],
	}),
	receiver('refuses a backup folder on another file system', '-d -D {dir} -A /dev/shm'),
	receiver('refuses a temporary folder on another file system', '-d -D {dir} -T /dev/shm'),
	receiver('refuses a backup folder that is the destination', '-d -D {dir} -A {dir}'),
	receiver('refuses eleven destinations', `-d -D ${Array(11).fill('{dir}').join(',')}`),
	receiver('takes -m, -i and -t together', '-d -D {dir} -I eth0 -m -i -t -q'),
];
