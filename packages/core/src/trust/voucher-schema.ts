import * as z from "zod";
import { complaintOfVoucher, type Voucher } from "./voucher.ts";

/** A voucher, for those who compose it into schemas of their own. Judges the shape alone. */
export const voucherSchema = z.custom<Voucher>().check((context) => {
  const complaint = complaintOfVoucher(context.value);
  if (complaint !== undefined) context.issues.push({ code: "custom", input: context.value, message: complaint });
});
