/** The file of -P: the daemon's process id and a newline, removed when the daemon ends. */
import fs from 'node:fs';
import { resolvePath, systemPath } from '@uftp/storage/paths';
import { CommandError, ExitCode, systemReason } from '../command-error.ts';

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = fs.constants;

/** Exits 2, as C does for the port that two daemons cannot both have: the file of a daemon that runs is left alone. */
function refuseIfRunning(file: string): void {
	const script = process.argv[1].slice(process.argv[1].lastIndexOf('/') + 1);
	const name = script.replace(/\.ts$/, '');
	let pid: number;
	try {
		pid = Number(fs.readFileSync(systemPath(file), 'utf8').trim());
		if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return;
		// Numbers are used again: what runs must be this command, by this program or by C's.
		const isNamed = fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name;
		if (!isNamed && !fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`/${script}\0`)) return;
	} catch {
		// No file, or nothing runs by this number.
		return;
	}
	throw new CommandError(
		ExitCode.Network,
		`Error binding socket for listener: Address already in use: the ${name} with the process id ${pid} runs, and has the pid file ${file}. Stop it, or give this one another file with -P.`,
	);
}

/**
 * Writes the file and returns how to remove it. Exits 1 if that fails, also where a symbolic link has the name: the file
 * that it leads to is not a pid file of this daemon, and must not be overwritten.
 */
export function writePidFile(given: string): () => void {
	const absolute = resolvePath(given);
	refuseIfRunning(absolute);
	try {
		const fd = fs.openSync(systemPath(absolute), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o666);
		try {
			fs.writeSync(fd, `${process.pid}\n`);
		} finally {
			fs.closeSync(fd);
		}
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ELOOP') {
			throw new CommandError(
				ExitCode.Parameters,
				`Can't write pid file: ${absolute} is a symbolic link, and the file behind it would be overwritten. Remove the link, or give -P another file.`,
			);
		}
		throw new CommandError(
			ExitCode.Parameters,
			`Can't open pid file for writing: ${absolute}: ${systemReason(error)}. Give -P a file in a folder that exists and that you may write to.`,
		);
	}
	return () => {
		try {
			// A daemon that was started since may have written its own.
			if (fs.readFileSync(systemPath(absolute), 'utf8').trim() === String(process.pid))
				fs.unlinkSync(systemPath(absolute));
		} catch {
			// Gone already.
		}
	};
}
