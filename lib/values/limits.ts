/** How deep a value may nest. Far below what overflows the stack, far above what a session needs. */
export const MAX_DEPTH = 100;

/** How many values (objects, list elements, fields) one stored value may hold. */
export const MAX_NODES = 100_000;

/** The most bytes of one buffer or typed array: a session is no file store. */
export const MAX_BINARY_BYTES = 16 * 1024 * 1024;

/**
 * How deep decoding goes. One level of a value takes up to two levels here (an escape around a
 * tag); what lies deeper was not written by this library.
 */
export const MAX_DECODE_DEPTH = 3 * MAX_DEPTH;
