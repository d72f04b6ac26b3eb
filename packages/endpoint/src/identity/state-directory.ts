/** Where a node keeps what it must know again after a restart: keys, UIDs, the keys of others. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readText } from './lists/list-file.ts';

/** The folder that is configured, or `uftp` in the folder for state of this user. */
export function stateDirectory(configured?: string): string {
	if (configured !== undefined) return configured;
	const ofUser = process.env['XDG_STATE_HOME'];
	return join(ofUser?.startsWith('/') === true ? ofUser : join(homedir(), '.local', 'state'), 'uftp');
}

/** What the `uftpe` wrapper around the C programs left: a key, and a UID in a file of shell variables. */
export interface WrapperLegacy {
	/** The key file, whether it is there or not. */
	readonly keyFile: string;
	/** `UFTP_UID` of the config as it stands there; undefined if there is none. */
	readonly uid: string | undefined;
	readonly configFile: string;
}

/** What the `uftpe` wrapper left for this user: its key file, UID and configuration. */
export function wrapperLegacy(home: string = homedir()): WrapperLegacy {
	const folder = join(home, '.uftp');
	const configFile = join(folder, 'config');
	return { keyFile: join(folder, 'uftp.key'), uid: uidIn(configFile), configFile };
}

function uidIn(path: string): string | undefined {
	let text: string;
	try {
		text = readText(path);
	} catch {
		// Most machines have none.
		return undefined;
	}
	return /^\s*(?:export\s+)?UFTP_UID=["']?([0-9A-Za-z.]+)["']?\s*(?:#.*)?$/m.exec(text)?.[1];
}
