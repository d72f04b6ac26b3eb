/** The response proxy of `uftpd` (-R): host[/fingerprint], at the port that the receiver itself listens on. */
import { parseFingerprint } from '@uftp/crypto';
import type { ResponseProxyConfig } from '@uftp/protocol';
import { isMulticast, isUnspecified } from '@uftp/wire';
import { resolveAddress } from '../drop-in/addresses.ts';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';

const BROADCAST = '255.255.255.255';

/**
 * Reads -R; `port` is that of -p, as in C. Throws a `CommandError` (exit 1, as in C for a host that is not found). C takes
 * a fingerprint that is none for one that no key has; here it is refused.
 */
export async function responseProxy(given: string, port: number): Promise<ResponseProxyConfig> {
	const slash = given.indexOf('/');
	const host = slash < 0 ? given : given.slice(0, slash);
	const print = slash < 0 ? '' : given.slice(slash + 1);
	if (host === '') throw refusal(`-R ${given} names no proxy`);
	const resolved = await resolveAddress(host, undefined);
	const problem = 'problem' in resolved ? problemOf(host, resolved.problem) : unfit(resolved.address);
	if ('problem' in resolved || problem !== undefined) throw refusal(`Invalid proxy address ${host}: ${problem}`);
	const fingerprint = print === '' ? undefined : parseFingerprint(print);
	if (print !== '' && fingerprint === undefined) {
		throw refusal(
			`Invalid proxy fingerprint ${print}: it has 20 pairs of hex digits with colons between them, as the proxy's log shows them`,
		);
	}
	return { endpoint: { host: resolved.address, port }, fingerprint };
}

function problemOf(host: string, problem: string): string {
	const hasPort = /^[^:]+:\d+$/.test(host);
	return hasPort ? `${problem}; a port does not belong here, the proxy has the one of -p` : problem;
}

function unfit(address: string): string | undefined {
	if (isMulticast(address)) return 'it is a multicast group, and a proxy has an address of its own';
	if (isUnspecified(address) || address === BROADCAST) return 'no host has this address';
	return undefined;
}

function refusal(sentence: string): CommandError {
	return new CommandError(ExitCode.Parameters, `${sentence}. -R takes host[/fingerprint].`);
}
