export type {} from '@uftp/protocol';
