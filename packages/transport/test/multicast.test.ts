import { describe, expect, it } from 'vitest';
import { loopback } from './loopback.ts';
import { groupsOfOthers, joinAndLeave, multicastSetting, oneSourceOnly } from './multicast-cases.ts';
import { runInNamespace } from './network-namespace.ts';

for (const driver of ['linux-batch', 'portable'] as const) {
	describe(`multicast with the ${driver} socket`, () => {
		it('over IPv4, a group is received on the interface it was joined on, until it is left', async () => {
			expect(await joinAndLeave(overLoopback())).toEqual([[100], [100]]);
		});

		it('over IPv4, a socket gets only the groups it joined itself, not those of other sockets on its port', async () => {
			expect(await groupsOfOthers(overLoopback())).toEqual([[50], [60]]);
		});

		it('over IPv4, a group joined for one source brings nothing from another', async () => {
			expect(await oneSourceOnly(overLoopback())).toEqual([[40]]);
		});

		it('over IPv6, the same three hold on an interface that multicasts', () => {
			expect(runInNamespace('multicast-ipv6', driver)).toEqual({
				joinAndLeave: [[100], [100]],
				groupsOfOthers: [[50], [60]],
				oneSourceOnly: [[40]],
			});
		});
	});

	function overLoopback(): ReturnType<typeof multicastSetting> {
		return multicastSetting(driver, 4, loopback(), ['127.0.0.5', '127.0.0.6']);
	}
}
