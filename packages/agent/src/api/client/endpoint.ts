/** An agent's address, as a person writes it and as it is dialled. */
export interface Endpoint {
  readonly text: string;
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

/** `https://host:port`, `http://host:port` on loopback, or `host[:port]`, which is TLS on 8080. Throws a TypeError that names the text. */
export function parseEndpoint(text: string): Endpoint {
  const url = urlFrom(text);
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:") || url.hostname === "") {
    throw new TypeError(`${text} is not an agent's address: write https://HOST:PORT or HOST:PORT`);
  }
  if (url.username !== "" || url.password !== "") throw new TypeError("an agent's address holds no user or password");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw new TypeError(`${text} has more than a host and a port`);
  }
  const isTls = url.protocol === "https:";
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  if (!isTls && !isLoopbackHost(host)) {
    throw new TypeError(`${text} is plain HTTP to another host, where anybody could read the token: use https://`);
  }
  const port = Number(/:(\d+)$/.exec(text.replace(/\/$/, ""))?.[1] ?? DEFAULT_PORT);
  return { text: `${url.protocol}//${url.hostname}:${port}`, host, port, isTls };
}

export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

const DEFAULT_PORT = 8080;

function urlFrom(text: string): URL | undefined {
  try {
    return new URL(/^[a-z]+:\/\//.test(text) ? text : `https://${text}`);
  } catch {
    return undefined;
  }
}
