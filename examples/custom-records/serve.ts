import { readFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { issueDemoLicense } from "./authority.ts";

export interface Serving {
  /** Without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

interface Content {
  readonly type: string;
  readonly body: string;
}

const HOST = "127.0.0.1";
const HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
};

/** Bundles the page and serves it on this host alone. Port 0 takes any that is free. Fails where the port is taken. */
export async function serveNotes(port: number): Promise<Serving> {
  const { style, script } = await bundlePage();
  const contentByPath = new Map<string, Content>([
    ["/", { type: "text/html; charset=utf-8", body: await readFile(pathOf("index.html"), "utf8") }],
    ["/page.css", { type: "text/css; charset=utf-8", body: style }],
    ["/page.js", { type: "text/javascript; charset=utf-8", body: script }],
    ["/license.json", { type: "application/json", body: JSON.stringify(issueDemoLicense(Date.now())) }],
  ]);
  const server = createServer((request, response) => {
    // A name that was made to point here would be another origin, with pages that these pages cannot see.
    const isForUs = request.headers.host === hostOf(server);
    const { pathname } = new URL(request.url ?? "/", "http://page");
    const isRead = request.method === "GET" || request.method === "HEAD";
    const content = isForUs && isRead ? contentByPath.get(pathname) : undefined;
    answer(response, content);
  });
  await listen(server, port);
  return { url: `http://${hostOf(server)}`, close: () => close(server) };
}

/** The page's styles and scripts, with the core that they import: one file of each for a browser. */
async function bundlePage(): Promise<{ readonly style: string; readonly script: string }> {
  const { outputFiles } = await build({
    entryPoints: [pathOf("page.css"), pathOf("main.ts")],
    outdir: "bundle",
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["arctic-source"],
    minify: true,
    logLevel: "silent",
  });
  const [style, script] = [".css", ".js"].map((ending) => outputFiles.find(({ path }) => path.endsWith(ending))?.text);
  if (style === undefined || script === undefined) throw new Error("esbuild did not make a style and a script");
  return { style, script };
}

function answer(response: ServerResponse, content: Content | undefined): void {
  if (content === undefined) response.writeHead(404, HEADERS).end("There is nothing here.\n");
  else response.writeHead(200, { ...HEADERS, "Content-Type": content.type }).end(content.body);
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`page/${name}`, import.meta.url));
}

function hostOf(server: Server): string {
  return `${HOST}:${(server.address() as AddressInfo).port}`;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
