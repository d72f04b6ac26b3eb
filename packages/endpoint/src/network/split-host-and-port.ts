/**
 * Splits `host[:port]`, an IPv6 address with a port in brackets. Without a port it is `initial`; one that is no port is
 * undefined.
 */
export function splitHostAndPort(word: string, initial: number): { name: string; port: number | undefined } {
	const match = /^(?:\[(.+)\]|([^:]+))(?::([^:]*))?$/.exec(word);
	// Several colons without brackets: an IPv6 address.
	if (match === null) return { name: word, port: initial };
	const [, bracketed, plain, portText] = match;
	const name = bracketed ?? plain ?? word;
	if (portText === undefined) return { name, port: initial };
	const port = /^\d+$/.test(portText) ? Number(portText) : 0;
	return { name, port: port >= 1 && port <= 65_535 ? port : undefined };
}
