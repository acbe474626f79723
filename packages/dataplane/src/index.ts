export { CONNECT_OUTCOMES } from "./connect-outcomes.ts";
export { connectDataplane, type DataplaneClient } from "./control-client.ts";
export { ControlError } from "./control-protocol.ts";
export type { ObservedChange } from "./observed-change.ts";
export {
  type DataplaneIdentity,
  dataplaneIdentitySchema,
  type NetworkPlan,
  networkPlanSchema,
  type Observation,
  observationSchema,
  type PlanPeer,
  type PlanRoute,
  type PlanService,
  type ServiceObservation,
} from "./plan.ts";
