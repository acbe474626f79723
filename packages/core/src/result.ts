import { type Rejection, type RejectionCode, rejectionOf } from "./rejection.ts";

/** What a check answers: the value, or why it was refused. Bugs throw; remote misbehaviour never does. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly rejection: Rejection };

export function accept<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function refuse(code: RejectionCode, detail?: string): { readonly ok: false; readonly rejection: Rejection } {
  return { ok: false, rejection: rejectionOf(code, detail) };
}
