/** Which library does the cryptography: chosen once, when a service starts. */
import { createRequire } from 'node:module';
import { loadLibcrypto } from '@uftp/native';
import { CryptographyError } from '../cryptography-error.ts';
import { CURVES } from '../curves.ts';
import type { Backend, BackendName } from '../ports.ts';
import { libcryptoBackend } from './libcrypto.ts';
import { type BackendOffer, OFFERS } from './offers.ts';
import { selfTest } from './self-test.ts';

export interface SelectedBackend {
	readonly backend: Backend;
	/** What was chosen and why, for the log. */
	readonly sentence: string;
}

const load = createRequire(import.meta.url);

/** Fastest first. */
export const BACKEND_NAMES: readonly BackendName[] = ['libcrypto', 'node', 'noble'];

const WORDS: Readonly<Record<BackendName, string>> = {
	libcrypto: "libcrypto (the system's OpenSSL)",
	node: 'node (built into the runtime)',
	noble: 'noble (portable, slow)',
};

/**
 * The first backend that loads and passes its self-test, or the one that a setting names. Throws an Error, with a
 * sentence for the user, if the setting names none, or one that does not work here.
 */
export function selectBackend(forced?: string): SelectedBackend {
	if (forced !== undefined && !BACKEND_NAMES.some((name) => name === forced)) {
		throw new RangeError(`there is no cryptography backend "${forced}"; choose one of ${BACKEND_NAMES.join(', ')}`);
	}
	const refusals: string[] = [];
	for (const name of BACKEND_NAMES) {
		if (forced !== undefined && name !== forced) continue;
		const opened = openBackend(name);
		if (typeof opened !== 'string') return describe(opened, refusals, forced !== undefined);
		refusals.push(opened);
	}
	const cure = forced === undefined ? 'install OpenSSL 3' : `leave the choice open, or install what ${forced} needs`;
	throw new CryptographyError(`no cryptography: ${refusals.join('; ')}; ${cure}`);
}

interface OpenedBackend {
	readonly backend: Backend;
	readonly missing: readonly string[];
}

/** One backend, tested and reduced to what it really has; or a sentence that says why it does not work here. */
export function openBackend(name: BackendName): OpenedBackend | string {
	const make = maker(name);
	if (typeof make === 'string') return make;
	const whole = make(OFFERS[name]);
	const tested = selfTest(whole);
	if (typeof tested === 'string') return tested;
	const missing = [...tested.missing, ...curvesMissing(whole)];
	return { backend: tested.missing.length === 0 ? whole : make(tested.offer), missing };
}

/** Names of the curves that a backend lacks on this machine only. */
function curvesMissing(backend: Backend): string[] {
	const { curves } = OFFERS[backend.name];
	return CURVES.filter(({ id }) => curves.has(id) && !backend.curves.has(id)).map((curve) => curve.name);
}

function maker(name: BackendName): ((offer: BackendOffer) => Backend) | string {
	// Loaded only where it comes to them: both together take longer to load than a short session takes.
	if (name === 'noble') return (load('./noble.ts') as typeof import('./noble.ts')).nobleBackend;
	if (name === 'node') return (load('./node.ts') as typeof import('./node.ts')).nodeBackend;
	const { libcrypto, why } = loadLibcrypto();
	return libcrypto === undefined ? why : (offer) => libcryptoBackend(libcrypto, offer);
}

function describe(
	{ backend, missing }: OpenedBackend,
	refusals: readonly string[],
	isForced: boolean,
): SelectedBackend {
	const parts = [`cryptography by ${WORDS[backend.name]}`];
	if (isForced) parts.push('as the setting says');
	if (refusals.length > 0) parts.push(`because ${refusals.join('; ')}`);
	if (!backend.rsa) parts.push('without RSA');
	if (missing.length > 0) parts.push(`without ${missing.join(', ')}`);
	return { backend, sentence: parts.join(', ') };
}
