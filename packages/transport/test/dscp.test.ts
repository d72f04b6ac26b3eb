import type { UdpSocket } from '@uftp/native';
import { describe, expect, it } from 'vitest';
import { TransportError } from '../src/errors/transport-error.ts';
import { configureTraffic } from '../src/linux/socket-setup.ts';

/** A socket that refuses every option with EPERM. */
function refusing(): UdpSocket {
	return { setOption: () => 1 } as unknown as UdpSocket;
}

describe('a code point (DSCP) that the system does not allow', () => {
	it.each([4, 6] as const)('is a sentence, not silence (IPv%i)', (family) => {
		const open = (): void => configureTraffic(refusing(), { family, dscp: 46 });
		expect(open).toThrow(TransportError);
		expect(open).toThrow(/cannot mark packets with the code point 46 \(DSCP\): the system answered EPERM\. Leave/);
		try {
			open();
		} catch (error) {
			expect(error).toMatchObject({ code: 'EDSCP' });
		}
	});

	it('that was not asked for is none', () => {
		expect(() => configureTraffic(refusing(), { family: 4 })).not.toThrow();
	});
});
