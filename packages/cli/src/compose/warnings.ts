import type { Plan } from "./plan.ts";
import type { Compose } from "./schema.ts";

/** What is allowed in a file and is hardly meant. Pure. */
export function fileWarnings(compose: Compose): string[] {
  const { features } = compose.server ?? {};
  const reserved = Object.entries(features ?? {}).filter(([, isOn]) => isOn === true);
  return [
    ...reserved.map(([name]) => `server.features.${name} is reserved and does nothing yet`),
    ...repeatedRoutes(compose),
  ];
}

/** What the cluster has beyond the file. */
export function planWarnings(plan: Plan): string[] {
  return plan.unlisted.map(({ name, id }) => `the service ${name} (${id}) is not in the file`);
}

/** Routes that match the same traffic at the same source: the service with the older id gets it all. */
function repeatedRoutes({ services }: Compose): string[] {
  const seen = new Map<string, string>();
  return services.flatMap(({ name, source_peer, routes }) =>
    routes.flatMap((route) => {
      const text = `${route.source_cidr ?? "any"} to ${route.dest_cidr ?? "any"}, priority ${route.priority}`;
      const key = `${source_peer} ${text}`;
      const first = seen.get(key);
      if (first === undefined) {
        seen.set(key, name);
        return [];
      }
      const where = first === name ? `${name} has it twice` : `${first} and ${name} both have it at ${source_peer}`;
      return [`the route ${text}: ${where}`];
    }),
  );
}
