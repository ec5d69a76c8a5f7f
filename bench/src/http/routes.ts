/** Those that every application of the benchmark has, and that are measured. */
export const ROUTES = ['plain', 'read', 'write'] as const;
export type Route = (typeof ROUTES)[number];
