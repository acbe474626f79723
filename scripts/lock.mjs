import { addressesTakenOut } from "./house-rules.mjs";
import { main, note } from "./say.mjs";

/** `npm run lock`: takes out of package-lock.json what `npm install` wrote into it and no installation needs. */
await main(async () => {
  note(addressesTakenOut() ? "package-lock.json holds no address any more" : "package-lock.json held no address");
  return 0;
});
