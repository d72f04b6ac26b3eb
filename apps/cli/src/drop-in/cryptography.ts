/** The cryptography of this process, loaded only by commands that need it: loading takes 30 ms. */
import type { Backend, RandomBytes } from '@uftp/crypto';
import { CommandError, ExitCode } from './command-error.ts';

/** Forces one of the backends, for whoever looks into one. */
const BACKEND_VARIABLE = 'UFTP_CRYPTO_BACKEND';

export interface Cryptography {
	readonly backend: Backend;
	readonly random: RandomBytes;
	/** Which library was chosen and why, for the log. */
	readonly sentence: string;
}

/** Chooses the library by self-test. Throws a `CommandError` (exit 3, as for keys). */
export async function openCryptography(): Promise<Cryptography> {
	const { selectBackend, systemRandom } = await import('@uftp/crypto/backends');
	const forced = process.env[BACKEND_VARIABLE];
	try {
		const { backend, sentence } = selectBackend(forced === '' ? undefined : forced);
		return { backend, random: systemRandom, sentence };
	} catch (error) {
		throw new CommandError(ExitCode.Keys, `${(error as Error).message} (${BACKEND_VARIABLE} names one)`);
	}
}
