import { Failure } from "../../src/failure.ts";

/** The Failure with which it ends; any other end is the test's failure. */
export function failureOf(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
