/** The sites of -s and the receivers of -C; what is wrong with them ends the command with exit code 1. */

import { readDownstreamSites, readReceiverList as readReceivers } from '@uftp/endpoint/identity';
import type { AllowedReceiver, DownstreamSite } from '@uftp/protocol';
import { asCommandError } from '../drop-in/list-lines.ts';

/** Reads every -s; `port` is that of -q. */
export async function downstreamSites(given: readonly string[], port: number): Promise<readonly DownstreamSite[]> {
	try {
		return await readDownstreamSites(given, port);
	} catch (error) {
		throw asCommandError(error);
	}
}

/** Reads -C. */
export async function readReceiverList(file: string): Promise<readonly AllowedReceiver[]> {
	try {
		return await readReceivers(file);
	} catch (error) {
		throw asCommandError(error);
	}
}
