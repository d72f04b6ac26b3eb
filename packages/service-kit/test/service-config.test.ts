import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
	commonSettings,
	flag,
	injectedVariables,
	integer,
	list,
	readConfig,
	seconds,
	settingLines,
	settingsTable,
	text,
} from '../src/index.ts';

const schema = z.object({
	...commonSettings,
	destination: text('Where files are stored'),
	port: integer('UDP port', 1, 65_535).prefault('1044'),
	groups: list('Groups to join').prefault('230.4.4.1'),
	keepGoing: flag('Do not stop').prefault('false'),
	graceSeconds: seconds('Patience', 0, 60).prefault('30'),
});

const environment = { UFTP_DESTINATION: '/srv' };
function problem(env: Record<string, string | undefined>, flags: string[] = []): string {
	const read = readConfig(schema, { environment: env, flags });
	return read.ok ? 'no problem' : read.problem;
}

describe('the configuration of a service', () => {
	it('takes flags before the environment before defaults, each checked and converted', () => {
		const read = readConfig(schema, {
			environment: { ...environment, UFTP_PORT: '2000', UFTP_GROUPS: 'a, b,', NATS_URL: 'nats://h', HOME: '/x' },
			flags: ['--port', '3000', '--grace-seconds=1.5', '--keep-going', 'true'],
		});
		expect(read.ok && read.value).toMatchObject({
			destination: '/srv',
			port: 3000,
			groups: ['a', 'b'],
			keepGoing: true,
			graceSeconds: 1.5,
			natsUrl: 'nats://h',
			heartbeatSeconds: 5,
			logLevel: 'info',
		});
	});

	it('takes an empty variable for one that is not set', () => {
		expect(readConfig(schema, { environment: { ...environment, UFTP_PORT: '' } })).toMatchObject({
			ok: true,
			value: { port: 1044 },
		});
	});

	it('leaves alone what Kubernetes sets for a service called uftp, and takes the defaults', () => {
		const injected = {
			UFTP_SERVICE_HOST: '10.96.0.7',
			UFTP_SERVICE_PORT: '1044',
			UFTP_SERVICE_PORT_DATA: '1044',
			UFTP_PORT: 'udp://10.96.0.7:1044',
			UFTP_PORT_1044_UDP: 'udp://10.96.0.7:1044',
			UFTP_PORT_1044_UDP_PROTO: 'udp',
			UFTP_PORT_1044_UDP_PORT: '1044',
			UFTP_PORT_1044_UDP_ADDR: '10.96.0.7',
			UFTP_SENDER_SERVICE_HOST: '10.96.0.8',
			UFTP_SENDER_PORT: 'tcp://10.96.0.8:80',
		};
		expect(readConfig(schema, { environment: { ...environment, ...injected } })).toMatchObject({
			ok: true,
			value: { port: 1044 },
		});
		expect(injectedVariables({ ...environment, ...injected, UFTP_GROUPS: 'a' })).toEqual(Object.keys(injected));
		expect(problem({ ...environment, UFTP_PORT: '1044x' })).toBe('UFTP_PORT="1044x" must be a whole number.');
	});

	it('says which setting is missing, wrong or unknown, and which name is the nearest', () => {
		expect(problem({})).toBe('UFTP_DESTINATION is not set: Where files are stored.');
		expect(problem({ ...environment, UFTP_PORT: '70000' })).toBe('UFTP_PORT="70000" must be at most 65535.');
		expect(problem(environment, ['--port', 'x'])).toBe('--port="x" must be a whole number.');
		expect(problem(environment, ['--port'])).toBe('The option --port needs a value.');
		expect(problem({ ...environment, UFTP_PROT: '1' })).toBe(
			'The environment has UFTP_PROT, which is no setting of this service; the nearest is UFTP_PORT.',
		);
		expect(problem(environment, ['--grace-second', '1'])).toBe(
			'There is no option --grace-second; the nearest is --grace-seconds.',
		);
		// A common beginning counts more than a similar spelling.
		expect(problem({ ...environment, UFTP_GRACE: '1' })).toContain('; the nearest is UFTP_GRACE_SECONDS.');
		expect(problem(environment, ['--dest', '/srv'])).toContain('; the nearest is --destination.');
		expect(problem(environment, ['--weather', '1'])).toContain('There is no option --weather (there are --nats-url,');
		expect(problem({ ...environment, UFTP_TEST_SEED: '1' })).toBe('no problem');
	});

	it('describes every setting with its default, for --help and for a README', () => {
		const lines = settingLines(schema);
		expect(lines.find((line) => line.flag === '--port')).toEqual({
			environment: 'UFTP_PORT',
			flag: '--port',
			default: '1044',
			isRequired: false,
			description: 'UDP port',
		});
		expect(lines.find((line) => line.flag === '--destination')?.isRequired).toBe(true);
		expect(lines.find((line) => line.flag === '--nats-url')?.isRequired).toBe(false);
		expect(lines.every((line) => line.description !== '')).toBe(true);
		expect(settingsTable(schema)).toContain(
			'| `UFTP_DESTINATION` | `--destination` | required | Where files are stored |',
		);
	});
});
