/** `uftpctl clients`: who is there, as the registry knows it. */
import type { RegistryNode } from '@uftp/bus';
import { connectCommandBus } from './command-bus.ts';
import { ExitCode } from './exit-code.ts';
import { has, type OptionSpec, optionHelp, parseOptions, refuseWords } from './options.ts';
import { registryNodes } from './registry-nodes.ts';
import { bytesText, columns, countText, durationText, jsonLine, printable, say } from './terminal.ts';

const specs: readonly OptionSpec[] = [
	{ name: '--all', help: 'senders, proxies and registries too' },
	{ name: '--lost', help: 'also those that fell silent' },
	{ name: '--json', help: 'one line of JSON per node' },
	{ name: '--help', help: 'this text' },
];

export const clientsHelp = `Usage: uftpctl clients [options]

Lists the receivers that the registry knows.

${optionHelp(specs)}`;

/** Runs the command and returns its exit code. Throws a CommandEnd. */
export async function clients(words: readonly string[]): Promise<number> {
	const line = parseOptions('clients', words, specs);
	if (has(line, '--help')) {
		say(clientsHelp);
		return ExitCode.Done;
	}
	refuseWords('clients', line);
	const isAll = has(line, '--all');
	const bus = await connectCommandBus();
	try {
		const nodes = await registryNodes(bus, {
			...(isAll ? {} : { role: 'receiver' }),
			...(has(line, '--lost') ? { lost: true } : {}),
		});
		if (has(line, '--json')) for (const node of nodes) say(jsonLine(node));
		else say(nodesText(nodes, isAll));
		return ExitCode.Done;
	} finally {
		await bus.bus.close();
	}
}

/** A table, with what is wrong below it. */
export function nodesText(nodes: readonly RegistryNode[], isAll: boolean): string {
	if (nodes.length === 0) return isAll ? 'Nobody is there.' : 'No receiver is there.';
	const head = [
		...(isAll ? ['ROLE'] : []),
		'UID',
		'STATE',
		'HOST',
		'ADDRESS',
		'GROUPS',
		'PORT',
		'KEY',
		'FREE',
		'LAST SEEN',
		isAll ? 'WORK' : 'STORES UNDER',
	];
	const rows = nodes.map(({ presence, ageMs, heartbeat }) =>
		[
			...(isAll ? [heartbeat.role] : []),
			heartbeat.uid ?? heartbeat.id,
			presence,
			heartbeat.host,
			heartbeat.addresses.join(','),
			heartbeat.groups.join(','),
			heartbeat.port === undefined ? '' : String(heartbeat.port),
			heartbeat.keys?.[0] === undefined ? 'none' : `${heartbeat.keys[0].fingerprint.slice(0, 11)}..`,
			heartbeat.disk === undefined ? '' : bytesText(heartbeat.disk.freeBytes),
			`${durationText(ageMs / 1000)} ago`,
			heartbeat.destination ?? workText(heartbeat),
		].map(printable),
	);
	const doubles = nodes
		.filter(({ duplicates }) => duplicates !== undefined)
		.map(({ heartbeat, duplicates }) => {
			const others = (duplicates ?? []).map(({ host, instance }) => `${printable(host)} (instance ${instance})`);
			return `${heartbeat.uid ?? heartbeat.id} is used twice: on ${printable(heartbeat.host)} (instance ${heartbeat.instance}) and on ${others.join(', ')}.`;
		});
	return [columns([head, ...rows], ''), ...doubles, countText(nodes.length, 'node')].join('\n');
}

/** What a node that stores nothing is there for. */
function workText({ roots, proxy, load }: RegistryNode['heartbeat']): string {
	if (roots !== undefined) return `roots ${roots.join(',')}`;
	if (proxy === undefined) return '';
	const { mode, pool, receivers } = proxy;
	return [
		`${mode} proxy${pool === undefined ? '' : ` of the pool ${pool}`}`,
		countText(load?.sessions ?? 0, 'session'),
		...(receivers === undefined ? [] : [countText(receivers, 'receiver')]),
	].join(', ');
}
