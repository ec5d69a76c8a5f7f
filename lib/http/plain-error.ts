import { STATUS_CODES } from 'node:http';

/** What a client sees of an error that nobody turned into a page: no more than its status. */
export interface PlainError {
  readonly statusCode: number;
  readonly message: string;
}

/** The shape is that of Nest's own answer to an error that it does not know. */
export function plainErrorOf(error: unknown): PlainError {
  const { statusCode = 500 } = (error ?? {}) as { statusCode?: number };
  return {
    statusCode,
    message: statusCode === 500 ? 'Internal server error' : STATUS_CODES[statusCode]!,
  };
}
