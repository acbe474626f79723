import type { Plan, Step } from "./plan.ts";

/** One step in one line. */
export function stepText(step: Step): string {
  switch (step.type) {
    case "bootstrap":
      return step.role === "founder"
        ? `bootstrap ${step.peer} at ${step.address}: the first peer of the cluster`
        : `bootstrap ${step.peer} at ${step.address}`;
    case "add":
      return `add ${step.peer} at ${step.address} to the cluster`;
    case "update_peer":
      return `update peer ${step.peer}: ${step.differs.join(", ")}`;
    case "create_service":
      return `create service ${step.service.name}: ${step.service.source_peer} to ${step.service.target_peer}`;
    case "update_service":
      return `update service ${step.service.name}: ${step.differs.join(", ")}`;
    case "delete_service":
      return step.why === "moved"
        ? `delete service ${step.name} (${step.id}): it is made anew on another source peer`
        : `delete service ${step.name} (${step.id}): the file does not name it`;
  }
}

export function planText(plan: Plan): string {
  const steps =
    plan.steps.length === 0
      ? ["Nothing to do: the cluster is as the file says."]
      : plan.steps.map((step, index) => `${String(index + 1).padStart(3)}. ${stepText(step)}`);
  const away = plan.unreachable.map(({ peer, reason }) => `  !  ${peer} is out of reach: ${reason}`);
  return [...steps, ...away].join("\n");
}

/** The plan for a program. */
export function planValue(plan: Plan) {
  return {
    equal: plan.steps.length === 0 && plan.unreachable.length === 0,
    steps: plan.steps.map((step) => ({ type: step.type, text: stepText(step) })),
    unreachable: plan.unreachable,
    unlisted_services: plan.unlisted,
  };
}
