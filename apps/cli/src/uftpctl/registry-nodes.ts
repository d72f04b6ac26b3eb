/** Asks the registry who is there, page by page. */
import type { RegistryListAnswer, RegistryListRequest, RegistryNode } from '@uftp/bus';
import { ask, type CommandBus } from './command-bus.ts';
import { CommandEnd, ExitCode } from './exit-code.ts';

const MAX_PAGES = 1000;

/** All nodes that match. Throws a CommandEnd if no registry answers. */
export async function registryNodes(
	{ bus, subjects }: CommandBus,
	question: Omit<RegistryListRequest, 'v' | 'after'>,
): Promise<RegistryNode[]> {
	const nodes: RegistryNode[] = [];
	let after: string | undefined;
	for (let page = 0; page < MAX_PAGES; page++) {
		const answer = (await ask(
			bus,
			subjects.registryList,
			{ v: 1, ...question, ...(after === undefined ? {} : { after }) },
			'No registry answers on this bus: start one (services/registry), or everything with "uftpctl up".',
		)) as RegistryListAnswer;
		if (!answer.ok) throw new CommandEnd(ExitCode.Failed, `The registry refuses: ${answer.error.message}`);
		nodes.push(...answer.nodes);
		after = answer.next;
		if (after === undefined) break;
	}
	return nodes;
}
