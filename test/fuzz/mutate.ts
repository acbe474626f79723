import type { Random } from "../simulation/random.ts";

const ODD_NUMBERS = ["-0", "1e400", "9007199254740993", "1.5", "-1", "0x10", "1e3", "NaN", "00", "2147483648"];
const ODD_TEXTS = [
  '"__proto__"',
  '"\\ud800"',
  '"\\u0000"',
  '"constructor"',
  "null",
  "true",
  "[]",
  "{}",
  '""',
  '"é́"',
  '{"__proto__":{"isAdmin":true}}',
];

/** A text that is a little, or very, wrong. */
export function mutated(text: string, corpus: readonly string[], random: Random): string {
  let result = text;
  const rounds = 1 + Math.floor(random.next() * 3);
  for (let round = 0; round < rounds; round += 1) result = mutateOnce(result, corpus, random);
  return result;
}

function mutateOnce(text: string, corpus: readonly string[], random: Random): string {
  const at = Math.floor(random.next() * (text.length + 1));
  switch (Math.floor(random.next() * 13)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + String.fromCharCode(Math.floor(random.next() * 256)) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + String.fromCharCode(Math.floor(random.next() * 0x10000)) + text.slice(at);
    case 3:
      return spliced(text, random.pick(corpus) ?? "", random);
    case 4:
      return text.replace(/-?\d+/, () => random.pick(ODD_NUMBERS) ?? "0");
    case 5:
      return replacedAt(text, /-?\d+/g, random.pick(ODD_NUMBERS) ?? "0", random);
    case 6:
      return replacedAt(text, /"[^"]{0,200}"/g, random.pick(ODD_TEXTS) ?? "null", random);
    case 7:
      return doubledMember(text, random);
    case 8:
      return replacedAt(text, /"[^"]{1,40}":/g, '"unknown":', random);
    case 9:
      return text.slice(0, at) + "[".repeat(1 + Math.floor(random.next() * 40)) + text.slice(at);
    case 10:
      return replacedAt(text, /[A-Za-z0-9_-]{43,86}/g, swapped(random.pick(corpus) ?? "", random), random);
    case 11:
      return replacedAt(text, /"(deleted|body|signature|version|owner|id|key|kind)":[^,{}[\]]*,?/g, "", random);
    default:
      return text.slice(0, at) + "x".repeat(Math.floor(random.next() ** 4 * 200_000)) + text.slice(at);
  }
}

function spliced(a: string, b: string, random: Random): string {
  return a.slice(0, Math.floor(random.next() * a.length)) + b.slice(Math.floor(random.next() * b.length));
}

/** One of the places that match, at random, with something else in it. */
function replacedAt(text: string, pattern: RegExp, by: string, random: Random): string {
  const place = random.pick([...text.slice(0, 20_000).matchAll(pattern)]);
  return place === undefined ? text : text.slice(0, place.index) + by + text.slice(place.index + place[0].length);
}

/** A member twice: two readers could see two things. */
function doubledMember(text: string, random: Random): string {
  const place = random.pick([...text.slice(0, 20_000).matchAll(/"[a-z_]+":("[^"]*"|\d+)/g)]);
  if (place === undefined) return text;
  return `${text.slice(0, place.index)}${place[0]},${text.slice(place.index)}`;
}

/** A key or a signature from elsewhere. */
function swapped(other: string, random: Random): string {
  return random.pick([...other.slice(0, 20_000).matchAll(/[A-Za-z0-9_-]{43,86}/g)])?.[0] ?? "A".repeat(86);
}
