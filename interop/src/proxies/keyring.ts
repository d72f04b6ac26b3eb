import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyName, keys } from '../encryption-table.ts';
import { findProgram } from '../programs.ts';

/** Key files by owner, made when they are first asked for, so that nobody has another's key; until `close`. */
export class Keyring {
	readonly #folder = mkdtempSync(join(tmpdir(), 'uftp-interop-keyring-'));
	readonly #program = findProgram('ours', 'uftp_keymgt') ?? 'uftp_keymgt';
	readonly #fingerprints = new Map<string, string>();

	/** The folder with that key of that owner, as `<name>.pem`. */
	folder(owner: string, name: KeyName): string {
		const folder = join(this.#folder, owner);
		const path = join(folder, `${name}.pem`);
		if (!existsSync(path)) {
			mkdirSync(folder, { recursive: true });
			const made = spawnSync(this.#program, ['-g', keys[name], path], { encoding: 'utf8' });
			if (!existsSync(path)) throw new Error(`${this.#program} -g ${keys[name]} made no key: ${made.stderr}`);
		}
		return folder;
	}

	path(owner: string, name: KeyName): string {
		return join(this.folder(owner, name), `${name}.pem`);
	}

	/** "66:1E:...", as lists and `-s fp=` want it. */
	fingerprint(owner: string, name: KeyName): string {
		const path = this.path(owner, name);
		const known = this.#fingerprints.get(path);
		if (known !== undefined) return known;
		const said = spawnSync(this.#program, [path], { encoding: 'utf8' });
		const found = /fingerprint: ([0-9A-F:]+)/.exec(said.stderr + said.stdout)?.[1];
		if (found === undefined) throw new Error(`${this.#program} ${path} told no fingerprint: ${said.stderr}`);
		this.#fingerprints.set(path, found);
		return found;
	}

	close(): void {
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
