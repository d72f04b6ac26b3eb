/** Files with private keys: PEM text that only its owner may read, and that is never overwritten. */
import { closeSync, fchmodSync, fstatSync, fsyncSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { type Backend, importPrivateNumbers, KeyError, type PrivateKey, readPem, writePem } from '@uftp/crypto';

/** A PEM file of the largest key takes 2 KB; whoever names a film by mistake shall not wait. */
const KEY_FILE_BYTES_MAX = 65_536;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** A key file that cannot be read, used or written. The message says why and what to do, and nothing of the key. */
export class KeyFileError extends Error {
	override readonly name = 'KeyFileError';
	readonly reason: 'missing' | 'exists' | 'unusable';

	constructor(reason: KeyFileError['reason'], message: string) {
		super(message);
		this.reason = reason;
	}
}

export interface LoadedKey {
	readonly key: PrivateKey;
	/** A sentence if others than its owner may read the file. */
	readonly warning: string | undefined;
}

/** Reads the private key of a PEM file (PKCS#1, SEC1 or PKCS#8). Throws a KeyFileError. */
export function loadKeyFile(backend: Backend, path: string): LoadedKey {
	const { text, mode } = readText(path);
	const shown = (mode & 0o777).toString(8);
	const warning =
		(mode & OTHERS) === 0
			? undefined
			: `the key file ${path} has mode ${shown}: others of this machine may read the key; "chmod 600 ${path}" ends that`;
	try {
		return { key: importPrivateNumbers(backend, readPem(text)), warning };
	} catch (error) {
		// The messages of a KeyError are made to be shown; others might contain what was read.
		const why = error instanceof KeyError ? error.message : 'it is no private key that UFTP 4 knows';
		throw new KeyFileError('unusable', `the key file ${path} cannot be used: ${why}`);
	}
}

/** Writes a new key file with mode 600. Throws a KeyFileError, above all if there is a file of this name already. */
export function storeNewKeyFile(path: string, key: PrivateKey): void {
	let fd: number;
	try {
		fd = openSync(path, 'wx', OWNER_ONLY);
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code === 'EEXIST') {
			throw new KeyFileError(
				'exists',
				`the key file ${path} already exists and is never overwritten: name another one`,
			);
		}
		throw new KeyFileError(
			code === 'ENOENT' ? 'missing' : 'unusable',
			`the key file ${path} cannot be made: ${withoutCall(message)}; name a file in a folder that you may write to`,
		);
	}
	try {
		fchmodSync(fd, OWNER_ONLY);
		writeSync(fd, writePem(key));
		fsyncSync(fd);
	} catch (error) {
		unlinkSync(path);
		throw new KeyFileError(
			'unusable',
			`the key file ${path} cannot be written: ${withoutCall((error as Error).message)}`,
		);
	} finally {
		closeSync(fd);
	}
}

function readText(path: string): { readonly text: string; readonly mode: number } {
	let fd: number | undefined;
	try {
		fd = openSync(path, 'r');
		const { mode, size } = fstatSync(fd);
		if (size > KEY_FILE_BYTES_MAX) {
			throw new KeyFileError('unusable', `the key file ${path} cannot be used: with ${size} bytes it is no key`);
		}
		return { text: readFileSync(fd, 'latin1'), mode };
	} catch (error) {
		if (error instanceof KeyFileError) throw error;
		const { code, message } = error as NodeJS.ErrnoException;
		throw new KeyFileError(
			code === 'ENOENT' ? 'missing' : 'unusable',
			`the key file ${path} cannot be read: ${withoutCall(message)}; make one with "uftp_keymgt -g rsa:2048 FILE"`,
		);
	} finally {
		if (fd !== undefined) closeSync(fd);
	}
}

/** "no such file or directory" of "ENOENT: no such file or directory, open '/x'". */
function withoutCall(message: string): string {
	return /^[A-Z0-9_]+: (.*?)(, \w+.*)?$/s.exec(message)?.[1] ?? message;
}
