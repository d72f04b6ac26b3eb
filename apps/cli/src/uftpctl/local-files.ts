/** Local files as the files of a job: which sender on this host sees them, under which root. */
import { lstatSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { JobFile, LocateAnswer } from '@uftp/bus';
import { ask, type CommandBus } from './command-bus.ts';
import { CommandEnd, ExitCode } from './exit-code.ts';
import { registryNodes } from './registry-nodes.ts';

export interface LocatedFiles {
	/** Id of the sender that can send them. */
	readonly sender: string;
	readonly files: readonly JobFile[];
}

/** Finds them. Throws a CommandEnd: a file is not there, no sender runs on this host, or none may send it. */
export async function locateFiles(bus: CommandBus, given: readonly string[]): Promise<LocatedFiles> {
	const paths = given.map((path) => {
		if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
			throw new CommandEnd(ExitCode.Refused, `${JSON.stringify(path)} does not exist.`);
		}
		return resolve(path);
	});
	const host = hostname();
	const senders = await registryNodes(bus, { role: 'sender' });
	const local = senders.filter(({ presence, heartbeat }) => presence !== 'draining' && heartbeat.host === host);
	if (local.length === 0) {
		const others = senders.map(({ heartbeat }) => heartbeat.host).join(', ');
		throw new CommandEnd(
			ExitCode.NoBus,
			`No sender runs on this host (${host})${others === '' ? '' : `; there are some on ${others}`}: ` +
				'local files need one here ("uftpctl up", or services/sender with UFTP_ROOTS).',
		);
	}
	let refusal = '';
	for (const { heartbeat } of local) {
		const question = { v: 1, host, paths };
		const nobody = `The sender ${heartbeat.id} does not answer.`;
		const answer = (await ask(bus.bus, bus.subjects.locate(heartbeat.id), question, nobody)) as LocateAnswer;
		if (answer.ok) return { sender: heartbeat.id, files: answer.files };
		refusal = answer.error.message;
	}
	throw new CommandEnd(
		ExitCode.Refused,
		`${refusal} Declare the folder ("uftpctl up --root label=/path", or UFTP_ROOTS at the sender), or move the file into one.`,
	);
}
