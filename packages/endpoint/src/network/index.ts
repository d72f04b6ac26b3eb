/** Where a node sends and listens: addresses, interfaces, sources. */
export { areSourceSpecific, groupSources } from './group-sources.ts';
export {
	type ChosenInterface,
	chooseInterface,
	type ListeningInterfaces,
	listeningInterfaces,
	ownAddress,
} from './interface-choice.ts';
export { type ProxyInterfaces, proxyInterfaces } from './proxy-interfaces.ts';
export { readEndpoints } from './read-endpoints.ts';
export { literalAddress, resolveHost } from './resolve-host.ts';
export { type ResponseProxyAddress, responseProxyAt } from './response-proxy.ts';
export { PRIVATE_PATTERNS, randomBelow, type SessionAddresses, sessionAddresses } from './session-addresses.ts';
export { socketError } from './socket-error.ts';
