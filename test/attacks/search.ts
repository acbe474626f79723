import { type Message, type Name, nameOf, type Protocol, type Session } from "./protocol.ts";

/** What went wrong, and the messages that led there. */
export interface Attack {
  readonly goal: "replay" | "relay" | "misdirection" | "reflection" | "impersonation";
  readonly trace: readonly string[];
}

export interface Found {
  readonly states: number;
  readonly deliveries: number;
  readonly attacks: readonly Attack[];
  /** How many sessions were finished rightly, in all traces: a protocol that nobody finishes has no attacks, either. */
  readonly rightEndings: number;
}

interface State {
  readonly sessions: readonly Session[];
  readonly known: readonly Message[];
  readonly trace: readonly string[];
}

/**
 * Two sessions a role: alice dials bob and mallory, bob answers twice, alice answers once, each on a connection of its
 * own but for the one that alice's call to bob truly reached.
 */
const SESSIONS: readonly Pick<Session, "id" | "who" | "role" | "intends" | "channel">[] = [
  { id: "alice calls bob", who: "alice", role: "initiator", intends: "bob", channel: "one" },
  { id: "alice calls mallory", who: "alice", role: "initiator", intends: "mallory", channel: "two" },
  { id: "bob answers", who: "bob", role: "responder", intends: undefined, channel: "one" },
  { id: "bob answers again", who: "bob", role: "responder", intends: undefined, channel: "three" },
  { id: "alice answers", who: "alice", role: "responder", intends: undefined, channel: "four" },
];

/**
 * Every order of every message that the attacker knows, can change in one field, or can make with its own key, on every
 * connection (Dolev and Yao, 1983): replay, forward, reflect, splice and substitute are all among them. Breadth first, so
 * that what is found is short.
 */
export function search(protocol: Protocol, mostStates: number): Found {
  const opened = SESSIONS.map((start) =>
    protocol.open({ ...start, expects: undefined, memory: {}, belief: undefined }),
  );
  const first: State = {
    sessions: opened.map(({ session }) => session),
    known: opened.flatMap(({ send }) => send ?? []),
    trace: [],
  };
  const seen = new Set([keyOf(first)]);
  const queue = [first];
  const attacks = new Map<string, Attack>();
  let [deliveries, rightEndings] = [0, 0];
  for (let state = queue.shift(); state !== undefined && seen.size < mostStates; state = queue.shift()) {
    for (const [index, session] of state.sessions.entries()) {
      if (session.expects === undefined) continue;
      for (const message of candidates(protocol, session, state.known)) {
        deliveries += 1;
        const step = protocol.receive(session, message);
        if (step === undefined) continue;
        const sessions = state.sessions.with(index, step.session);
        const isNew = step.send !== undefined && !state.known.some((known) => isEqual(known, step.send as Message));
        const known = isNew && step.send !== undefined ? [...state.known, step.send] : state.known;
        const next = { sessions, known, trace: [...state.trace, `${message.type} → ${session.id}`] };
        const goal = step.session.belief === undefined ? undefined : judge(step.session, sessions);
        if (goal === "right") rightEndings += 1;
        else if (goal !== undefined) {
          if (!attacks.has(goal)) attacks.set(goal, { goal, trace: next.trace });
          continue;
        }
        const key = keyOf(next);
        if (seen.has(key)) continue;
        seen.add(key);
        queue.push(next);
      }
    }
  }
  return { states: seen.size, deliveries, attacks: [...attacks.values()], rightEndings };
}

function candidates(protocol: Protocol, session: Session, known: readonly Message[]): Message[] {
  const fitting = known.filter(({ type }) => type === session.expects);
  const changed = fitting.flatMap((message) =>
    Object.keys(message.fields).flatMap((field) => {
      const values = new Set(known.flatMap(({ fields }) => fields[field] ?? []));
      return [...values].map((value) => ({ ...message, fields: { ...message.fields, [field]: value } }));
    }),
  );
  // A signature made for one message, in another.
  const signatures = known.flatMap(({ fields }) => fields.signature ?? []);
  const loose =
    session.expects === "proof" ? signatures.map((signature) => ({ type: "proof", fields: { signature } })) : [];
  const all = [...fitting, ...changed, ...loose, ...protocol.craft(session, known)];
  return [...new Map(all.map((message) => [JSON.stringify(message), message])).values()];
}

/** Whether a session that has just finished is right to believe what it believes. */
function judge(done: Session, sessions: readonly Session[]): Attack["goal"] | "right" | undefined {
  const { belief } = done;
  const peer = nameOf(belief?.peer ?? "");
  if (belief === undefined) return undefined;
  if (peer === done.who) return "reflection";
  if (peer === "mallory" || peer === undefined) return undefined;
  const twins = sessions.filter((other) => other !== done && other.who === done.who && isSameBelief(other, done));
  if (twins.length > 0) return "replay";
  const partners = sessions.filter(
    (other) => other.who === peer && other.role !== done.role && isPartOf(other, belief.challenges),
  );
  if (partners.some((other) => other.channel === done.channel && isMeant(other, done.who))) return "right";
  if (partners.some((other) => !isMeant(other, done.who))) return "misdirection";
  return partners.length > 0 ? "relay" : "impersonation";
}

function isSameBelief(a: Session, b: Session): boolean {
  return a.role === b.role && a.belief !== undefined && JSON.stringify(a.belief) === JSON.stringify(b.belief);
}

/** True where a session took part in the run that these challenges name: it is its own that comes first, or it heard it. */
function isPartOf(session: Session, challenges: readonly string[]): boolean {
  const texts = JSON.stringify([session.belief, session.memory, session.role === "initiator" ? challenges[0] : ""]);
  return challenges.slice(0, 1).every((challenge) => texts.includes(challenge));
}

function isMeant(session: Session, who: Name): boolean {
  return session.role === "responder" || session.intends === who;
}

function isEqual(a: Message, b: Message): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function keyOf({ sessions, known }: State): string {
  const what = sessions.map(({ expects, memory, belief }) => ({ expects, memory, belief }));
  return JSON.stringify([what, known.map((message) => JSON.stringify(message)).sort()]);
}
