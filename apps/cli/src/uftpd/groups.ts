/** The public groups of -M by address family, checked. */
import { resolveHost } from '@uftp/endpoint/network';
import { addressFamily, type Family, isMulticast } from '@uftp/wire';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';

/** Resolves -M: exit 1 for what is no address, exit 2 for an address that is no group, as in C. */
export async function publicGroups(names: readonly string[]): Promise<ReadonlyMap<Family, readonly string[]>> {
	const groups = new Map<Family, string[]>();
	for (const name of names) {
		const resolved = await resolveHost(name, undefined);
		if ('problem' in resolved) {
			throw new CommandError(ExitCode.Parameters, `Invalid multicast address ${name}: ${resolved.problem}.`);
		}
		const { address } = resolved;
		if (!isMulticast(address)) {
			throw new CommandError(
				ExitCode.Network,
				`Error joining multicast group: ${name} is not multicast. Name groups such as 230.4.4.1; unicast needs no -M.`,
			);
		}
		const family = addressFamily(address);
		const known = groups.get(family) ?? [];
		if (!known.includes(address)) known.push(address);
		groups.set(family, known);
	}
	return groups;
}
