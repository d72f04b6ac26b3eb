export * from './ports.ts';
export * from './session.ts';
