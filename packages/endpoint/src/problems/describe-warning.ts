/** Warnings of a session: what happened, as the core says it, and the setting that ends it, in a program's words. */
import type { Problem } from '@uftp/protocol';
import type { Vocabulary } from './vocabulary.ts';

/** What to do about a warning, for those that a setting ends. */
const CURES: Readonly<Record<string, (words: Vocabulary) => string>> = {
	'proxy-is-receiver': ({ proxies, uid }) =>
		`name it in the list of proxies (${proxies}), or give it another UID (${uid})`,
	'proxy-unlisted': ({ proxies }) => `name it in the list of proxies (${proxies})`,
	'key-behind-unlisted-proxy': ({ proxies }) => `name the proxy in the list of proxies (${proxies})`,
};

/** The sentence of a warning, with its cure if a setting is one. `message` is the neutral sentence of the core. */
export function describeWarning(
	{ message, problem }: { readonly message: string; readonly problem?: Problem | undefined },
	words: Vocabulary,
): string {
	const cure = problem === undefined ? undefined : CURES[problem.code];
	return cure === undefined ? message : `${message.replace(/\.$/, '')}: ${cure(words)}`;
}
