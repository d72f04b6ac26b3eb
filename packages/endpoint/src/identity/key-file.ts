/** Files with private keys: PEM text that only its owner may read, and that is never overwritten. */
import { closeSync, fchmodSync, fstatSync, fsyncSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { type Backend, importPrivateNumbers, KeyError, type PrivateKey, readPem, writePem } from '@uftp/crypto';
import { type Problem, problem } from '@uftp/protocol';
import { systemPath } from '@uftp/storage/paths';
import { EndpointError } from '../problems/index.ts';

/** A PEM file of the largest key takes 2 KB; whoever names a film by mistake shall not wait. */
const KEY_FILE_BYTES_MAX = 65_536;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** A key from a file, and what is wrong with the file all the same. */
export interface LoadedKey {
	readonly key: PrivateKey;
	/** Others than its owner may read the file. */
	readonly warning: Problem<'key-file-readable-by-others'> | undefined;
}

/** Reads the private key of a PEM file (PKCS#1, SEC1 or PKCS#8). Throws an `EndpointError`: `key-file-missing`, `key-file-unusable`. */
export function loadKeyFile(backend: Backend, path: string): LoadedKey {
	const { text, mode } = readText(path);
	const warning =
		(mode & OTHERS) === 0
			? undefined
			: problem('key-file-readable-by-others', { path, mode: (mode & 0o777).toString(8) });
	try {
		return { key: importPrivateNumbers(backend, readPem(text)), warning };
	} catch (error) {
		// The messages of a KeyError are made to be shown; others might contain what was read.
		const why = error instanceof KeyError ? error.message : 'it is no private key that UFTP 4 knows';
		throw new EndpointError('key-file-unusable', { path, why });
	}
}

/** Writes a new key file with mode 600. Throws an `EndpointError`, above all `key-file-exists`: nothing is overwritten. */
export function storeNewKeyFile(path: string, key: PrivateKey): void {
	let fd: number;
	try {
		fd = openSync(systemPath(path), 'wx', OWNER_ONLY);
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code === 'EEXIST') throw new EndpointError('key-file-exists', { path });
		const why = `${withoutCall(message)}; name a file in a folder that you may write to`;
		throw new EndpointError(code === 'ENOENT' ? 'key-file-missing' : 'key-file-unusable', { path, why });
	}
	try {
		fchmodSync(fd, OWNER_ONLY);
		writeSync(fd, writePem(key));
		fsyncSync(fd);
	} catch (error) {
		unlinkSync(systemPath(path));
		throw new EndpointError('key-file-unusable', { path, why: withoutCall((error as Error).message) });
	} finally {
		closeSync(fd);
	}
}

function readText(path: string): { readonly text: string; readonly mode: number } {
	let fd: number | undefined;
	try {
		fd = openSync(systemPath(path), 'r');
		const { mode, size } = fstatSync(fd);
		if (size > KEY_FILE_BYTES_MAX) {
			throw new EndpointError('key-file-unusable', { path, why: `with ${size} bytes it is no key` });
		}
		return { text: readFileSync(fd, 'latin1'), mode };
	} catch (error) {
		if (error instanceof EndpointError) throw error;
		const { code, message } = error as NodeJS.ErrnoException;
		const why = withoutCall(message);
		throw new EndpointError(code === 'ENOENT' ? 'key-file-missing' : 'key-file-unusable', { path, why });
	} finally {
		if (fd !== undefined) closeSync(fd);
	}
}

/** "no such file or directory" of "ENOENT: no such file or directory, open '/x'". */
function withoutCall(message: string): string {
	return /^[A-Z0-9_]+: (.*?)(, \w+.*)?$/s.exec(message)?.[1] ?? message;
}
