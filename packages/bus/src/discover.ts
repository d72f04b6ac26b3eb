/**
 * How programs of one user on one machine find the loopback listener: a file that only this user can read, with its
 * address and the process that offers it.
 */
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BusUnavailable } from './bus-error.ts';

export interface LocalBus {
	readonly url: string;
	readonly pid: number;
}

const fileName = 'bus.json';

/** Folders where the file may be, the first that can be used wins. */
function runtimeDirectories(): string[] {
	const xdg = process.env['XDG_RUNTIME_DIR'];
	const own = join(tmpdir(), `uftp-${userId()}`);
	return xdg?.startsWith('/') ? [join(xdg, 'uftp'), own] : [own];
}

function userId(): number {
	return process.getuid?.() ?? 0;
}

/** True if the folder is this user's alone: in a shared temporary folder anybody could have made it. */
function isPrivate(directory: string): boolean {
	const stat = lstatSync(directory, { throwIfNoEntry: false });
	return stat?.isDirectory() === true && stat.uid === userId() && (stat.mode & 0o077) === 0;
}

/** The bus that a running process of this user offers on this machine, or undefined. */
export function findLocalBus(): LocalBus | undefined {
	for (const directory of runtimeDirectories()) {
		const found = isPrivate(directory) ? readLocalBus(join(directory, fileName)) : undefined;
		if (found !== undefined && isRunning(found.pid)) return found;
	}
	return undefined;
}

function readLocalBus(path: string): LocalBus | undefined {
	try {
		const { url, pid } = JSON.parse(readFileSync(path, 'utf8')) as Partial<LocalBus>;
		if (typeof url !== 'string' || !url.startsWith('nats://') || !Number.isInteger(pid)) return undefined;
		return { url, pid: pid as number };
	} catch {
		// Not there, not ours to read, or half a file: no bus to find.
		return undefined;
	}
}

function isRunning(pid: number): boolean {
	if (pid <= 0) return false;
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EPERM';
	}
}

/**
 * Tells the programs of this user where the bus of this process is. The result takes that back; call it at the end.
 * `directories` are the folders where it may be. Undefined if no folder can be used. Throws BusUnavailable if another running process has one there.
 */
export function announceLocalBus(url: string, directories = runtimeDirectories()): (() => void) | undefined {
	const other = findLocalBus();
	if (other !== undefined && other.pid !== process.pid) {
		throw new BusUnavailable(
			`The process ${other.pid} offers a bus on this machine already: stop it, or set NATS_URL=${other.url} to use it.`,
		);
	}
	for (const directory of directories) {
		const path = join(directory, fileName);
		try {
			mkdirSync(directory, { recursive: true, mode: 0o700 });
			if (!isPrivate(directory)) continue;
			const temporary = `${path}.${process.pid}`;
			writeFileSync(temporary, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 });
			renameSync(temporary, path);
		} catch {
			// Read-only, full, or not ours: the next one may do.
			continue;
		}
		return () => {
			if (readLocalBus(path)?.pid === process.pid) rmSync(path, { force: true });
		};
	}
	return undefined;
}
