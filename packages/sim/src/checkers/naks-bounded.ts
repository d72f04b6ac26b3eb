/** Receivers do not flood the sender: their answers stay in proportion to what was lost. */
import type { Checker } from '../run.ts';

/** Answers that every receiver may send without any loss: registration, file info, completion, and their repeats. */
const PER_RECEIVER = 60;
const PER_FILE = 60;
/** Answers per datagram that was lost or doubled on the way. */
const PER_FAULT = 3;
/** Congestion control: reports per least GRTT, of all receivers together; most hold theirs back. */
const PER_GRTT = 3;

export const naksBounded: Checker = {
	name: 'NAKs bounded',
	check: ({ scenario, network, sessionMs }) => {
		const { receivers, fileBytes, congestion, grttMs } = scenario;
		const rounds = congestion === undefined ? 0 : Math.ceil(sessionMs / grttMs.min);
		const perFault = PER_FAULT * (network.lost + (congestion === undefined ? 0 : network.queueDrops));
		const bound = receivers * (PER_RECEIVER + PER_FILE * fileBytes.length) + perFault + PER_GRTT * rounds;
		return network.backward > bound ? [`${network.backward} answers, the bound is ${bound}`] : [];
	},
};
