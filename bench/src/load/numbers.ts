/** In each session of the load run: one is incremented, the others are set. */
export interface Numbers {
  counter: number;
  left: number;
  right: number;
}

export const NUMBERS = ['counter', 'left', 'right'] as const satisfies (keyof Numbers)[];

/** What stands for a number of a session that is not there any more. */
export const GONE = -1;
