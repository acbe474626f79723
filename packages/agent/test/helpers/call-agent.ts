import { createClient } from "../../src/api/client.ts";

/** Run inside a namespace: one client method on an agent, named and answered as JSON. */
interface CallRequest {
  readonly endpoint: string;
  readonly fingerprint: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const request = JSON.parse(Buffer.concat(chunks).toString("utf8")) as CallRequest;
const { clientId, clientSecret } = request;
const client = createClient({
  endpoints: [request.endpoint],
  trust: { type: "fingerprints", sha256: [request.fingerprint] },
  ...(clientId === undefined || clientSecret === undefined
    ? {}
    : { auth: { type: "credentials" as const, clientId, clientSecret } }),
});
const methods = client as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
try {
  process.stdout.write(JSON.stringify({ value: await methods[request.method]?.(...request.args) }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: String(error) }));
}
client.close();
