/** The response proxy of `uftpd` (-R): host[/fingerprint], at the port that the receiver itself listens on. */
import { parseFingerprint } from '@uftp/crypto';
import { responseProxyAt } from '@uftp/endpoint/network';
import { EndpointError } from '@uftp/endpoint/problems';
import type { ResponseProxyConfig } from '@uftp/protocol';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';

/**
 * Reads -R; `port` is that of -p, as in C. Throws a `CommandError` (exit 1, as in C for a host that is not found). C takes
 * a fingerprint that is none for one that no key has; here it is refused.
 */
export async function responseProxy(given: string, port: number): Promise<ResponseProxyConfig> {
	const slash = given.indexOf('/');
	const host = slash < 0 ? given : given.slice(0, slash);
	const print = slash < 0 ? '' : given.slice(slash + 1);
	if (host === '') throw refusal(`-R ${given} names no proxy`);
	const fingerprint = print === '' ? undefined : parseFingerprint(print);
	if (print !== '' && fingerprint === undefined) {
		throw refusal(
			`Invalid proxy fingerprint ${print}: it has 20 pairs of hex digits with colons between them, as the proxy's log shows them`,
		);
	}
	try {
		return await responseProxyAt({ host, port, fingerprint });
	} catch (error) {
		if (!(error instanceof EndpointError)) throw error;
		const hint = /^[^:]+:\d+$/.test(host) ? '; a port does not belong here, the proxy has the one of -p' : '';
		throw refusal(`Invalid proxy address ${host}: ${error.facts.why}${hint}`);
	}
}

function refusal(sentence: string): CommandError {
	return new CommandError(ExitCode.Parameters, `${sentence}. -R takes host[/fingerprint].`);
}
